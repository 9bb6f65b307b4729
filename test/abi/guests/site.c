// Answers HTTP requests: by an export for a route, and as blocking code out of the mailbox.
#include "../../../sdk/c/pluvio.h"

static char info[65536];
static long visits;

static int32_t show_visits(char *to) {
  char digits[24];
  int32_t count = 0, length = 0;
  long rest = visits;
  do digits[count++] = '0' + rest % 10; while (rest /= 10);
  while (count > 0) to[length++] = digits[--count];
  return length;
}

// Gives what it was asked, as the host says it, and the body after a line of its own.
PLUVIO_EXPORT(mirror) void mirror(void) {
  int32_t length = pluvio_message_info();
  pluvio_result_read(info, sizeof info, 0);
  pluvio_output_head("{\"status\":201,\"headers\":[[\"content-type\",\"text/plain\"],[\"x-guest\",\"site\"],"
                     "[\"connection\",\"x-secret\"],[\"x-secret\",\"1\"],[\"set-cookie\",\"a=1\"],[\"set-cookie\",\"b=2\"]]}");
  pluvio_output_write(info, length);
  pluvio_output_write("\n", 1);
  length = pluvio_input_read(info, sizeof info, 0);
  pluvio_output_write(info, length);
}

// Counts its visits.
PLUVIO_EXPORT(visit) void visit(void) {
  visits++;
  pluvio_output_write(info, show_visits(info));
}

PLUVIO_EXPORT(fail) void fail(void) { __builtin_trap(); }

// Sleeps for a second, then counts.
PLUVIO_EXPORT(slow) void slow(void) {
  pluvio_sleep(1000);
  visit();
}

// Answers from the mailbox until a message is empty: with how many it has answered; one that begins with `!` with an error.
PLUVIO_EXPORT(serve) void serve(void) {
  while (pluvio_recv(PLUVIO_FOREVER) >= 0) {
    int32_t length = pluvio_input_read(info, sizeof info, 0);
    if (length > 0 && info[0] == '!') {
      pluvio_reply_error("no");
      continue;
    }
    visits++;
    pluvio_reply_http("{\"status\":202,\"headers\":[[\"content-type\",\"text/plain\"]]}", info, show_visits(info));
  }
}
