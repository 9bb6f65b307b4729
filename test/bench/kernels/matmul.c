/* Multiplies matrices of doubles: a counted loop of loads, one multiplication and one addition. */
enum { N = 200 };

static double a[N][N], b[N][N], c[N][N];

int run(int rounds) {
  for (int i = 0; i < N; i++) {
    for (int j = 0; j < N; j++) {
      a[i][j] = (double)((i * 7 + j * 3) % 11) / 11;
      b[i][j] = (double)((i * 5 + j * 2) % 13) / 13;
    }
  }
  double trace = 0;
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < N; i++) {
      for (int j = 0; j < N; j++) {
        double sum = 0;
        for (int k = 0; k < N; k++) sum += a[i][k] * b[k][j];
        c[i][j] = sum;
      }
    }
    a[round % N][0] += c[round % N][1] / 1000;
    trace += c[round % N][round % N];
  }
  return (int)(trace * 1000);
}
