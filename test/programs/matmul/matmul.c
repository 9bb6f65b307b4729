/* Multiplies square matrices of doubles and of floats and prints traces and corner elements. */
#include <stdio.h>
#include <stdlib.h>

static double entry(int seed, int row, int column) { return (double)((row * 31 + column * 17 + seed) % 23) / 8 - 1; }

int main(int argc, char **argv) {
  int n = argc > 1 ? atoi(argv[1]) : 96;
  double *a = malloc(sizeof *a * n * n), *b = malloc(sizeof *b * n * n), *c = malloc(sizeof *c * n * n);
  float *f = malloc(sizeof *f * n * n);
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) {
      a[i * n + j] = entry(3, i, j);
      b[i * n + j] = entry(7, j, i);
    }
  }
  for (int round = 1; round <= 3; round++) {
    double trace = 0;
    float trace32 = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        float sum32 = 0;
        for (int k = 0; k < n; k++) {
          sum += a[i * n + k] * b[k * n + j];
          sum32 += (float)a[i * n + k] * (float)b[k * n + j];
        }
        c[i * n + j] = sum / n;
        f[i * n + j] = sum32 / (float)n;
      }
      trace += c[i * n + i];
      trace32 += f[i * n + i];
    }
    printf("round %d: trace %.15g and %.7g, corners %.12g %.12g\n", round, trace, trace32, c[0], c[n * n - 1]);
    double *swap = a;
    a = c;
    c = swap;
  }
  return 0;
}
