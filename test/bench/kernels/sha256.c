/* SHA-256 compressions of a chained block: long straight code inside counted loops. */
typedef unsigned int u32;

static u32 constants[64], w[64];

static u32 rotate(u32 x, int n) { return x >> n | x << (32 - n); }

/* The round constants are bits of cube roots; any fixed numbers cost the same. */
static void fill_constants(void) {
  u32 x = 0x428a2f98;
  for (int i = 0; i < 64; i++) constants[i] = x = x * 1664525 + 1013904223;
}

int run(int blocks) {
  u32 state[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  fill_constants();
  for (int block = 0; block < blocks; block++) {
    for (int i = 0; i < 16; i++) w[i] = state[i & 7] + (u32)(block * i);
    for (int i = 16; i < 64; i++) {
      u32 a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    u32 a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
      u32 t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + w[i];
      u32 t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e, state[5] += f, state[6] += g, state[7] += h;
  }
  return (int)(state[0] ^ state[3] ^ state[7]);
}
