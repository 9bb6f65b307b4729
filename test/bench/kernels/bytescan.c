/* Looks for line ends and words in text: the tightest loops, a byte and a branch per turn. */
static char text[1 << 18];

__attribute__((noinline)) static const char *find(const char *p, char wanted) {
  while (*p != wanted && *p) p++;
  return p;
}

int run(int rounds) {
  unsigned seed = 1;
  for (unsigned i = 0; i + 1 < sizeof text; i++) {
    seed = seed * 1664525 + 1013904223;
    text[i] = seed >> 27 == 0 ? '\n' : seed >> 29 == 1 ? ' ' : (char)('a' + (seed >> 20) % 26);
  }
  int lines = 0, words = 0, length = 0;
  for (int round = 0; round < rounds; round++) {
    for (const char *p = text; *p; p += *p != 0) p = find(p, '\n'), lines++;
    int inside = 0;
    for (const char *p = text; *p; p++) {
      int letter = *p > ' ';
      words += letter & !inside;
      inside = letter;
    }
    const char *p = text;
    while (*p) p++;
    length += (int)(p - text);
  }
  return lines * 7 + words * 3 + length;
}
