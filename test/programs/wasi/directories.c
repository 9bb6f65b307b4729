// Directories: making, removing, listing with cookies, renaming, types.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerror(errno));
  else printf("%s: %ld\n", what, result);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *path) {
  DIR *dir = opendir(path);
  if (!dir) {
    printf("list %s: %s\n", path, strerror(errno));
    return;
  }
  char *names[256];
  int count = 0;
  for (struct dirent *entry; (entry = readdir(dir));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char line[300];
    snprintf(line, sizeof line, "%s %d", entry->d_name, entry->d_type == DT_DIR ? 1 : entry->d_type == DT_REG ? 2 : 3);
    names[count++] = strdup(line);
  }
  closedir(dir);
  qsort(names, count, sizeof *names, by_name);
  printf("%s:", path);
  for (int i = 0; i < count; i++) printf(" [%s]", names[i]);
  putchar('\n');
}

static void create(const char *path) { close(open(path, O_WRONLY | O_CREAT, 0644)); }

int main(void) {
  check("mkdir", mkdir("/d", 0755));
  check("mkdir again", mkdir("/d", 0755));
  check("mkdir nested", mkdir("/d/e/f", 0755));
  check("mkdir slash", mkdir("/d/e/", 0755));
  check("mkdir dot", mkdir("/d/.", 0755));
  create("/d/one");
  create("/d/two");
  symlink("one", "/d/link");
  list("/d");
  check("rmdir full", rmdir("/d"));
  check("rmdir file", rmdir("/d/one"));
  check("unlink directory", unlink("/d/e"));
  check("rename into itself", rename("/d", "/d/e/x"));
  check("rename file over directory", rename("/d/one", "/d/e"));
  check("rename directory over file", rename("/d/e", "/d/one"));
  check("rename", rename("/d/one", "/d/three"));
  check("rename over", rename("/d/three", "/d/two"));
  check("rename to itself", rename("/d/two", "/d/two"));
  check("rename missing", rename("/d/none", "/d/some"));
  mkdir("/g", 0755);
  check("rename over empty", rename("/d/e", "/g"));
  list("/d");
  list("/g");
  create("/g/x");
  mkdir("/h", 0755);
  check("rename over full", rename("/h", "/g"));
  check("rename directory", rename("/g", "/h/g"));
  list("/h");
  list("/h/g");
  struct stat st;
  check("stat", stat("/h/g/x", &st));
  check("stat slash", stat("/h/g/", &st));
  printf("directory %d\n", S_ISDIR(st.st_mode));
  check("stat dotdot", stat("/h/g/../g/x", &st));
  check("stat below file", stat("/h/g/x/y", &st));

  mkdir("/many", 0755);
  for (int i = 0; i < 150; i++) {
    char path[64];
    snprintf(path, sizeof path, "/many/entry-number-%03d", i);
    create(path);
  }
  DIR *dir = opendir("/many");
  int seen = 0;
  char marked[64] = "";
  long mark = 0;
  for (struct dirent *entry; (entry = readdir(dir));) {
    if (entry->d_name[0] == '.') continue;
    if (++seen == 70) mark = telldir(dir);
    if (seen == 71) strcpy(marked, entry->d_name);
  }
  printf("seen %d\n", seen);
  seekdir(dir, mark);
  struct dirent *again = readdir(dir);
  printf("seekdir %s\n", again && strcmp(again->d_name, marked) == 0 ? "same" : "other");
  rewinddir(dir);
  seen = 0;
  for (struct dirent *entry; (entry = readdir(dir));) seen += entry->d_name[0] != '.';
  closedir(dir);
  printf("seen %d\n", seen);
  int removed = 0;
  for (int i = 0; i < 150; i++) {
    char path[64];
    snprintf(path, sizeof path, "/many/entry-number-%03d", i);
    removed += unlink(path) == 0;
  }
  printf("removed %d\n", removed);
  check("rmdir", rmdir("/many"));
  list("/many");
  check("rmdir slash", rmdir("/h/g/"));
  return 3;
}
