/* Draws the Mandelbrot set in letters, a line at a time. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  int limit = argc > 1 ? atoi(argv[1]) : 400;
  static const char SHADES[] = " .:-=+*#%";
  long total = 0;
  for (int row = 0; row < 24; row++) {
    char line[73];
    for (int column = 0; column < 72; column++) {
      double cr = column / 24.0 - 2.2, ci = row / 10.0 - 1.15, zr = 0, zi = 0;
      int n = 0;
      while (n < limit && zr * zr + zi * zi < 4) {
        double next = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = next;
        n++;
      }
      total += n;
      line[column] = n == limit ? '@' : SHADES[n < 27 ? n / 3 : 8];
    }
    line[72] = '\0';
    puts(line);
  }
  printf("%ld iterations\n", total);
  return 0;
}
