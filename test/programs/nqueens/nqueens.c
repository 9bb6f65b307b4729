/* Counts the ways to put N queens on an N by N board, for N from 1 to the argument, by recursion on bit masks. */
#include <stdio.h>
#include <stdlib.h>

static unsigned all;

static unsigned place(unsigned columns, unsigned left, unsigned right) {
  if (columns == all) return 1;
  unsigned ways = 0;
  for (unsigned free = all & ~(columns | left | right); free != 0; free &= free - 1) {
    unsigned queen = free & -free;
    ways += place(columns | queen, (left | queen) << 1, (right | queen) >> 1);
  }
  return ways;
}

int main(int argc, char **argv) {
  int largest = argc > 1 ? atoi(argv[1]) : 9;
  for (int n = 1; n <= largest; n++) {
    all = (1u << n) - 1;
    printf("%d queens: %u\n", n, place(0, 0, 0));
  }
  return 0;
}
