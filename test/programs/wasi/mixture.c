// A long pseudo-random mixture of file operations; argument 1 is the seed, argument 2 the number of operations. Also runs natively.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned state;
static unsigned pick(unsigned below) {
  state = state * 1664525u + 1013904223u;
  return (state >> 10) % below;
}

static const char *NAMES[] = {"a", "b", "c", "base", "deep"};
static const char *random_path(void) {
  static char paths[4][64];
  static int next;
  char *path = paths[next++ % 4];
  int depth = 1 + pick(3);
  path[0] = 0;
  int up = pick(8) == 0 ? 1 + pick(2) : 0;
  for (int i = 0; i < depth; i++) {
    if (i > 0) strcat(path, "/");
    strcat(path, up > 0 && i == up ? ".." : NAMES[pick(5)]);
  }
  if (pick(25) == 0) strcat(path, "/");
  return path;
}

static int fds[6] = {-1, -1, -1, -1, -1, -1};
static long operation(int kind, char *what) {
  int slot = pick(6);
  char buffer[512];
  struct stat st;
  const char *path = random_path();
  strcpy(what, path);
  switch (kind) {
  case 0: case 1: case 2: {
    static const int flags[] = {O_RDONLY, O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL, O_RDWR | O_TRUNC, O_RDWR | O_APPEND | O_CREAT};
    if (fds[slot] >= 0) close(fds[slot]);
    fds[slot] = open(path, flags[pick(6)], 0644);
    return fds[slot] < 0 ? -1 : 0;
  }
  case 3: case 4: {
    int count = pick(sizeof buffer);
    memset(buffer, 'a' + pick(26), count);
    return fds[slot] < 0 ? 0 : write(fds[slot], buffer, count);
  }
  case 5: {
    long count = fds[slot] < 0 ? 0 : read(fds[slot], buffer, pick(sizeof buffer));
    for (long i = 0, sum = 0; i < count; i++) {
      sum = sum * 31 + buffer[i];
      if (i == count - 1) return sum & 0xffffff;
    }
    return count;
  }
  case 6: return fds[slot] < 0 || lseek(fds[slot], pick(2000), SEEK_SET) >= 0 || errno == ESPIPE ? 0 : -1;
  case 7: return fds[slot] < 0 ? 0 : ftruncate(fds[slot], pick(1500));
  case 8: return unlink(path);
  case 9: return mkdir(path, 0755);
  case 10: return rmdir(path);
  case 11: case 12: {
    const char *to = random_path();
    sprintf(what, "%s %s", path, to);
    return rename(path, to);
  }
  case 13: {
    const char *to = random_path();
    sprintf(what, "%s %s", path, to);
    return link(path, to);
  }
  case 14: {
    sprintf(what, "%s %s", NAMES[pick(5)], path);
    return symlink(strtok(strdup(what), " "), path);
  }
  case 15: return stat(path, &st) < 0 ? -1 : S_ISDIR(st.st_mode) ? 1 : st.st_size * 100 + st.st_nlink;
  case 16: {
    long count = readlink(path, buffer, sizeof buffer);
    return count;
  }
  case 17: return fds[slot] < 0 || fstat(fds[slot], &st) < 0 ? -1 : S_ISDIR(st.st_mode) ? 1 : st.st_size * 100 + st.st_nlink;
  default: {
    DIR *dir = opendir(path);
    if (!dir) return -1;
    long sum = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
      if (entry->d_name[0] == '.') continue;
      long own = entry->d_type == DT_DIR ? 1 : entry->d_type == DT_REG ? 2 : 3;
      for (char *at = entry->d_name; *at; at++) own = (own * 31 + *at) & 0xffff;
      sum += own;
    }
    closedir(dir);
    return sum;
  }
  }
}

static const char *name_of(int number) {
  switch (number) {
  case EEXIST: return "exist";
  case ENOENT: return "noent";
  case ENOTDIR: return "notdir";
  case EISDIR: return "isdir";
  case ENOTEMPTY: return "notempty";
  case EINVAL: return "inval";
  case ELOOP: return "loop";
  case EPERM: return "perm";
#ifdef ENOTCAPABLE
  case ENOTCAPABLE: return "inval"; // ftruncate of what is not open for writing
#endif
  case EBUSY: return "busy";
  case EBADF: return "badf";
  default: return strerror(number);
  }
}

int main(int argc, char **argv) {
  state = argc > 1 ? atoi(argv[1]) : 1;
  int count = argc > 2 ? atoi(argv[2]) : 100;
  for (int i = 0; i < count; i++) {
    char what[200] = "";
    int kind = pick(19);
    errno = 0;
    long result = operation(kind, what);
    printf("%d: %d %s = %ld %s\n", i, kind, what, result, result < 0 ? name_of(errno) : "");
  }
  return 0;
}
