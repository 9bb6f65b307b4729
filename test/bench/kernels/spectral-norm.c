/* The spectral norm of an infinite matrix's corner: a division in the innermost loop, its function not inlined. */
enum { MAX = 2000 };

static double u[MAX], v[MAX], t[MAX];

__attribute__((noinline)) static double element(int i, int j) { return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1); }

static void multiply(int n, const double *in, double *out, int transposed) {
  for (int i = 0; i < n; i++) {
    double sum = 0;
    for (int j = 0; j < n; j++) sum += (transposed ? element(j, i) : element(i, j)) * in[j];
    out[i] = sum;
  }
}

int run(int n) {
  for (int i = 0; i < n; i++) u[i] = 1;
  for (int round = 0; round < 10; round++) {
    multiply(n, u, t, 0);
    multiply(n, t, v, 1);
    multiply(n, v, t, 0);
    multiply(n, t, u, 1);
  }
  double uv = 0, vv = 0;
  for (int i = 0; i < n; i++) uv += u[i] * v[i], vv += v[i] * v[i];
  return (int)(__builtin_sqrt(uv / vv) * 1e9);
}
