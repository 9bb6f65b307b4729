/*
 * Prints digits of pi as it finds them, by the spigot of Rabinowitz and Wagon in base 10,000.
 *
 *   pi [DIGITS]     DIGITS is rounded up to a multiple of 4; 40 digits make a line
 *
 * The work per digit falls as the end comes near: the total is quadratic in DIGITS.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  BASE = 10000,
  DIGITS_PER_CHUNK = 4,
  TERMS_PER_CHUNK = 14,
  CHUNKS_PER_LINE = 10,
  DEFAULT_DIGITS = 64000,
  MAX_DIGITS = 1000000
};

static uint32_t *terms;

/* Multiplies the mixed-radix number in `terms` by BASE and takes off its whole part. */
static uint32_t next_chunk(uint32_t count) {
  uint64_t carry = 0;
  for (uint32_t i = count; i > 1; i--) {
    uint64_t value = (uint64_t)terms[i - 1] * BASE + carry * i;
    uint32_t radix = 2 * i - 1;
    terms[i - 1] = (uint32_t)(value % radix);
    carry = value / radix;
  }
  uint64_t value = (uint64_t)terms[0] * BASE + carry;
  terms[0] = (uint32_t)(value % BASE);
  return (uint32_t)(value / BASE);
}

static uint32_t printed;

static void print_chunk(uint32_t chunk) {
  if (printed == 0) {
    printf("%" PRIu32 ".\n", chunk);
  } else {
    printf("%04" PRIu32 "%s", chunk, printed % CHUNKS_PER_LINE == 0 ? "\n" : " ");
  }
  printed++;
}

int main(int argc, char **argv) {
  long digits = argc > 1 ? strtol(argv[1], NULL, 10) : DEFAULT_DIGITS;
  if (digits < 1 || digits > MAX_DIGITS) {
    fprintf(stderr, "pi: DIGITS must be from 1 to %d\n", MAX_DIGITS);
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);

  /* The whole part is a chunk too, and a chunk is printed only when the next one shows that no carry will reach it. */
  uint32_t wanted = (uint32_t)((digits + DIGITS_PER_CHUNK - 1) / DIGITS_PER_CHUNK) + 1;
  uint32_t count = (wanted + 2) * TERMS_PER_CHUNK;
  terms = malloc(count * sizeof *terms);
  if (terms == NULL) {
    fprintf(stderr, "pi: out of memory\n");
    return 1;
  }
  for (uint32_t i = 0; i < count; i++) terms[i] = 2;

  uint32_t held = next_chunk(count);
  uint32_t nines = 0;
  while (printed < wanted) {
    count -= count > TERMS_PER_CHUNK ? TERMS_PER_CHUNK : 0;
    uint32_t chunk = next_chunk(count);
    if (chunk == BASE - 1) {
      nines++;
      continue;
    }
    uint32_t carry = chunk >= BASE;
    print_chunk(held + carry);
    for (; nines > 0; nines--) {
      if (printed < wanted) print_chunk(carry ? 0 : BASE - 1);
    }
    held = chunk - carry * BASE;
  }
  if ((printed - 1) % CHUNKS_PER_LINE != 0) printf("\n");
  free(terms);
  return 0;
}
