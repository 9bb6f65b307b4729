// Symbolic and hard links; paths that try to leave the preopened directory.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerror(errno));
  else printf("%s: ok\n", what);
}

static void put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  check(path, fd);
  if (fd >= 0) write(fd, text, strlen(text));
  close(fd);
}

static void show(const char *path) {
  char buffer[64] = {0};
  int fd = open(path, O_RDONLY);
  if (fd < 0) {
    printf("show %s: %s\n", path, strerror(errno));
    return;
  }
  read(fd, buffer, sizeof buffer - 1);
  close(fd);
  printf("show %s: %s\n", path, buffer);
}

static void escapes(const char *path) {
  struct stat st;
  printf("escape %s: %s\n", path, stat(path, &st) < 0 ? "refused" : "FOUND");
}

int main(void) {
  mkdir("/dir", 0755);
  put("/dir/file", "content");
  check("symlink", symlink("dir/file", "/s"));
  check("symlink exists", symlink("dir/file", "/s"));
  show("/s");
  char buffer[64] = {0};
  printf("readlink %ld ", (long)readlink("/s", buffer, sizeof buffer));
  printf("%s\n", buffer);
  check("readlink file", readlink("/dir/file", buffer, 3));
  struct stat st;
  lstat("/s", &st);
  printf("lstat link %d size %lld\n", S_ISLNK(st.st_mode), (long long)st.st_size);
  stat("/s", &st);
  printf("stat link %d size %lld\n", S_ISLNK(st.st_mode), (long long)st.st_size);
  symlink("dir", "/d");
  show("/d/file");
  check("directory through link", open("/d", O_RDONLY | O_DIRECTORY));
  check("excl through link", open("/s", O_WRONLY | O_CREAT | O_EXCL, 0644));
  symlink("loop-b", "/loop-a");
  symlink("loop-a", "/loop-b");
  show("/loop-a");
  show("/loop-a/x");
  symlink("missing", "/dangling");
  show("/dangling");
  put("/dangling", "made through a link");
  show("/missing");
  symlink("../s", "/dir/up");
  show("/dir/up");
  check("unlink link", unlink("/s"));
  show("/dir/file");
  show("/dir/up");

  check("link", link("/dir/file", "/hard"));
  check("link exists", link("/dir/file", "/hard"));
  check("link directory", link("/dir", "/dir2"));
  check("link missing", link("/none", "/some"));
  stat("/hard", &st);
  printf("links %d\n", (int)st.st_nlink);
  put("/hard", "changed");
  show("/dir/file");
  check("unlink", unlink("/dir/file"));
  show("/hard");
  stat("/hard", &st);
  printf("links %d\n", (int)st.st_nlink);
  check("rename onto link", rename("/hard", "/dangling"));
  lstat("/dangling", &st);
  printf("regular %d\n", S_ISREG(st.st_mode));

  escapes("/../etc/passwd");
  escapes("/dir/../../etc/passwd");
  symlink("../../../../../../etc/passwd", "/out");
  escapes("/out");
  symlink("..", "/parent");
  escapes("/parent/etc/passwd");
  return 0;
}
