// Waiting: sleep, poll with time-outs and descriptors, clocks.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(void) {
  long long start = now_ns(CLOCK_MONOTONIC);
  struct timespec pause = {0, 20000000};
  printf("sleep %d\n", nanosleep(&pause, NULL));
  long long slept = now_ns(CLOCK_MONOTONIC) - start;
  printf("slept long enough: %d\n", slept >= 20000000);

  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += 10000000;
  if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
  printf("sleep until %d\n", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL));
  struct timespec reached;
  clock_gettime(CLOCK_MONOTONIC, &reached);
  printf("reached: %d\n", reached.tv_sec > until.tv_sec || (reached.tv_sec == until.tv_sec && reached.tv_nsec >= until.tv_nsec));

  long long wall = now_ns(CLOCK_REALTIME);
  printf("wall clock after 2020: %d\n", wall > 1577836800000000000LL);
  printf("yield %d\n", sched_yield());

  struct pollfd out = {.fd = 1, .events = POLLOUT};
  printf("poll out %d\n", poll(&out, 1, 1000));
  int fd = open("/file", O_RDWR | O_CREAT, 0644);
  struct pollfd file = {.fd = fd, .events = POLLIN};
  printf("poll file %d\n", poll(&file, 1, 1000));
  close(fd);

  struct pollfd in = {.fd = 0, .events = POLLIN};
  char buffer[100];
  int total = 0;
  for (;;) {
    int ready = poll(&in, 1, 60000);
    if (ready != 1) {
      printf("poll in %d\n", ready);
      break;
    }
    long count = read(0, buffer, sizeof buffer);
    if (count <= 0) {
      printf("end %ld\n", count);
      break;
    }
    total += count;
  }
  printf("read %d\n", total);
  return 0;
}
