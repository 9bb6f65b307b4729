// What POSIX says and hosts differ in. Prints only what is wrong, and the number of checks.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wasi/api.h>

static int checks;
static void expect(int line, int holds) {
  checks++;
  if (!holds) printf("line %d does not hold, errno %d %s\n", line, errno, strerror(errno));
}
#define EXPECT(condition) expect(__LINE__, (errno = 0, (condition)))

static void create(const char *path) { close(open(path, O_WRONLY | O_CREAT, 0644)); }

static int find(const char *directory, const char *name) {
  DIR *dir = opendir(directory);
  int found = 0;
  for (struct dirent *entry; dir && (entry = readdir(dir));) found += strcmp(entry->d_name, name) == 0;
  closedir(dir);
  return found;
}

int main(void) {
  struct stat st, other;
  char buffer[64] = {0};
  mkdir("/dir", 0755);
  create("/dir/file");

  // Short buffers, links that are not to be followed.
  EXPECT(symlink("dir/file", "/link") == 0);
  EXPECT(readlink("/link", buffer, 3) == 3 && strcmp(buffer, "dir") == 0);
  EXPECT(open("/link", O_RDONLY | O_NOFOLLOW) < 0 && errno == ELOOP);
  EXPECT(symlink("", "/empty") < 0 && errno == ENOENT);

  // Dot and dot-dot: entries with inode numbers, path components that need what is before them.
  EXPECT(find("/dir", ".") == 1 && find("/dir", "..") == 1 && find("/dir", "file") == 1);
  EXPECT(stat("/none/../dir", &st) < 0 && errno == ENOENT);
  EXPECT(stat("/dir/file/..", &st) < 0 && errno == ENOTDIR);
  EXPECT(unlink("/dir/.") < 0 && errno == EISDIR);
  EXPECT(rmdir("/dir/.") < 0 && errno == EINVAL);
  EXPECT(stat("/dir/file", &st) == 0 && stat("/dir/../dir/./file", &other) == 0 && st.st_ino == other.st_ino && st.st_ino != 0);

  // A directory handle is a directory, not a path.
  int dir = open("/dir", O_RDONLY | O_DIRECTORY);
  EXPECT(rename("/dir", "/moved") == 0);
  EXPECT(fstatat(dir, "file", &st, 0) == 0);
  EXPECT(unlinkat(dir, "file", 0) == 0 && stat("/moved/file", &st) < 0 && errno == ENOENT);
  EXPECT(rmdir("/moved") == 0);
  EXPECT(openat(dir, "x", O_WRONLY | O_CREAT, 0644) < 0 && errno == ENOENT);
  mkdir("/moved", 0755);
  EXPECT(openat(dir, "x", O_WRONLY | O_CREAT, 0644) < 0 && errno == ENOENT);
  EXPECT(fstat(dir, &st) == 0 && st.st_nlink == 0);

  // Removing what is listed, while it is listed: everything is seen once.
  mkdir("/many", 0755);
  for (int i = 0; i < 300; i++) {
    snprintf(buffer, sizeof buffer, "/many/an-entry-of-a-directory-%03d", i);
    create(buffer);
  }
  DIR *list = opendir("/many");
  int removed = 0;
  for (struct dirent *entry; (entry = readdir(list));) {
    if (entry->d_name[0] == '.') continue;
    snprintf(buffer, sizeof buffer, "/many/%s", entry->d_name);
    removed += unlink(buffer) == 0;
  }
  closedir(list);
  EXPECT(removed == 300 && rmdir("/many") == 0);

  // Link counts of directories.
  mkdir("/p", 0755);
  mkdir("/p/q", 0755);
  EXPECT(stat("/p", &st) == 0 && st.st_nlink == 3);
  EXPECT(rename("/p/q", "/q") == 0 && stat("/p", &st) == 0 && st.st_nlink == 2);

  // Flags, time stamps to the nanosecond.
  int fd = open("/flags", O_RDWR | O_CREAT, 0644);
  __wasi_fdstat_t fdstat;
  EXPECT(__wasi_fd_fdstat_get(fd, &fdstat) == 0 && fdstat.fs_flags == 0);
  fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK);
  EXPECT(__wasi_fd_fdstat_get(fd, &fdstat) == 0 && fdstat.fs_flags == (__WASI_FDFLAGS_APPEND | __WASI_FDFLAGS_NONBLOCK));
  struct timespec times[2] = {{1, 123456789}, {2, 987654321}};
  EXPECT(futimens(fd, times) == 0 && fstat(fd, &st) == 0);
  EXPECT(st.st_atim.tv_nsec == 123456789 && st.st_mtim.tv_nsec == 987654321);

  // A hole reads as zeros; a file cut and grown again too.
  int hole = open("/hole", O_RDWR | O_CREAT, 0644);
  EXPECT(pwrite(hole, "end", 3, 200000) == 3 && fstat(hole, &st) == 0 && st.st_size == 200003);
  memset(buffer, 1, sizeof buffer);
  EXPECT(pread(hole, buffer, 4, 131070) == 4 && buffer[0] == 0 && buffer[3] == 0);
  EXPECT(ftruncate(hole, 200001) == 0 && ftruncate(hole, 200003) == 0);
  EXPECT(pread(hole, buffer, 4, 200000) == 3 && buffer[0] == 'e' && buffer[1] == 0 && buffer[2] == 0);

  // Standard streams are no files and no sockets.
  EXPECT(lseek(1, 0, SEEK_SET) < 0 && errno == ESPIPE);
  EXPECT(__wasi_sock_shutdown(1, 1) == __WASI_ERRNO_NOTSOCK);
  EXPECT(__wasi_sock_shutdown(99, 1) == __WASI_ERRNO_BADF);
  EXPECT(isatty(1) == 1 && isatty(fd) == 0);
  printf("%d checks\n", checks);
  return 0;
}
