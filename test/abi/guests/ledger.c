// A total that others add to: by calls, by messages, by timers; and what asks another worker.
#include "../../../sdk/c/pluvio.h"

static long total;
static char buffer[4096];

static int32_t input(void) {
  int32_t length = pluvio_input_read(buffer, sizeof buffer - 1, 0);
  if (length < 0) length = 0;
  buffer[length] = 0;
  return length;
}

static long number(const char *text) {
  long value = 0;
  while (*text >= '0' && *text <= '9') value = value * 10 + *text++ - '0';
  return value;
}

// Writes the total in decimal into the buffer.
static int32_t show(void) {
  char digits[24];
  int32_t count = 0, length = 0;
  long rest = total;
  do digits[count++] = '0' + rest % 10; while (rest /= 10);
  while (count > 0) buffer[length++] = digits[--count];
  buffer[length] = 0;
  return length;
}

PLUVIO_EXPORT(echo) void echo(void) { pluvio_output_write(buffer, input()); }

// Adds the number that it is given; gives the total.
PLUVIO_EXPORT(add) void add(void) {
  input();
  total += number(buffer);
  pluvio_output_write(buffer, show());
}

PLUVIO_EXPORT(total) void give_total(void) { pluvio_output_write(buffer, show()); }

// Messages and timers that come while nothing else is done.
PLUVIO_EXPORT(pluvio_input) void take(void) {
  input();
  total += number(buffer);
  pluvio_output_write(buffer, show());
}

// The same as blocking code, until a message says `stop`.
PLUVIO_EXPORT(serve) void serve(void) {
  while (pluvio_recv(PLUVIO_FOREVER) >= 0) {
    input();
    if (buffer[0] == 's') return;
    total += number(buffer);
    pluvio_reply(buffer, show());
  }
}

// `name number`: has that worker add the number, and gives what it replies.
PLUVIO_EXPORT(relay) void relay(void) {
  int32_t length = input(), at = 0;
  while (at < length && buffer[at] != ' ') at++;
  buffer[at] = 0;
  int32_t answer = pluvio_call(buffer, buffer + at + 1, length - at - 1, PLUVIO_FOREVER);
  if (answer < 0) answer = pluvio_result_length();
  pluvio_result_read(buffer, sizeof buffer, 0);
  pluvio_output_write(buffer, answer);
}

// As `relay`, without an answer.
PLUVIO_EXPORT(post) void post(void) {
  int32_t length = input(), at = 0;
  while (at < length && buffer[at] != ' ') at++;
  buffer[at] = 0;
  pluvio_send(buffer, buffer + at + 1, length - at - 1);
}

// Has a timer add 100 after so many milliseconds.
PLUVIO_EXPORT(remind) void remind(void) {
  input();
  pluvio_timer_set("later", number(buffer), "100", 3);
}

// Sleeps so many milliseconds, then adds 1.
PLUVIO_EXPORT(nap) void nap(void) {
  input();
  pluvio_sleep(number(buffer));
  total += 1;
  pluvio_output_write(buffer, show());
}

// Works for ever.
PLUVIO_EXPORT(spin) void spin(void) {
  volatile long turns = 0;
  for (;;) turns++;
}
