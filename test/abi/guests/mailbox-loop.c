// A service as plain blocking code: answers each message with a count that it keeps and the message in reverse, until it is told to stop.
#include "../../../sdk/c/pluvio.h"

PLUVIO_EXPORT(serve) int serve(void) {
  char message[64], answer[80];
  int served = 0;
  for (;;) {
    int32_t length = pluvio_recv(PLUVIO_FOREVER);
    if (length < 0 || length > (int32_t)sizeof message) return -1;
    pluvio_input_read(message, sizeof message, 0);
    if (length == 4 && memcmp(message, "stop", 4) == 0) return served;
    served++;
    answer[0] = '0' + served / 10;
    answer[1] = '0' + served % 10;
    answer[2] = ' ';
    for (int32_t i = 0; i < length; i++) answer[3 + i] = message[length - 1 - i];
    pluvio_kv_set("served", answer, 2);
    pluvio_publish("served", answer, 2);
    if (pluvio_reply(answer, 3 + length) < 0) return -2;
  }
}
