#include "../src/primes.h"
#include <assert.h>
#include <pluvio.h>

// `npx pluvio test` runs each function test_… in the sandbox.

PLUVIO_EXPORT(test_small_numbers) void test_small_numbers(void) {
  assert(!is_prime(0) && !is_prime(1));
  assert(is_prime(2) && is_prime(3) && !is_prime(4));
}

PLUVIO_EXPORT(test_squares_of_primes) void test_squares_of_primes(void) {
  assert(!is_prime(49));
  assert(!is_prime(65521u * 65521u));
}
