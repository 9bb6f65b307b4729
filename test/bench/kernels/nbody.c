/* Five bodies under gravity: floating point with a square root and a division, in small counted loops. */
enum { BODIES = 5 };

typedef struct {
  double p[3], v[3], mass;
} body;

int run(int steps) {
  body bodies[BODIES] = {
      {{0, 0, 0}, {0, 0, 0}, 40},
      {{5, -1, 0.1}, {0.6, 2.8, 0}, 0.04},
      {{8, 4, -0.3}, {-1, 1.9, 0.1}, 0.012},
      {{12, -15, -0.2}, {1.1, 0.8, -0.03}, 0.0017},
      {{15, -26, 0.2}, {1, 0.6, -0.04}, 0.002},
  };
  for (int step = 0; step < steps; step++) {
    for (int i = 0; i < BODIES; i++) {
      for (int j = i + 1; j < BODIES; j++) {
        double d[3], square = 0;
        for (int k = 0; k < 3; k++) d[k] = bodies[i].p[k] - bodies[j].p[k], square += d[k] * d[k];
        double pull = 0.001 / (square * __builtin_sqrt(square));
        for (int k = 0; k < 3; k++) {
          bodies[i].v[k] -= d[k] * bodies[j].mass * pull;
          bodies[j].v[k] += d[k] * bodies[i].mass * pull;
        }
      }
    }
    for (int i = 0; i < BODIES; i++) {
      for (int k = 0; k < 3; k++) bodies[i].p[k] += 0.001 * bodies[i].v[k];
    }
  }
  return (int)(bodies[1].p[0] * 1e6);
}
