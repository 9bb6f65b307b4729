/* Gives back what it is called with: bytes, through the calls of the host. */
#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("pluvio_v1"), import_name(#name)))

IMPORT(input_read) int input_read(void *buffer, unsigned length, unsigned offset);
IMPORT(output_write) int output_write(const void *data, unsigned length);

static char buffer[8192];

EXPORT(echo) void echo(void) {
  unsigned offset = 0;
  int length;
  do {
    length = input_read(buffer, sizeof buffer, offset);
    if (length <= 0) return;
    output_write(buffer, length);
    offset += length;
  } while (length == sizeof buffer);
}
