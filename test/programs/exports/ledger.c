/* Counts how often each input took effect. Bare exports; all state lies in one page of memory. */
#define EXPORT(name) __attribute__((export_name(#name)))
#define INPUTS 32768u

static unsigned char counts[INPUTS];
static unsigned effects;
static volatile unsigned noise; /* so that the work is not left out */

static void work(unsigned rounds) {
  for (unsigned round = 0; round < rounds; round++) noise = noise * 1664525u + 1013904223u;
}

/* Takes an input; gives how often that one has taken effect, this time included. */
EXPORT(apply) unsigned apply(unsigned input) {
  effects++;
  return ++counts[input % INPUTS];
}

/* The same with work before and after the effect, so that a stop, a move or an end falls on either side. */
EXPORT(apply_slowly) unsigned apply_slowly(unsigned input, unsigned rounds) {
  work(rounds);
  unsigned count = apply(input);
  work(rounds);
  return count;
}

/* How often eight inputs in a row took effect, a byte each, the first one lowest. */
EXPORT(counts8) unsigned long long counts8(unsigned first) {
  unsigned long long packed = 0;
  for (unsigned at = 8; at-- > 0;) packed = packed << 8 | counts[(first + at) % INPUTS];
  return packed;
}

/* All effects together. */
EXPORT(effects) unsigned get_effects(void) { return effects; }

EXPORT(spin) void spin(void) {
  for (;;) work(1024);
}
