/* Compresses generated text with a hash-chained LZ77, expands it again and compares. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 4096, HASHES = 4096, LONGEST = 66, SHORTEST = 3, TRIES = 16 };

static const char *const WORDS[] = {"rain", "falls", "on", "the", "cloud", "of", "small", "machines",
                                    "and", "runs", "down", "a", "wire", "to", "sea", "again"};

static size_t generate(uint8_t *out, size_t capacity, uint32_t seed) {
  size_t length = 0;
  while (length + 16 < capacity) {
    seed = seed * 1664525 + 1013904223;
    const char *word = WORDS[seed >> 28];
    size_t n = strlen(word);
    memcpy(out + length, word, n);
    length += n;
    out[length++] = seed >> 20 & 15 ? ' ' : '\n';
    if ((seed >> 8 & 31) == 0) length += (size_t)sprintf((char *)out + length, "%u ", seed >> 16);
  }
  return length;
}

static uint32_t hash(const uint8_t *p) { return (p[0] * 2654435761u ^ p[1] * 40503u ^ p[2] * 69069u) % HASHES; }

/* A flag byte announces eight items: a set bit a match of 12 bits distance and 4 + bits length, a clear one a byte. */
static size_t compress(const uint8_t *in, size_t length, uint8_t *out) {
  static int32_t head[HASHES], previous[WINDOW];
  memset(head, -1, sizeof head);
  size_t written = 0, flags = 0;
  int item = 8;
  for (size_t at = 0; at < length;) {
    if (item == 8) out[flags = written++] = 0, item = 0;
    size_t best = 0, distance = 0;
    if (at + SHORTEST <= length) {
      int32_t candidate = head[hash(in + at)];
      for (int tries = 0; tries < TRIES && candidate >= 0 && at - (size_t)candidate < WINDOW; tries++) {
        size_t n = 0;
        while (n < LONGEST && at + n < length && in[candidate + n] == in[at + n]) n++;
        if (n > best) best = n, distance = at - (size_t)candidate;
        candidate = previous[candidate % WINDOW];
      }
    }
    size_t step = best >= SHORTEST ? best : 1;
    if (step > 1) {
      out[flags] |= (uint8_t)(1 << item);
      out[written++] = (uint8_t)distance;
      out[written++] = (uint8_t)(distance >> 8);
      out[written++] = (uint8_t)step;
    } else {
      out[written++] = in[at];
    }
    item++;
    for (; step > 0; step--, at++) {
      if (at + SHORTEST > length) continue;
      uint32_t h = hash(in + at);
      previous[at % WINDOW] = head[h];
      head[h] = (int32_t)at;
    }
  }
  return written;
}

static size_t expand(const uint8_t *in, size_t length, uint8_t *out) {
  size_t written = 0;
  for (size_t at = 0; at < length;) {
    uint8_t flags = in[at++];
    for (int item = 0; item < 8 && at < length; item++) {
      if (flags >> item & 1) {
        size_t distance = in[at] | (size_t)in[at + 1] << 8, n = in[at + 2];
        at += 3;
        for (; n > 0; n--, written++) out[written] = out[written - distance];
      } else {
        out[written++] = in[at++];
      }
    }
  }
  return written;
}

int main(void) {
  enum { CAPACITY = 60000 };
  uint8_t *text = malloc(CAPACITY), *packed = malloc(CAPACITY * 2), *back = malloc(CAPACITY);
  for (size_t size = 100; size <= CAPACITY; size = size * 7 / 2) {
    size_t length = generate(text, size, (uint32_t)size);
    size_t small = compress(text, length, packed);
    size_t again = expand(packed, small, back);
    int same = again == length && memcmp(text, back, length) == 0;
    printf("%zu bytes to %zu (%.1f%%): %s\n", length, small, 100.0 * (double)small / (double)length, same ? "equal" : "DIFFERENT");
  }
  return 0;
}
