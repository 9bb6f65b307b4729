/* Sorts with the C library's qsort: the library calls back into the program through function pointers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 3000 };

typedef struct {
  uint32_t key;
  double weight;
  char name[12];
} record;

static unsigned comparisons;

static int by_key(const void *a, const void *b) {
  comparisons++;
  uint32_t x = ((const record *)a)->key, y = ((const record *)b)->key;
  return (x > y) - (x < y);
}

static int by_weight(const void *a, const void *b) {
  comparisons++;
  double x = ((const record *)a)->weight, y = ((const record *)b)->weight;
  return (x > y) - (x < y);
}

static int by_name(const void *a, const void *b) {
  comparisons++;
  return strcmp(((const record *)a)->name, ((const record *)b)->name);
}

static int (*const ORDERS[])(const void *, const void *) = {by_key, by_weight, by_name};
static const char *const LABELS[] = {"key", "weight", "name"};

int main(void) {
  static record records[COUNT];
  uint32_t seed = 42;
  for (int i = 0; i < COUNT; i++) {
    seed = seed * 1664525 + 1013904223;
    records[i].key = seed;
    records[i].weight = (double)(seed ^ 0x55555555u) / 7;
    snprintf(records[i].name, sizeof records[i].name, "%c%c%07u", 'a' + (int)(seed >> 28), 'a' + (int)(seed >> 24 & 15), i);
  }
  for (unsigned order = 0; order < sizeof ORDERS / sizeof *ORDERS; order++) {
    comparisons = 0;
    qsort(records, COUNT, sizeof *records, ORDERS[order]);
    unsigned wrong = 0, made = comparisons;
    for (int i = 1; i < COUNT; i++) wrong += ORDERS[order](records + i - 1, records + i) > 0;
    printf("by %s: %u comparisons, %u out of order, first %s, last %s\n", LABELS[order], made, wrong, records[0].name,
           records[COUNT - 1].name);
  }
  record probe = {.name = "nothing"};
  printf("search: %s\n", bsearch(&probe, records, COUNT, sizeof *records, by_name) == NULL ? "absent" : "found");
  probe = records[COUNT / 3];
  const record *found = bsearch(&probe, records, COUNT, sizeof *records, by_name);
  printf("search: %s\n", found == NULL ? "absent" : found->name);
  return 0;
}
