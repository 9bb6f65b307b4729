/* Counts primes with a sieve of bits and prints the count at every tenth of the way. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  uint32_t limit = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
  uint8_t *composite = calloc(limit / 16 + 1, 1);
  for (uint32_t n = 3; (uint64_t)n * n <= limit; n += 2) {
    if (composite[n >> 4] >> (n >> 1 & 7) & 1) continue;
    for (uint32_t m = n * n; m <= limit; m += 2 * n) composite[m >> 4] |= (uint8_t)(1 << (m >> 1 & 7));
  }
  uint32_t count = limit >= 2, tenth = limit / 10;
  for (uint32_t n = 3, mark = tenth; n <= limit; n += 2) {
    count += !(composite[n >> 4] >> (n >> 1 & 7) & 1);
    if (n + 2 > mark) {
      printf("up to %u: %u primes\n", mark, count);
      mark += tenth;
    }
  }
  free(composite);
  return 0;
}
