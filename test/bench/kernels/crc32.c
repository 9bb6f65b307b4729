/* CRC-32 by table: one load, one shift and one xor per byte, each turn waiting for the one before. */
static unsigned table[256];
static unsigned char data[1 << 16];

int run(int rounds) {
  for (unsigned i = 0; i < 256; i++) {
    unsigned x = i;
    for (int bit = 0; bit < 8; bit++) x = x & 1 ? x >> 1 ^ 0xedb88320u : x >> 1;
    table[i] = x;
  }
  for (unsigned i = 0; i < sizeof data; i++) data[i] = (unsigned char)(i * 167 + (i >> 8));
  unsigned crc = ~0u;
  for (int round = 0; round < rounds; round++) {
    for (unsigned i = 0; i < sizeof data; i++) crc = table[(crc ^ data[i]) & 255] ^ crc >> 8;
  }
  return (int)~crc;
}
