// Written by `node scripts/write-docs.ts` from runtime/host/abi/host-call-table.ts.
//
// Host calls of Pluvio, version 1, for guests in C and C++. docs/abi.md is the specification.
//
// pluvio_raw_NAME is the import, with a length for every text; pluvio_NAME takes texts that end with NUL, and NULL for an empty one.
// A result below 0 is an error of enum pluvio_error.
#ifndef PLUVIO_H
#define PLUVIO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PLUVIO_IMPORT(name) __attribute__((import_module("pluvio_v1"), import_name(#name)))
// Makes a function an export of the module.
#define PLUVIO_EXPORT(name) __attribute__((export_name(#name)))

enum pluvio_error {
  PLUVIO_INVALID = -1, // An argument has a value that the call does not take, is not UTF-8 or not the JSON that it must be.
  PLUVIO_FAULT = -2, // A pointer and length lie outside the memory; nothing was read or written.
  PLUVIO_DENIED = -3, // The worker does not have the capability, or its scopes do not cover what was asked for.
  PLUVIO_NOT_FOUND = -4, // There is nothing of that name, or nothing to read.
  PLUVIO_QUOTA = -5, // A limit on how much the worker may keep or have under way is reached.
  PLUVIO_TOO_LARGE = -6, // An argument or an answer is longer than its limit.
  PLUVIO_TIMEOUT = -7, // The time that the call was given is over.
  PLUVIO_CANCELLED = -8, // The input that the guest works on was cancelled: nobody waits for it any more.
  PLUVIO_STATE = -9, // The call does not fit the moment: a second reply, a transaction inside another, none that could be ended.
  PLUVIO_FAILED = -10, // Who was asked has failed or replied with an error; its message is in the result register.
  PLUVIO_INTERRUPTED = -11, // The request was under way when the worker was restored and may have been done; it is not repeated.
  PLUVIO_UNAVAILABLE = -12, // Who was asked could not be reached; the same call may succeed later.
};

enum pluvio_level { PLUVIO_TRACE, PLUVIO_DEBUG, PLUVIO_INFO, PLUVIO_WARN, PLUVIO_ERROR };

// For timeouts: no end.
#define PLUVIO_FOREVER ((int64_t)-1)

static inline size_t pluvio_length(const char *text) { return text ? strlen(text) : 0; }

// Length of the current input's body: that of the message taken last, or of the call. Waits for the end of one
// that is still on its way; `CANCELLED`: it broke off. Gives a length, or an error.
PLUVIO_IMPORT(input_length) int32_t pluvio_raw_input_length(void);
static inline int32_t pluvio_input_length(void) { return pluvio_raw_input_length(); }

// Copies the current input's body from `offset` on; gives how many bytes, 0 at its end. Waits for more of one
// that is still on its way, and gives what has come; `CANCELLED`: it broke off. Gives a length, or an error.
PLUVIO_IMPORT(input_read) int32_t pluvio_raw_input_read(void *buffer, size_t buffer_size, uint32_t offset);
static inline int32_t pluvio_input_read(void *buffer, size_t buffer_size, uint32_t offset) { return pluvio_raw_input_read(buffer, buffer_size, offset); }

// Appends to what the call of the export gives back. `STATE` outside of one that the node made for an input.
// Gives 0 or an error.
PLUVIO_IMPORT(output_write) int32_t pluvio_raw_output_write(const void *data, size_t data_length);
static inline int32_t pluvio_output_write(const void *data, size_t data_length) { return pluvio_raw_output_write(data, data_length); }

// Sets status and headers of the answer to an HTTP request that an export handles; a later call replaces them.
// Gives 0 or an error.
PLUVIO_IMPORT(output_head) int32_t pluvio_raw_output_head(const char *head, size_t head_length);
static inline int32_t pluvio_output_head(const char *head) { return pluvio_raw_output_head(head, pluvio_length(head)); }

// Length of the result register. Gives a length, or an error.
PLUVIO_IMPORT(result_length) int32_t pluvio_raw_result_length(void);
static inline int32_t pluvio_result_length(void) { return pluvio_raw_result_length(); }

// Copies the result register from `offset` on; gives how many bytes, 0 at its end. Gives a length, or an error.
PLUVIO_IMPORT(result_read) int32_t pluvio_raw_result_read(void *buffer, size_t buffer_size, uint32_t offset);
static inline int32_t pluvio_result_read(void *buffer, size_t buffer_size, uint32_t offset) { return pluvio_raw_result_read(buffer, buffer_size, offset); }

// Writes a log entry; `fields` is a JSON object, or empty for none. Values of secrets that the worker has read
// are masked. Gives 0 or an error.
PLUVIO_IMPORT(log) int32_t pluvio_raw_log(uint32_t level, const char *message, size_t message_length, const char *fields, size_t fields_length);
static inline int32_t pluvio_log(uint32_t level, const char *message, const char *fields) { return pluvio_raw_log(level, message, pluvio_length(message), fields, pluvio_length(fields)); }

// A value of the manifest's configuration. Gives the length of the result register, or an error.
PLUVIO_IMPORT(config_get) int32_t pluvio_raw_config_get(const char *key, size_t key_length);
static inline int32_t pluvio_config_get(const char *key) { return pluvio_raw_config_get(key, pluvio_length(key)); }

// A secret, as the node has it now. A snapshot holds its name in place of the register's bytes. Gives the length
// of the result register, or an error.
PLUVIO_IMPORT(secret_get) int32_t pluvio_raw_secret_get(const char *name, size_t name_length);
static inline int32_t pluvio_secret_get(const char *name) { return pluvio_raw_secret_get(name, pluvio_length(name)); }

// Who the worker is: JSON with at least `name`. Gives the length of the result register, or an error.
PLUVIO_IMPORT(self_info) int32_t pluvio_raw_self_info(void);
static inline int32_t pluvio_self_info(void) { return pluvio_raw_self_info(); }

// Who the current input comes from: JSON `{kind: client|worker|node, name, tenant?}`. Gives the length of the
// result register, or an error.
PLUVIO_IMPORT(caller_info) int32_t pluvio_raw_caller_info(void);
static inline int32_t pluvio_caller_info(void) { return pluvio_raw_caller_info(); }

// W3C `traceparent` of the current input. Gives the length of the result register, or an error.
PLUVIO_IMPORT(trace_context) int32_t pluvio_raw_trace_context(void);
static inline int32_t pluvio_trace_context(void) { return pluvio_raw_trace_context(); }

// The value of a key. Gives the length of the result register, or an error.
PLUVIO_IMPORT(kv_get) int32_t pluvio_raw_kv_get(const char *key, size_t key_length);
static inline int32_t pluvio_kv_get(const char *key) { return pluvio_raw_kv_get(key, pluvio_length(key)); }

// Sets the value of a key. Gives 0 or an error.
PLUVIO_IMPORT(kv_set) int32_t pluvio_raw_kv_set(const char *key, size_t key_length, const void *value, size_t value_length);
static inline int32_t pluvio_kv_set(const char *key, const void *value, size_t value_length) { return pluvio_raw_kv_set(key, pluvio_length(key), value, value_length); }

// Removes a key. Gives 0 or an error.
PLUVIO_IMPORT(kv_delete) int32_t pluvio_raw_kv_delete(const char *key, size_t key_length);
static inline int32_t pluvio_kv_delete(const char *key) { return pluvio_raw_kv_delete(key, pluvio_length(key)); }

// Keys with that prefix after `cursor` (empty: from the first), by their UTF-8 bytes: JSON `{names, cursor}`;
// `cursor` is null at the end. 1 to 1000 of them. Gives the length of the result register, or an error.
PLUVIO_IMPORT(kv_list) int32_t pluvio_raw_kv_list(const char *prefix, size_t prefix_length, const char *cursor, size_t cursor_length, uint32_t limit);
static inline int32_t pluvio_kv_list(const char *prefix, const char *cursor, uint32_t limit) { return pluvio_raw_kv_list(prefix, pluvio_length(prefix), cursor, pluvio_length(cursor), limit); }

// Begins a transaction over keys. One that is open when the input is over is rolled back. Gives 0 or an error.
PLUVIO_IMPORT(kv_begin) int32_t pluvio_raw_kv_begin(void);
static inline int32_t pluvio_kv_begin(void) { return pluvio_raw_kv_begin(); }

// Ends the transaction; what was done in it stays. Gives 0 or an error.
PLUVIO_IMPORT(kv_commit) int32_t pluvio_raw_kv_commit(void);
static inline int32_t pluvio_kv_commit(void) { return pluvio_raw_kv_commit(); }

// Ends the transaction; all keys are as they were when it began. Gives 0 or an error.
PLUVIO_IMPORT(kv_rollback) int32_t pluvio_raw_kv_rollback(void);
static inline int32_t pluvio_kv_rollback(void) { return pluvio_raw_kv_rollback(); }

// Writes into a blob, which is made if there is none. `offset` is at most its size: it has no holes. Gives 0 or
// an error.
PLUVIO_IMPORT(blob_write) int32_t pluvio_raw_blob_write(const char *name, size_t name_length, uint32_t offset, const void *data, size_t data_length);
static inline int32_t pluvio_blob_write(const char *name, uint32_t offset, const void *data, size_t data_length) { return pluvio_raw_blob_write(name, pluvio_length(name), offset, data, data_length); }

// Copies a blob from `offset` on; gives how many bytes, 0 at its end. Gives a length, or an error.
PLUVIO_IMPORT(blob_read) int32_t pluvio_raw_blob_read(const char *name, size_t name_length, uint32_t offset, void *buffer, size_t buffer_size);
static inline int32_t pluvio_blob_read(const char *name, uint32_t offset, void *buffer, size_t buffer_size) { return pluvio_raw_blob_read(name, pluvio_length(name), offset, buffer, buffer_size); }

// Size of a blob in bytes. Gives a length, or an error.
PLUVIO_IMPORT(blob_size) int32_t pluvio_raw_blob_size(const char *name, size_t name_length);
static inline int32_t pluvio_blob_size(const char *name) { return pluvio_raw_blob_size(name, pluvio_length(name)); }

// Removes a blob. Gives 0 or an error.
PLUVIO_IMPORT(blob_delete) int32_t pluvio_raw_blob_delete(const char *name, size_t name_length);
static inline int32_t pluvio_blob_delete(const char *name) { return pluvio_raw_blob_delete(name, pluvio_length(name)); }

// Names of blobs, as `kv_list`. Gives the length of the result register, or an error.
PLUVIO_IMPORT(blob_list) int32_t pluvio_raw_blob_list(const char *prefix, size_t prefix_length, const char *cursor, size_t cursor_length, uint32_t limit);
static inline int32_t pluvio_blob_list(const char *prefix, const char *cursor, uint32_t limit) { return pluvio_raw_blob_list(prefix, pluvio_length(prefix), cursor, pluvio_length(cursor), limit); }

// Wall clock: nanoseconds since 1970. It may jump, also backwards. Gives nanoseconds, or an error.
PLUVIO_IMPORT(time_now) int64_t pluvio_raw_time_now(void);
static inline int64_t pluvio_time_now(void) { return pluvio_raw_time_now(); }

// Fills the buffer from a cryptographic source. Gives 0 or an error.
PLUVIO_IMPORT(random) int32_t pluvio_raw_random(void *buffer, size_t buffer_size);
static inline int32_t pluvio_random(void *buffer, size_t buffer_size) { return pluvio_raw_random(buffer, buffer_size); }

// Waits. Gives 0 or an error.
PLUVIO_IMPORT(sleep) int32_t pluvio_raw_sleep(int64_t duration_ms);
static inline int32_t pluvio_sleep(int64_t duration_ms) { return pluvio_raw_sleep(duration_ms); }

// Sets a timer, in place of one with that id: an input of kind `timer` with that payload comes once. Gives 0 or
// an error.
PLUVIO_IMPORT(timer_set) int32_t pluvio_raw_timer_set(const char *id, size_t id_length, int64_t after_ms, const void *payload, size_t payload_length);
static inline int32_t pluvio_timer_set(const char *id, int64_t after_ms, const void *payload, size_t payload_length) { return pluvio_raw_timer_set(id, pluvio_length(id), after_ms, payload, payload_length); }

// Sets a timer that comes again and again: `minute hour day month weekday`, UTC. It is due next when its input
// is taken: what was missed comes once. Gives 0 or an error.
PLUVIO_IMPORT(cron_set) int32_t pluvio_raw_cron_set(const char *id, size_t id_length, const char *expression, size_t expression_length, const void *payload, size_t payload_length);
static inline int32_t pluvio_cron_set(const char *id, const char *expression, const void *payload, size_t payload_length) { return pluvio_raw_cron_set(id, pluvio_length(id), expression, pluvio_length(expression), payload, payload_length); }

// Removes a timer, also one whose input waits to be taken. Gives 0 or an error.
PLUVIO_IMPORT(timer_cancel) int32_t pluvio_raw_timer_cancel(const char *id, size_t id_length);
static inline int32_t pluvio_timer_cancel(const char *id) { return pluvio_raw_timer_cancel(id, pluvio_length(id)); }

// All timers: JSON `[{id, dueMs, expression?}]`, by id. Gives the length of the result register, or an error.
PLUVIO_IMPORT(timer_list) int32_t pluvio_raw_timer_list(void);
static inline int32_t pluvio_timer_list(void) { return pluvio_raw_timer_list(); }

// The message taken before is over. Waits for the next one (negative timeout: for ever) and makes it the current
// input; gives its length. Gives a length, or an error.
PLUVIO_IMPORT(recv) int32_t pluvio_raw_recv(int64_t timeout_ms);
static inline int32_t pluvio_recv(int64_t timeout_ms) { return pluvio_raw_recv(timeout_ms); }

// What the current input is: JSON `{id, kind: call|message|timer|topic|http, caller?, from?, topic?, timer?,
// dueMs?, reply?, deadlineMs?, method?, url?, headers?, traceparent?}`. Gives the length of the result register,
// or an error.
PLUVIO_IMPORT(message_info) int32_t pluvio_raw_message_info(void);
static inline int32_t pluvio_message_info(void) { return pluvio_raw_message_info(); }

// Answers the message taken last, once. `STATE` if nobody waits for an answer. Gives 0 or an error.
PLUVIO_IMPORT(reply) int32_t pluvio_raw_reply(const void *body, size_t body_length);
static inline int32_t pluvio_reply(const void *body, size_t body_length) { return pluvio_raw_reply(body, body_length); }

// As `reply`, with status and headers: JSON `{status, headers: [[name, value]]}`. Gives 0 or an error.
PLUVIO_IMPORT(reply_http) int32_t pluvio_raw_reply_http(const char *head, size_t head_length, const void *body, size_t body_length);
static inline int32_t pluvio_reply_http(const char *head, const void *body, size_t body_length) { return pluvio_raw_reply_http(head, pluvio_length(head), body, body_length); }

// As `reply`: who waits gets the error `FAILED` with this message. Gives 0 or an error.
PLUVIO_IMPORT(reply_error) int32_t pluvio_raw_reply_error(const char *message, size_t message_length);
static inline int32_t pluvio_reply_error(const char *message) { return pluvio_raw_reply_error(message, pluvio_length(message)); }

// Sends a message to a worker and does not wait. It leaves when the current input is durable. Gives 0 or an
// error.
PLUVIO_IMPORT(send) int32_t pluvio_raw_send(const char *to, size_t to_length, const void *body, size_t body_length);
static inline int32_t pluvio_send(const char *to, const void *body, size_t body_length) { return pluvio_raw_send(to, pluvio_length(to), body, body_length); }

// Sends a message to a worker and waits for its reply (negative timeout: for ever). Gives the length of the
// result register, or an error.
PLUVIO_IMPORT(call) int32_t pluvio_raw_call(const char *to, size_t to_length, const void *body, size_t body_length, int64_t timeout_ms);
static inline int32_t pluvio_call(const char *to, const void *body, size_t body_length, int64_t timeout_ms) { return pluvio_raw_call(to, pluvio_length(to), body, body_length, timeout_ms); }

// From now on what is published there comes as an input of kind `topic`. Twice is as good as once. Gives 0 or an
// error.
PLUVIO_IMPORT(subscribe) int32_t pluvio_raw_subscribe(const char *topic, size_t topic_length);
static inline int32_t pluvio_subscribe(const char *topic) { return pluvio_raw_subscribe(topic, pluvio_length(topic)); }

// Ends a subscription. Gives 0 or an error.
PLUVIO_IMPORT(unsubscribe) int32_t pluvio_raw_unsubscribe(const char *topic, size_t topic_length);
static inline int32_t pluvio_unsubscribe(const char *topic) { return pluvio_raw_unsubscribe(topic, pluvio_length(topic)); }

// Sends a message to all who have subscribed. It leaves when the current input is durable. Gives 0 or an error.
PLUVIO_IMPORT(publish) int32_t pluvio_raw_publish(const char *topic, size_t topic_length, const void *body, size_t body_length);
static inline int32_t pluvio_publish(const char *topic, const void *body, size_t body_length) { return pluvio_raw_publish(topic, pluvio_length(topic), body, body_length); }

// Sends an HTTP request, JSON `{url, method?, headers?: [[name, value]], timeoutMs?, repeatable?}`, and waits.
// The result is the head, JSON `{status, headers, bodyBytes}`; the body goes to a register of its own. Gives the
// length of the result register, or an error.
PLUVIO_IMPORT(http_fetch) int32_t pluvio_raw_http_fetch(const char *request, size_t request_length, const void *body, size_t body_length);
static inline int32_t pluvio_http_fetch(const char *request, const void *body, size_t body_length) { return pluvio_raw_http_fetch(request, pluvio_length(request), body, body_length); }

// Length of the body that `http_fetch` got last. Gives a length, or an error.
PLUVIO_IMPORT(fetch_body_length) int32_t pluvio_raw_fetch_body_length(void);
static inline int32_t pluvio_fetch_body_length(void) { return pluvio_raw_fetch_body_length(); }

// Copies that body from `offset` on; gives how many bytes, 0 at its end. Gives a length, or an error.
PLUVIO_IMPORT(fetch_body_read) int32_t pluvio_raw_fetch_body_read(void *buffer, size_t buffer_size, uint32_t offset);
static inline int32_t pluvio_fetch_body_read(void *buffer, size_t buffer_size, uint32_t offset) { return pluvio_raw_fetch_body_read(buffer, buffer_size, offset); }

// Waits until the worker's state, with all that it did so far, is durable. Gives 0 or an error.
PLUVIO_IMPORT(checkpoint) int32_t pluvio_raw_checkpoint(void);
static inline int32_t pluvio_checkpoint(void) { return pluvio_raw_checkpoint(); }

#ifdef __cplusplus
}
#endif
#endif
