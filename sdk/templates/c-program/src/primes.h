#pragma once
#include <stdbool.h>
#include <stdint.h>

static inline bool is_prime(uint32_t number) {
  if (number < 2) return false;
  uint32_t divisor = 2;
  while (divisor * divisor <= number && number % divisor != 0) divisor++;
  return divisor * divisor > number;
}
