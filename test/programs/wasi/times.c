// Time stamps.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void show(const char *path) {
  struct stat st;
  lstat(path, &st);
  printf("%s %lld.%09ld %lld.%09ld\n", path, (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec, (long long)st.st_mtim.tv_sec,
         st.st_mtim.tv_nsec);
}

int main(void) {
  int fd = open("/file", O_RDWR | O_CREAT, 0644);
  struct timespec both[2] = {{1000, 0}, {2000, 0}};
  printf("futimens %d\n", futimens(fd, both));
  show("/file");
  struct timespec only_access[2] = {{3000, 0}, {0, UTIME_OMIT}};
  printf("utimensat %d\n", utimensat(AT_FDCWD, "/file", only_access, 0));
  show("/file");
  struct timespec now[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
  printf("now %d\n", utimensat(AT_FDCWD, "/file", now, 0));
  struct stat st;
  stat("/file", &st);
  printf("recent %d\n", st.st_mtim.tv_sec > 1577836800);
  printf("set again %d\n", futimens(fd, both));
  sleep(0);
  write(fd, "x", 1);
  fstat(fd, &st);
  printf("writing changes it %d\n", st.st_mtim.tv_sec > 2000);
  symlink("file", "/link");
  printf("link itself %d\n", utimensat(AT_FDCWD, "/link", both, AT_SYMLINK_NOFOLLOW));
  show("/link");
  printf("missing %d %s\n", utimensat(AT_FDCWD, "/none", both, 0), strerror(errno));
  return 0;
}
