#include <stdint.h>
#include <stdio.h>

// Prints primes for ever: stop it, keep it, move it while it computes.
int main(void) {
  for (uint32_t number = 2;; number++) {
    uint32_t divisor = 2;
    while (divisor * divisor <= number && number % divisor != 0) divisor++;
    if (divisor * divisor > number && number % 1000 < 20) {
      printf("%u\n", number);
      fflush(stdout);
    }
  }
}
