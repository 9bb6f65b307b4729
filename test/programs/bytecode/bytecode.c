/* A small stack machine: a switch in a loop runs programs that count primes, follow Collatz chains and recurse. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { PUSH, LOAD, STORE, ADD, SUB, MUL, DIV, REM, LESS, JUMP, JUMP_ZERO, CALL, RETURN, DUP, SWAP, DROP, PRINT, HALT };

static int32_t code[256];
static int length;

/* Appends an instruction and returns the position of its operand, for `land` to fill in. */
static int emit(int32_t op, int32_t operand) {
  code[length++] = op;
  code[length++] = operand;
  return length - 1;
}

static void land(int operand) { code[operand] = length; }

static int64_t run(int64_t argument) {
  int64_t stack[512], variables[8] = {argument}, steps = 0;
  int sp = 0, returns[256], rp = 0;
  for (int pc = 0;; steps++) {
    int32_t op = code[pc++], operand = code[pc++];
    switch (op) {
      case PUSH: stack[sp++] = operand; break;
      case LOAD: stack[sp++] = variables[operand]; break;
      case STORE: variables[operand] = stack[--sp]; break;
      case ADD: sp--, stack[sp - 1] += stack[sp]; break;
      case SUB: sp--, stack[sp - 1] -= stack[sp]; break;
      case MUL: sp--, stack[sp - 1] *= stack[sp]; break;
      case DIV: sp--, stack[sp - 1] /= stack[sp]; break;
      case REM: sp--, stack[sp - 1] %= stack[sp]; break;
      case LESS: sp--, stack[sp - 1] = stack[sp - 1] < stack[sp]; break;
      case JUMP: pc = operand; break;
      case JUMP_ZERO: if (stack[--sp] == 0) pc = operand; break;
      case CALL: returns[rp++] = pc, pc = operand; break;
      case RETURN: pc = returns[--rp]; break;
      case DUP: stack[sp] = stack[sp - 1], sp++; break;
      case SWAP: { int64_t top = stack[sp - 1]; stack[sp - 1] = stack[sp - 2], stack[sp - 2] = top; break; }
      case DROP: sp--; break;
      case PRINT: printf("%lld\n", (long long)stack[--sp]); break;
      case HALT: return steps;
      default: printf("no instruction %d at %d\n", op, pc - 2); exit(1);
    }
  }
}

/* Variables: 0 limit, 1 n, 2 divisor, 3 count. */
static void assemble_primes(void) {
  length = 0;
  emit(PUSH, 2), emit(STORE, 1);
  int outer = length;
  emit(LOAD, 1), emit(LOAD, 0), emit(LESS, 0);
  int done = emit(JUMP_ZERO, 0);
  emit(PUSH, 2), emit(STORE, 2);
  int inner = length;
  emit(LOAD, 1), emit(LOAD, 2), emit(DUP, 0), emit(MUL, 0), emit(LESS, 0), emit(PUSH, 1), emit(SWAP, 0), emit(SUB, 0);
  int prime = emit(JUMP_ZERO, 0);
  emit(LOAD, 1), emit(LOAD, 2), emit(REM, 0);
  int composite = emit(JUMP_ZERO, 0);
  emit(LOAD, 2), emit(PUSH, 1), emit(ADD, 0), emit(STORE, 2), emit(JUMP, inner);
  land(prime);
  emit(LOAD, 3), emit(PUSH, 1), emit(ADD, 0), emit(STORE, 3);
  land(composite);
  emit(LOAD, 1), emit(PUSH, 1), emit(ADD, 0), emit(STORE, 1), emit(JUMP, outer);
  land(done);
  emit(LOAD, 3), emit(PRINT, 0), emit(HALT, 0);
}

/* Variables: 0 n, 1 steps. */
static void assemble_collatz(void) {
  length = 0;
  int loop = length;
  emit(PUSH, 1), emit(LOAD, 0), emit(LESS, 0);
  int done = emit(JUMP_ZERO, 0);
  emit(LOAD, 1), emit(PUSH, 1), emit(ADD, 0), emit(STORE, 1), emit(LOAD, 0), emit(PUSH, 2), emit(REM, 0);
  int even = emit(JUMP_ZERO, 0);
  emit(LOAD, 0), emit(PUSH, 3), emit(MUL, 0), emit(PUSH, 1), emit(ADD, 0), emit(STORE, 0), emit(JUMP, loop);
  land(even);
  emit(LOAD, 0), emit(PUSH, 2), emit(DIV, 0), emit(STORE, 0), emit(JUMP, loop);
  land(done);
  emit(LOAD, 1), emit(PRINT, 0), emit(HALT, 0);
}

/* fib(n) with the argument and the result on the stack. */
static void assemble_fib(void) {
  length = 0;
  emit(LOAD, 0);
  int entry = emit(CALL, 0);
  emit(PRINT, 0), emit(HALT, 0);
  land(entry);
  int fib = length;
  emit(DUP, 0), emit(PUSH, 2), emit(LESS, 0);
  int recurse = emit(JUMP_ZERO, 0);
  emit(RETURN, 0);
  land(recurse);
  emit(DUP, 0), emit(PUSH, 1), emit(SUB, 0), emit(CALL, fib);
  emit(SWAP, 0), emit(PUSH, 2), emit(SUB, 0), emit(CALL, fib), emit(ADD, 0), emit(RETURN, 0);
}

static const struct {
  const char *name;
  void (*assemble)(void);
  int argument;
} PROGRAMS[] = {
    {"primes", assemble_primes, 3000},
    {"collatz", assemble_collatz, 837799},
    {"fib", assemble_fib, 18},
};

int main(void) {
  for (unsigned p = 0; p < sizeof PROGRAMS / sizeof *PROGRAMS; p++) {
    PROGRAMS[p].assemble();
    printf("%s(%d) = ", PROGRAMS[p].name, PROGRAMS[p].argument);
    long long steps = run(PROGRAMS[p].argument);
    printf("  %d words of code, %lld steps\n", length, steps);
  }
  return 0;
}
