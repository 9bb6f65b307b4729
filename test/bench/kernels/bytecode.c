/* A register machine: a switch in a loop, as every interpreter has. */
enum { ADD, SUB, MUL, XOR, SHIFT, LOAD, STORE, JUMP_IF, MOVE, SET, END };

typedef struct {
  unsigned char op, a, b, c;
  int immediate;
} instruction;

static int memory[1024];

static const instruction PROGRAM[] = {
    {SET, 0, 0, 0, 0},      /*  0: i = 0 */
    {SET, 1, 0, 0, 1},      /*  1: one */
    {SET, 2, 0, 0, 12345},  /*  2: x */
    {SET, 5, 0, 0, 1023},   /*  3: mask */
    {MUL, 2, 2, 2, 0},      /*  4: x = x * x */
    {ADD, 2, 2, 0, 0},      /*  5: x += i */
    {SHIFT, 3, 2, 0, 7},    /*  6: y = x >> 7 */
    {XOR, 2, 2, 3, 0},      /*  7: x ^= y */
    {LOAD, 4, 0, 0, 0},     /*  8: z = memory[i] */
    {ADD, 4, 4, 2, 0},      /*  9: z += x */
    {STORE, 4, 0, 0, 0},    /* 10: memory[i] = z */
    {MOVE, 6, 4, 0, 0},     /* 11 */
    {ADD, 0, 0, 1, 0},      /* 12: i++ */
    {SUB, 7, 8, 0, 0},      /* 13: left = n - i */
    {JUMP_IF, 7, 0, 0, 4},  /* 14 */
    {END, 2, 0, 0, 0},      /* 15 */
};

int run(int n) {
  int r[16] = {0};
  r[8] = n;
  for (const instruction *pc = PROGRAM;; pc++) {
    switch (pc->op) {
      case ADD: r[pc->a] = (int)((unsigned)r[pc->b] + (unsigned)r[pc->c]); break;
      case SUB: r[pc->a] = (int)((unsigned)r[pc->b] - (unsigned)r[pc->c]); break;
      case MUL: r[pc->a] = (int)((unsigned)r[pc->b] * (unsigned)r[pc->c]); break;
      case XOR: r[pc->a] = r[pc->b] ^ r[pc->c]; break;
      case SHIFT: r[pc->a] = r[pc->b] >> pc->immediate; break;
      case LOAD: r[pc->a] = memory[r[pc->b] & 1023]; break;
      case STORE: memory[r[pc->b] & 1023] = r[pc->a]; break;
      case JUMP_IF: if (r[pc->a]) pc = PROGRAM + pc->immediate - 1; break;
      case MOVE: r[pc->a] = r[pc->b]; break;
      case SET: r[pc->a] = pc->immediate; break;
      case END: return r[pc->a] ^ r[6];
    }
  }
}
