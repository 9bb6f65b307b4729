/* Solves puzzles by backtracking, the most constrained cell first, and counts the guesses. */
#include <stdio.h>
#include <string.h>

static const char *const PUZZLES[] = {
    "1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3..",
    ".......1.4.........2...........5.4.7..8...3....1.9....3..4..2...5.1........8.6...",
    "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79",
};

static char grid[82];
static unsigned rows[9], columns[9], boxes[9], guesses;

static int box_of(int cell) { return cell / 27 * 3 + cell % 9 / 3; }

static unsigned candidates(int cell) {
  return ~(rows[cell / 9] | columns[cell % 9] | boxes[box_of(cell)]) & 0x1ff;
}

static void toggle(int cell, unsigned bit) {
  rows[cell / 9] ^= bit;
  columns[cell % 9] ^= bit;
  boxes[box_of(cell)] ^= bit;
}

static int solve(void) {
  int best = -1, fewest = 10;
  for (int cell = 0; cell < 81; cell++) {
    if (grid[cell] != '.') continue;
    int count = __builtin_popcount(candidates(cell));
    if (count < fewest) fewest = count, best = cell;
  }
  if (best < 0) return 1;
  for (unsigned left = candidates(best); left != 0; left &= left - 1) {
    unsigned bit = left & -left;
    guesses++;
    grid[best] = (char)('1' + __builtin_ctz(bit));
    toggle(best, bit);
    if (solve()) return 1;
    toggle(best, bit);
    grid[best] = '.';
  }
  return 0;
}

int main(void) {
  for (unsigned p = 0; p < sizeof PUZZLES / sizeof *PUZZLES; p++) {
    strcpy(grid, PUZZLES[p]);
    memset(rows, 0, sizeof rows);
    memset(columns, 0, sizeof columns);
    memset(boxes, 0, sizeof boxes);
    guesses = 0;
    for (int cell = 0; cell < 81; cell++) {
      if (grid[cell] != '.') toggle(cell, 1u << (grid[cell] - '1'));
    }
    int solved = solve();
    printf("puzzle %u: %s after %u guesses\n", p + 1, solved ? "solved" : "impossible", guesses);
    for (int row = 0; row < 9; row++) printf("%.9s\n", grid + 9 * row);
  }
  return 0;
}
