/* Primes below n, again and again: nested loops with a byte store in the innermost. */
static unsigned char composite[1 << 20];

int run(int rounds) {
  const int limit = sizeof composite;
  int count = 0;
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < limit; i++) composite[i] = 0;
    for (int i = 2; i * i < limit; i++) {
      if (composite[i]) continue;
      for (int j = i * i; j < limit; j += i) composite[j] = 1;
    }
    count = 0;
    for (int i = 2; i < limit; i++) count += !composite[i];
  }
  return count;
}
