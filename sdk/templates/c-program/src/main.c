#include "primes.h"
#include <stdio.h>

// Finds primes for ever, and prints some: stop it, keep it, move it while it computes.
int main(void) {
  for (uint32_t number = 2;; number++) {
    if (is_prime(number) && number % 1000 < 20) {
      printf("%u\n", number);
      fflush(stdout);
    }
  }
}
