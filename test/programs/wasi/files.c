// Regular files: creation flags, reading, writing, seeking, truncation, appending, allocation.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void check(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerror(errno));
  else printf("%s: %ld\n", what, result);
}

static void show(const char *path) {
  char buffer[256];
  int fd = open(path, O_RDONLY);
  if (fd < 0) {
    printf("show %s: %s\n", path, strerror(errno));
    return;
  }
  long count = read(fd, buffer, sizeof buffer);
  printf("%s (%ld): ", path, count);
  for (long i = 0; i < count; i++) putchar(buffer[i] >= ' ' ? buffer[i] : '.');
  putchar('\n');
  close(fd);
}

int main(void) {
  check("open missing", open("/none", O_RDONLY) < 0 ? -1 : 0);
  int fd = open("/a.txt", O_RDWR | O_CREAT | O_EXCL, 0644);
  check("write", write(fd, "hello, world", 12));
  check("open excl", open("/a.txt", O_RDWR | O_CREAT | O_EXCL, 0644));
  check("seek set", lseek(fd, 7, SEEK_SET));
  check("write", write(fd, "there", 5));
  check("seek cur", lseek(fd, -3, SEEK_CUR));
  check("seek end", lseek(fd, 2, SEEK_END));
  check("seek negative", lseek(fd, -1, SEEK_SET));
  check("write past end", write(fd, "!", 1));
  show("/a.txt");
  check("pwrite", pwrite(fd, "J", 1, 0));
  char buffer[32] = {0};
  check("pread", pread(fd, buffer, 5, 0));
  printf("%s\n", buffer);
  check("pread past end", pread(fd, buffer, 5, 100));
  check("tell", lseek(fd, 0, SEEK_CUR));
  check("ftruncate", ftruncate(fd, 4));
  show("/a.txt");
  check("ftruncate up", ftruncate(fd, 8));
  show("/a.txt");
  check("fallocate", posix_fallocate(fd, 4, 12));
  struct stat st;
  check("fstat", fstat(fd, &st));
  printf("size %lld regular %d links %d\n", (long long)st.st_size, S_ISREG(st.st_mode), (int)st.st_nlink);
  check("close", close(fd));
  check("read closed", read(fd, buffer, 1));

  fd = open("/a.txt", O_WRONLY | O_APPEND);
  check("append", write(fd, "tail", 4));
  check("seek", lseek(fd, 0, SEEK_SET));
  check("append", write(fd, "tail", 4));
  check("read write-only", read(fd, buffer, 1));
  close(fd);
  show("/a.txt");

  fd = open("/a.txt", O_RDONLY);
  check("write read-only", write(fd, "x", 1));
  check("ftruncate read-only", ftruncate(fd, 0));
  struct iovec vectors[3] = {{buffer, 2}, {buffer + 2, 0}, {buffer + 2, 3}};
  memset(buffer, 0, sizeof buffer);
  check("readv", readv(fd, vectors, 3));
  check("fsync", fsync(fd));
  close(fd);

  fd = open("/a.txt", O_WRONLY | O_TRUNC);
  struct iovec out[2] = {{"one ", 4}, {"two", 3}};
  check("writev", writev(fd, out, 2));
  close(fd);
  show("/a.txt");
  check("open directory", open("/a.txt", O_RDONLY | O_DIRECTORY));
  check("slash", open("/a.txt/", O_RDONLY));
  check("below file", open("/a.txt/b", O_RDONLY));
  check("create below none", open("/none/b", O_WRONLY | O_CREAT, 0644));
  check("unlink", unlink("/a.txt"));
  check("unlink", unlink("/a.txt"));
  return 0;
}
