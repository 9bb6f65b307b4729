// Standard input line by line; arguments, environment, exit code.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

int main(int argc, char **argv) {
  for (int i = 0; i < argc; i++) printf("arg %d %s\n", i, argv[i]);
  for (char **variable = environ; *variable; variable++) printf("env %s\n", *variable);
  char line[1000];
  int lines = 0;
  unsigned sum = 0;
  while (fgets(line, sizeof line, stdin)) {
    lines++;
    for (char *at = line; *at; at++) sum = sum * 31 + (unsigned char)*at;
    if (lines <= 3) printf("line %d %s", lines, line);
  }
  fprintf(stderr, "at end: %d\n", feof(stdin) != 0);
  printf("%d lines, sum %u\n", lines, sum);
  return argc > 1 ? atoi(argv[1]) : 0;
}
