/* A table with open addressing: inserts, looks up and deletes 64-bit keys; memory accesses all over. */
enum { SLOTS = 1 << 17, KEYS = SLOTS / 2 };

typedef unsigned long long u64;

static u64 keys[SLOTS];
static int values[SLOTS];

static unsigned slot_of(u64 key) {
  unsigned i = (unsigned)((key * 0x9e3779b97f4a7c15u) >> 40) % SLOTS;
  while (keys[i] != 0 && keys[i] != key) i = (i + 1) % SLOTS;
  return i;
}

int run(int rounds) {
  int checksum = 0;
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < SLOTS; i++) keys[i] = 0, values[i] = 0;
    u64 x = (u64)round + 1;
    for (int i = 0; i < KEYS; i++) {
      x = x * 6364136223846793005u + 1442695040888963407u;
      u64 key = (x >> 33) % (KEYS * 3 / 2) + 1;
      unsigned at = slot_of(key);
      keys[at] = key;
      values[at] += i;
    }
    for (u64 key = 1; key <= KEYS; key++) checksum = checksum * 3 + values[slot_of(key)];
  }
  return checksum;
}
