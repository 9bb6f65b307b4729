/* Hashes generated data with SHA-256 (FIPS 180-4): an empty message, "abc", and streams of growing length. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

typedef struct {
  uint32_t state[8];
  uint8_t block[64];
  uint64_t length;
} sha256;

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void compress(sha256 *hash) {
  uint32_t w[64], s[8];
  for (int i = 0; i < 16; i++) {
    const uint8_t *p = hash->block + 4 * i;
    w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
  }
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
  }
  memcpy(s, hash->state, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t e = s[4], a = s[0];
    uint32_t t1 = s[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + K[i] + w[i];
    uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof *s);
    s[0] = t1 + t2;
    s[4] += t1;
  }
  for (int i = 0; i < 8; i++) hash->state[i] += s[i];
}

static void start(sha256 *hash) {
  static const uint32_t INITIAL[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memcpy(hash->state, INITIAL, sizeof INITIAL);
  hash->length = 0;
}

static void add(sha256 *hash, uint8_t byte) {
  hash->block[hash->length++ % 64] = byte;
  if (hash->length % 64 == 0) compress(hash);
}

static void finish(sha256 *hash) {
  uint64_t bits = hash->length * 8;
  add(hash, 0x80);
  while (hash->length % 64 != 56) add(hash, 0);
  for (int shift = 56; shift >= 0; shift -= 8) add(hash, (uint8_t)(bits >> shift));
}

static void print_hash(const char *label, const sha256 *hash) {
  printf("%-8s ", label);
  for (int i = 0; i < 8; i++) printf("%08x", hash->state[i]);
  printf("\n");
}

int main(int argc, char **argv) {
  unsigned largest = argc > 1 ? (unsigned)atoi(argv[1]) : 200000;
  sha256 hash;
  start(&hash);
  finish(&hash);
  print_hash("empty", &hash);
  start(&hash);
  for (const char *p = "abc"; *p; p++) add(&hash, (uint8_t)*p);
  finish(&hash);
  print_hash("abc", &hash);
  for (unsigned length = 100; length <= largest; length *= 5) {
    uint32_t seed = length;
    char label[16];
    start(&hash);
    for (unsigned i = 0; i < length; i++) add(&hash, (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24));
    finish(&hash);
    snprintf(label, sizeof label, "%u", length);
    print_hash(label, &hash);
  }
  return 0;
}
