/* Moves a star and four planets under gravity and prints the total energy, which should hardly change. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BODIES = 5 };

typedef struct {
  double position[3], velocity[3], mass;
} body;

static body bodies[BODIES] = {
    {{0, 0, 0}, {0, 0, 0}, 40},
    {{5, -1, 0.1}, {0.6, 2.8, 0}, 0.04},
    {{8, 4, -0.3}, {-1, 1.9, 0.1}, 0.012},
    {{12, -15, -0.2}, {1.1, 0.8, -0.03}, 0.0017},
    {{15, -26, 0.2}, {1, 0.6, -0.04}, 0.002},
};

static double separation(const body *a, const body *b, double delta[3]) {
  double square = 0;
  for (int k = 0; k < 3; k++) {
    delta[k] = a->position[k] - b->position[k];
    square += delta[k] * delta[k];
  }
  return sqrt(square);
}

static double energy(void) {
  double sum = 0, delta[3];
  for (int i = 0; i < BODIES; i++) {
    for (int k = 0; k < 3; k++) sum += bodies[i].mass * bodies[i].velocity[k] * bodies[i].velocity[k] / 2;
    for (int j = i + 1; j < BODIES; j++) sum -= bodies[i].mass * bodies[j].mass / separation(bodies + i, bodies + j, delta);
  }
  return sum;
}

static void advance(double step) {
  double delta[3];
  for (int i = 0; i < BODIES; i++) {
    for (int j = i + 1; j < BODIES; j++) {
      double distance = separation(bodies + i, bodies + j, delta);
      double pull = step / (distance * distance * distance);
      for (int k = 0; k < 3; k++) {
        bodies[i].velocity[k] -= delta[k] * bodies[j].mass * pull;
        bodies[j].velocity[k] += delta[k] * bodies[i].mass * pull;
      }
    }
  }
  for (int i = 0; i < BODIES; i++) {
    for (int k = 0; k < 3; k++) bodies[i].position[k] += step * bodies[i].velocity[k];
  }
}

int main(int argc, char **argv) {
  int steps = argc > 1 ? atoi(argv[1]) : 20000;
  printf("%.12f\n", energy());
  for (int part = 1; part <= 4; part++) {
    for (int i = 0; i < steps / 4; i++) advance(0.001);
    printf("%.12f %.12f %.12f\n", energy(), bodies[1].position[0], bodies[4].velocity[2]);
  }
  return 0;
}
