// Writes what host calls gave to the output, a line each, so that runs can be compared.
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

#include "../../../sdk/c/pluvio.h"

static void write_text(const char *text) { pluvio_output_write(text, strlen(text)); }

static void write_number(int64_t value) {
  char digits[24];
  int at = sizeof digits;
  uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
  do {
    digits[--at] = '0' + rest % 10;
    rest /= 10;
  } while (rest != 0);
  if (value < 0) digits[--at] = '-';
  pluvio_output_write(digits + at, sizeof digits - at);
}

// "name value\n"
static void line(const char *name, int64_t value) {
  write_text(name);
  write_text(" ");
  write_number(value);
  write_text("\n");
}

typedef int32_t (*reader)(void *buffer, size_t size, uint32_t offset);

// "name length [what the register holds]\n"; reads it in small pieces.
static void line_with(const char *name, int64_t length, reader read) {
  write_text(name);
  write_text(" ");
  write_number(length);
  if (length >= 0) {
    char piece[13];
    int32_t count;
    write_text(" [");
    for (uint32_t at = 0; (count = read(piece, sizeof piece, at)) > 0; at += count) pluvio_output_write(piece, count);
    write_text("]");
  }
  write_text("\n");
}

static void result(const char *name, int64_t length) { line_with(name, length, pluvio_result_read); }
static void body(const char *name, int64_t length) { line_with(name, length, pluvio_input_read); }

#endif
