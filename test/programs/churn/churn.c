/* Allocates, grows and frees blocks of many sizes; every block is checked when it goes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 300, STEPS = 20000 };

typedef struct {
  uint8_t *bytes;
  size_t length;
  uint8_t mark;
} block;

static uint32_t seed = 7;

static uint32_t random_below(uint32_t bound) { return (seed = seed * 1664525 + 1013904223) / 65536 % bound; }

static unsigned damaged;

static void check(const block *b) {
  for (size_t i = 0; i < b->length; i += 61) damaged += b->bytes[i] != b->mark;
}

int main(void) {
  static block blocks[SLOTS];
  size_t live = 0, peak = 0;
  unsigned made = 0, grown = 0, freed = 0;
  for (int step = 1; step <= STEPS; step++) {
    block *b = &blocks[random_below(SLOTS)];
    if (b->bytes == NULL) {
      b->length = 1 + random_below(random_below(20) == 0 ? 30000 : 500);
      b->mark = (uint8_t)step;
      b->bytes = malloc(b->length);
      memset(b->bytes, b->mark, b->length);
      live += b->length, made++;
    } else if (random_below(3) == 0) {
      size_t longer = b->length + random_below(1000);
      check(b);
      b->bytes = realloc(b->bytes, longer);
      memset(b->bytes + b->length, b->mark, longer - b->length);
      live += longer - b->length, b->length = longer, grown++;
    } else {
      check(b);
      free(b->bytes);
      live -= b->length, b->bytes = NULL, freed++;
    }
    if (live > peak) peak = live;
    if (step % (STEPS / 5) == 0) printf("step %d: %zu bytes live, peak %zu\n", step, live, peak);
  }
  printf("%u made, %u grown, %u freed, %u damaged\n", made, grown, freed, damaged);
  return 0;
}
