/*
 * Recurses deeply through function pointers and says at every turning point how far it is.
 *
 *   recursion [DEPTH] [ROUNDS] [WORK]
 *
 * Each step is chosen by a table of functions, so that the stack holds a mixture of direct and indirect calls,
 * with values of the caller that are needed after the call returns. WORK is how often each step stirs its number before
 * it goes deeper: with much work the program is rarely anywhere but deep in its stack.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_DEPTH = 1000, DEFAULT_ROUNDS = 5, DEFAULT_WORK = 0, MAX_DEPTH = 8000 };

typedef uint64_t step_fn(uint32_t depth, uint64_t seed);

static step_fn add_step, mix_step, fork_step, down_step;

static step_fn *const STEPS[] = {add_step, mix_step, fork_step, down_step};

static uint32_t deepest;
static long work;

static uint64_t descend(uint32_t depth, uint64_t seed) {
  if (depth > deepest) deepest = depth;
  for (long i = 0; i < work; i++) seed = (seed ^ seed >> 29) * 0xbf58476d1ce4e5b9u;
  return STEPS[(seed >> 7) % (sizeof STEPS / sizeof *STEPS)](depth, seed * 6364136223846793005u + 1442695040888963407u);
}

static uint32_t limit;

static uint64_t bottom(uint32_t depth, uint64_t seed) {
  printf("  turning at depth %" PRIu32 " with %016" PRIx64 "\n", depth, seed);
  return seed;
}

static uint64_t add_step(uint32_t depth, uint64_t seed) {
  if (depth >= limit) return bottom(depth, seed);
  uint64_t kept = seed ^ depth;
  return descend(depth + 1, seed) + kept;
}

static uint64_t mix_step(uint32_t depth, uint64_t seed) {
  if (depth >= limit) return bottom(depth, seed);
  uint64_t below = descend(depth + 1, seed);
  return (below << 13 | below >> 51) ^ seed;
}

/* Every hundredth level also makes a short trip down and back before the long one. */
static uint64_t fork_step(uint32_t depth, uint64_t seed) {
  if (depth >= limit) return bottom(depth, seed);
  if (depth % 100 != 0 || limit - depth < 20) return descend(depth + 1, seed) - depth;
  uint32_t whole = limit;
  limit = depth + 10;
  uint64_t aside = descend(depth + 1, seed);
  limit = whole;
  return aside ^ descend(depth + 1, seed);
}

static uint64_t down_step(uint32_t depth, uint64_t seed) {
  if (depth >= limit) return bottom(depth, seed);
  double half = (double)(seed >> 40) / 2;
  return descend(depth + 1, seed) + (uint64_t)half;
}

int main(int argc, char **argv) {
  long depth = argc > 1 ? strtol(argv[1], NULL, 10) : DEFAULT_DEPTH;
  long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : DEFAULT_ROUNDS;
  work = argc > 3 ? strtol(argv[3], NULL, 10) : DEFAULT_WORK;
  if (depth < 1 || depth > MAX_DEPTH || rounds < 1 || work < 0) {
    fprintf(stderr, "recursion: DEPTH must be from 1 to %d, ROUNDS at least 1, WORK at least 0\n", MAX_DEPTH);
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  uint64_t sum = 1;
  for (long round = 1; round <= rounds; round++) {
    limit = (uint32_t)depth;
    printf("round %ld of %ld\n", round, rounds);
    sum = descend(0, sum + (uint64_t)round);
    printf("round %ld gave %016" PRIx64 "\n", round, sum);
  }
  printf("deepest %" PRIu32 "\n", deepest);
  return 0;
}
