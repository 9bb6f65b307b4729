/* Counts how often each input took effect. Inputs come as messages and by timers, for ever; it answers questions about them. */
#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("pluvio_v1"), import_name(#name)))

IMPORT(recv) int recv(long long timeout_ms);
IMPORT(input_read) int input_read(void *buffer, unsigned length, unsigned offset);
IMPORT(reply) int reply(const void *body, unsigned length);
IMPORT(timer_set) int timer_set(const char *id, unsigned id_length, long long after_ms, const void *payload, unsigned length);

#define INPUTS 32768u
static unsigned char counts[INPUTS];

/* What is to be done with an input: now, when the delay is over, or to tell of it and the seven that follow. */
enum { APPLY, LATER, TELL };
static struct { unsigned what, input, delay_ms; } message;

/* A timer for each input: its number in sixteen characters. */
static void set_timer(void) {
  char id[16];
  for (unsigned at = 0; at < sizeof id; at++) id[at] = 'a' + (message.input >> 2 * at & 3);
  message.what = APPLY;
  timer_set(id, sizeof id, message.delay_ms, &message, sizeof message);
}

EXPORT(_start) void start(void) {
  for (;;) {
    if (recv(-1) < 0) continue;
    if (input_read(&message, sizeof message, 0) != sizeof message) continue;
    unsigned input = message.input % (INPUTS - 8);
    if (message.what == APPLY) counts[input]++;
    else if (message.what == LATER) set_timer();
    else reply(counts + input, 8);
  }
}
