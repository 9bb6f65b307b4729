#include "primes.h"
#include <stdio.h>

// Prints primes for ever: stop it, keep it, move it while it computes.
int main(void) {
  for (uint32_t number = 2;; number++) {
    if (is_prime(number) && number % 1000 < 20) {
      printf("%u\n", number);
      fflush(stdout);
    }
  }
}
