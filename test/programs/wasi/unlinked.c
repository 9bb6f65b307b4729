// Files without a name that are still open; names that move to other files.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
  char buffer[64] = {0};
  struct stat st;
  int fd = open("/gone", O_RDWR | O_CREAT, 0644);
  write(fd, "first", 5);
  unlink("/gone");
  fstat(fd, &st);
  printf("links %d size %lld\n", (int)st.st_nlink, (long long)st.st_size);
  write(fd, " second", 7);
  printf("stat %d\n", stat("/gone", &st) < 0 && errno == ENOENT);
  pread(fd, buffer, 63, 0);
  printf("%s\n", buffer);
  int other = open("/gone", O_RDWR | O_CREAT | O_EXCL, 0644);
  write(other, "new", 3);
  memset(buffer, 0, sizeof buffer);
  pread(fd, buffer, 63, 0);
  printf("%s\n", buffer);
  close(fd);

  int base = open("/base.txt", O_RDONLY);
  unlink("/base.txt");
  memset(buffer, 0, sizeof buffer);
  read(base, buffer, 4);
  printf("base %s\n", buffer);
  fd = open("/base.txt", O_RDWR | O_CREAT, 0644);
  write(fd, "replaced", 8);
  memset(buffer, 0, sizeof buffer);
  read(base, buffer, 63);
  printf("base %s", buffer);
  close(base);

  rename("/gone", "/base.txt");
  memset(buffer, 0, sizeof buffer);
  pread(fd, buffer, 63, 0);
  printf("old %s\n", buffer);
  pread(other, buffer, 63, 0);
  printf("new %s\n", buffer);
  return 0;
}
