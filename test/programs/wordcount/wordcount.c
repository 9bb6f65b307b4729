/* Reads all of standard input, counts lines, words and bytes, and prints the commonest words. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 256, SHOWN = 5, LONGEST = 31 };

typedef struct entry {
  struct entry *next;
  unsigned count;
  char word[LONGEST + 1];
} entry;

static entry *buckets[BUCKETS];
static unsigned distinct;

static void count_word(const char *word) {
  unsigned h = 0;
  for (const char *p = word; *p; p++) h = h * 31 + (unsigned char)*p;
  entry **slot = &buckets[h % BUCKETS];
  while (*slot != NULL && strcmp((*slot)->word, word) != 0) slot = &(*slot)->next;
  if (*slot == NULL) {
    *slot = calloc(1, sizeof(entry));
    strcpy((*slot)->word, word);
    distinct++;
  }
  (*slot)->count++;
}

static int commonest_first(const void *a, const void *b) {
  const entry *x = *(entry *const *)a, *y = *(entry *const *)b;
  return x->count != y->count ? (x->count < y->count) - (x->count > y->count) : strcmp(x->word, y->word);
}

int main(void) {
  unsigned lines = 0, words = 0, bytes = 0, length = 0;
  char word[LONGEST + 1];
  for (int c; (c = getchar()) != EOF;) {
    bytes++;
    lines += c == '\n';
    if (isalnum(c)) {
      if (length < LONGEST) word[length++] = (char)tolower(c);
    } else if (length > 0) {
      word[length] = '\0';
      count_word(word);
      words++, length = 0;
    }
  }
  if (length > 0) word[length] = '\0', count_word(word), words++;
  printf("%u lines, %u words, %u bytes, %u distinct\n", lines, words, bytes, distinct);
  entry **all = malloc(sizeof *all * (distinct + 1));
  unsigned n = 0;
  for (unsigned b = 0; b < BUCKETS; b++) {
    for (entry *e = buckets[b]; e != NULL; e = e->next) all[n++] = e;
  }
  qsort(all, n, sizeof *all, commonest_first);
  for (unsigned i = 0; i < n && i < SHOWN; i++) printf("%4u %s\n", all[i]->count, all[i]->word);
  return 0;
}
