// Descriptors: numbers, flags, rights, renumbering, preopened directories.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wasi/api.h>

static void check(const char *what, int errno_number) { printf("%s: %d\n", what, errno_number); }

int main(void) {
  __wasi_prestat_t prestat;
  check("prestat 3", __wasi_fd_prestat_get(3, &prestat));
  printf("tag %d length %d\n", prestat.tag, (int)prestat.u.dir.pr_name_len);
  char name[8] = {0};
  check("dir name", __wasi_fd_prestat_dir_name(3, (uint8_t *)name, 1));
  printf("name %s\n", name);
  check("prestat 4", __wasi_fd_prestat_get(4, &prestat));

  int a = open("/a", O_RDWR | O_CREAT, 0644);
  int b = open("/b", O_RDWR | O_CREAT, 0644);
  printf("numbers %d %d\n", a, b);
  write(a, "in a", 4);
  check("renumber", __wasi_fd_renumber(a, b));
  write(b, " more", 5);
  check("closed", __wasi_fd_close(a));
  check("renumber closed", __wasi_fd_renumber(a, b));
  check("renumber to free", __wasi_fd_renumber(b, 77));
  int again = open("/a", O_RDWR);
  printf("lowest free %d\n", again);
  char buffer[32] = {0};
  read(again, buffer, 31);
  printf("%s\n", buffer);

  __wasi_fdstat_t stat;
  check("fdstat", __wasi_fd_fdstat_get(again, &stat));
  printf("type %d\n", stat.fs_filetype);
  fcntl(again, F_SETFL, O_APPEND);
  lseek(again, 0, SEEK_SET);
  write(again, "!", 1);
  printf("at %lld\n", (long long)lseek(again, 0, SEEK_CUR));

  __wasi_rights_t reading = __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL;
  check("fewer rights", __wasi_fd_fdstat_set_rights(again, reading, 0));
  check("more rights", __wasi_fd_fdstat_set_rights(again, reading | __WASI_RIGHTS_FD_WRITE, 0));
  __wasi_ciovec_t vector = {(const uint8_t *)"x", 1};
  __wasi_size_t count;
  check("write without right", __wasi_fd_write(again, &vector, 1, &count));
  check("set size without right", __wasi_fd_filestat_set_size(again, 0));
  check("advise without right", __wasi_fd_advise(again, 0, 0, 0));

  __wasi_fd_t dir, file;
  __wasi_rights_t opening = __WASI_RIGHTS_PATH_OPEN | __WASI_RIGHTS_PATH_FILESTAT_GET;
  check("open dir", __wasi_path_open(3, 0, ".", __WASI_OFLAGS_DIRECTORY, opening, __WASI_RIGHTS_FD_READ, 0, &dir));
  check("open file", __wasi_path_open(dir, 0, "a", 0, __WASI_RIGHTS_FD_READ, 0, 0, &file));
  check("write inherited", __wasi_fd_write(file, &vector, 1, &count));
  check("open for writing", __wasi_path_open(dir, 0, "a", 0, __WASI_RIGHTS_FD_WRITE, 0, 0, &file));
  check("create without right", __wasi_path_open(dir, 0, "c", __WASI_OFLAGS_CREAT, __WASI_RIGHTS_FD_READ, 0, 0, &file));
  check("unlink without right", __wasi_path_unlink_file(dir, "a"));
  check("mkdir without right", __wasi_path_create_directory(dir, "m"));
  __wasi_filestat_t filestat;
  check("stat", __wasi_path_filestat_get(dir, 0, "a", &filestat));
  check("stat outside", __wasi_path_filestat_get(dir, 0, "../a", &filestat));

  check("bad fd", __wasi_fd_sync(99));
  check("path on file", __wasi_path_create_directory(again, "m"));
  check("advise", __wasi_fd_advise(b, 0, 0, 77));
  check("bad clock", __wasi_clock_time_get(99, 0, &(__wasi_timestamp_t){0}));
  check("bad whence", __wasi_fd_seek(b, 0, 9, &(__wasi_filesize_t){0}));
  check("close stdin", __wasi_fd_close(0));
  printf("reuse %d\n", open("/a", O_RDONLY));
  return 0;
}
