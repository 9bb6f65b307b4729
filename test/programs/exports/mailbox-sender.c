/* Passes inputs on to the worker that its configuration names, and asks it how often they took effect. */
#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("pluvio_v1"), import_name(#name)))

IMPORT(config_get) int config_get(const char *key, unsigned length);
IMPORT(result_read) int result_read(void *buffer, unsigned length, unsigned offset);
IMPORT(send) int send_message(const char *to, unsigned to_length, const void *body, unsigned length);
IMPORT(call) int call_worker(const char *to, unsigned to_length, const void *body, unsigned length, long long timeout_ms);

enum { APPLY, LATER, TELL };
static struct { unsigned what, input, delay_ms; } message;
static char to[64];

static int find_receiver(void) {
  int length = config_get("to", 2);
  return length < 0 ? length : result_read(to, sizeof to, 0);
}

/* Gives 1, or the code of what failed. With a delay the input takes effect by a timer. */
EXPORT(pass_on) int pass_on(unsigned input, unsigned delay_ms) {
  int length = find_receiver();
  if (length < 0) return length;
  message.what = delay_ms == 0 ? APPLY : LATER;
  message.input = input;
  message.delay_ms = delay_ms;
  int code = send_message(to, length, &message, sizeof message);
  return code < 0 ? code : 1;
}

/* How often eight inputs in a row took effect, a byte each, the first one lowest; or the code of what failed. */
EXPORT(tell) long long tell(unsigned first) {
  long long counts = 0;
  int length = find_receiver();
  if (length < 0) return length;
  message.what = TELL;
  message.input = first;
  int code = call_worker(to, length, &message, sizeof message, 5000);
  if (code < 0) return code;
  return result_read(&counts, sizeof counts, 0) == sizeof counts ? counts : -1;
}
