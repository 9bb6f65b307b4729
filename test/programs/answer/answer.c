/* Reads standard input line by line and answers each line before it reads the next. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long total;

static void answer(char *line) {
  char word[128];
  long a, b;
  if (sscanf(line, "add %ld", &a) == 1) {
    printf("total %ld\n", total += a);
  } else if (sscanf(line, "mul %ld %ld", &a, &b) == 2) {
    printf("product %ld\n", a * b);
  } else if (sscanf(line, "reverse %127s", word) == 1) {
    for (size_t i = strlen(word); i > 0; i--) putchar(word[i - 1]);
    putchar('\n');
  } else if (sscanf(line, "upper %127s", word) == 1) {
    for (char *p = word; *p; p++) putchar(toupper((unsigned char)*p));
    putchar('\n');
  } else {
    printf("what is \"%s\"?\n", line);
  }
}

int main(void) {
  char line[160];
  int lines = 0;
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("ready");
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\r\n")] = '\0';
    lines++;
    if (strcmp(line, "quit") == 0) break;
    answer(line);
  }
  printf("%d lines, total %ld\n", lines, total);
  return total < 0 ? 3 : 0;
}
