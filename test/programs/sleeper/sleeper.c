/* Sleeps in steps and counts them aloud; by the monotonic clock at least half of each step must have passed. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv) {
  int steps = argc > 1 ? atoi(argv[1]) : 5, step_ms = argc > 2 ? atoi(argv[2]) : 20;
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 1; i <= steps; i++) {
    long long before = now_ns();
    struct timespec pause = {step_ms / 1000, step_ms % 1000 * 1000000L};
    if (nanosleep(&pause, NULL) != 0) {
      perror("sleeper");
      return 1;
    }
    long long slept = now_ns() - before;
    printf("step %d of %d: %s\n", i, steps, slept * 2 >= step_ms * 1000000LL ? "slept" : "woke too early");
  }
  return 0;
}
