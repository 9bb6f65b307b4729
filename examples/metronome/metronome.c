/*
 * Waits and counts: a program that mostly sleeps.
 *
 *   metronome [BEATS] [MILLISECONDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DEFAULT_BEATS = 4, DEFAULT_PAUSE_MS = 250 };

int main(int argc, char **argv) {
  long beats = argc > 1 ? strtol(argv[1], NULL, 10) : DEFAULT_BEATS;
  long pause_ms = argc > 2 ? strtol(argv[2], NULL, 10) : DEFAULT_PAUSE_MS;
  if (beats < 1 || pause_ms < 0) {
    fprintf(stderr, "metronome: BEATS must be at least 1, MILLISECONDS at least 0\n");
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000};
  for (long beat = 1; beat <= beats; beat++) {
    printf("beat %ld of %ld\n", beat, beats);
    nanosleep(&pause, NULL);
  }
  return 0;
}
