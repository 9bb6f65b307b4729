/* Conway's game of life on a torus: prints the population as it goes and the board at the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 64, HEIGHT = 32 };

static unsigned char cells[HEIGHT][WIDTH], next[HEIGHT][WIDTH];

static int neighbours(int row, int column) {
  int sum = 0;
  for (int dr = HEIGHT - 1; dr <= HEIGHT + 1; dr++) {
    for (int dc = WIDTH - 1; dc <= WIDTH + 1; dc++) sum += cells[(row + dr) % HEIGHT][(column + dc) % WIDTH];
  }
  return sum - cells[row][column];
}

int main(int argc, char **argv) {
  int generations = argc > 1 ? atoi(argv[1]) : 200;
  static const unsigned char GLIDER[5][2] = {{0, 1}, {1, 2}, {2, 0}, {2, 1}, {2, 2}};
  static const unsigned char ACORN[7][2] = {{0, 1}, {1, 3}, {2, 0}, {2, 1}, {2, 4}, {2, 5}, {2, 6}};
  for (int i = 0; i < 5; i++) cells[GLIDER[i][0] + 2][GLIDER[i][1] + 2] = 1;
  for (int i = 0; i < 7; i++) cells[ACORN[i][0] + 14][ACORN[i][1] + 28] = 1;
  for (int generation = 1; generation <= generations; generation++) {
    int population = 0;
    for (int row = 0; row < HEIGHT; row++) {
      for (int column = 0; column < WIDTH; column++) {
        int n = neighbours(row, column);
        population += next[row][column] = n == 3 || (n == 2 && cells[row][column]);
      }
    }
    memcpy(cells, next, sizeof cells);
    if (generation % 50 == 0) printf("generation %d: %d cells\n", generation, population);
  }
  for (int row = 0; row < HEIGHT; row++) {
    for (int column = 0; column < WIDTH; column++) putchar(cells[row][column] ? '#' : '.');
    putchar('\n');
  }
  return 0;
}
