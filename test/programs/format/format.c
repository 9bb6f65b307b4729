/* Formats and parses numbers of every kind with the C library. */
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  const double samples[] = {0.0,   -0.0,   1.0 / 3,  -2.5,         1e21,     1.7976931348623157e308, 5e-324,
                            1e-7,  123456, 0.1 + 0.2, 3.14159265358979, INFINITY, -INFINITY};
  for (unsigned i = 0; i < sizeof samples / sizeof *samples; i++) {
    double x = samples[i];
    printf("%g|%.3f|%12.4e|%-14.9g|%a|%+.0f\n", x, fabs(x) > 1e15 ? 0.0 : x, x, x, x, fabs(x) > 1e15 ? 1.0 : x);
  }
  unsigned differ = 0;
  uint64_t seed = 88172645463325252u;
  for (int i = 0; i < 400; i++) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    double x, back;
    uint64_t bits = seed & 0xbfffffffffffffffu;
    memcpy(&x, &bits, sizeof x);
    char text[40];
    snprintf(text, sizeof text, "%.17g", x);
    back = strtod(text, NULL);
    differ += memcmp(&x, &back, sizeof x) != 0;
    if (i % 80 == 0) printf("%s\n", text);
  }
  printf("%u of 400 doubles changed on the way through text\n", differ);
  printf("%d %5d %-5d| %05d %+d %x %X %o %#x %c %s %.3s %%\n", 42, 42, 42, 42, 42, 255, 255, 8, 255, 'z', "text", "cut off");
  printf("%" PRId64 " %" PRIu64 " %zu %hhd\n", INT64_MIN, UINT64_MAX, sizeof(int), (signed char)200);
  int a, b;
  char word[16];
  int fields = sscanf("17 apples, -3 left", "%d %15[a-z], %d", &a, word, &b);
  printf("%d fields: %d %s %d\n", fields, a, word, b);
  printf("%.10f %.10f %.10f\n", sin(1), exp(1), pow(2, 0.5));
  return 0;
}
