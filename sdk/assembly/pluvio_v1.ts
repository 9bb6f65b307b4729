// Written by `node scripts/write-docs.ts` from runtime/host/abi/host-call-table.ts.
//
// Host calls of Pluvio, version 1, for guests in AssemblyScript, as they are imported: the name of this file is that of the import
// module. Texts, bytes and buffers are pointer and length; a result below 0 is an error. docs/abi.md is the specification.

/** An argument has a value that the call does not take, is not UTF-8 or not the JSON that it must be. */
export const INVALID: i32 = -1;
/** A pointer and length lie outside the memory; nothing was read or written. */
export const FAULT: i32 = -2;
/** The worker does not have the capability, or its scopes do not cover what was asked for. */
export const DENIED: i32 = -3;
/** There is nothing of that name, or nothing to read. */
export const NOT_FOUND: i32 = -4;
/** A limit on how much the worker may keep or have under way is reached. */
export const QUOTA: i32 = -5;
/** An argument or an answer is longer than its limit. */
export const TOO_LARGE: i32 = -6;
/** The time that the call was given is over. */
export const TIMEOUT: i32 = -7;
/** The input that the guest works on was cancelled: nobody waits for it any more. */
export const CANCELLED: i32 = -8;
/** The call does not fit the moment: a second reply, a transaction inside another, none that could be ended. */
export const STATE: i32 = -9;
/** Who was asked has failed or replied with an error; its message is in the result register. */
export const FAILED: i32 = -10;
/** The request was under way when the worker was restored and may have been done; it is not repeated. */
export const INTERRUPTED: i32 = -11;
/** Who was asked could not be reached; the same call may succeed later. */
export const UNAVAILABLE: i32 = -12;

export const LOG_TRACE: u32 = 0;
export const LOG_DEBUG: u32 = 1;
export const LOG_INFO: u32 = 2;
export const LOG_WARN: u32 = 3;
export const LOG_ERROR: u32 = 4;
/** For timeouts: no end. */
export const FOREVER: i64 = -1;

/**
 * Length of the current input's body: that of the message taken last, or of the call. Waits for the end of one
 * that is still on its way; `CANCELLED`: it broke off. Gives a length, or an error.
 */
export declare function input_length(): i32;

/**
 * Copies the current input's body from `offset` on; gives how many bytes, 0 at its end. Waits for more of one
 * that is still on its way, and gives what has come; `CANCELLED`: it broke off. Gives a length, or an error.
 */
export declare function input_read(buffer: usize, bufferSize: usize, offset: u32): i32;

/**
 * Appends to what the call of the export gives back. `STATE` outside of one that the node made for an input.
 * Gives 0 or an error.
 */
export declare function output_write(data: usize, dataLength: usize): i32;

/**
 * Sets status and headers of the answer to an HTTP request that an export handles; a later call replaces them.
 * Gives 0 or an error.
 */
export declare function output_head(head: usize, headLength: usize): i32;

/**
 * Length of the result register. Gives a length, or an error.
 */
export declare function result_length(): i32;

/**
 * Copies the result register from `offset` on; gives how many bytes, 0 at its end. Gives a length, or an error.
 */
export declare function result_read(buffer: usize, bufferSize: usize, offset: u32): i32;

/**
 * Writes a log entry; `fields` is a JSON object, or empty for none. Values of secrets that the worker has read
 * are masked. Gives 0 or an error.
 */
export declare function log(level: u32, message: usize, messageLength: usize, fields: usize, fieldsLength: usize): i32;

/**
 * A value of the manifest's configuration. Gives the length of the result register, or an error.
 */
export declare function config_get(key: usize, keyLength: usize): i32;

/**
 * A secret, as the node has it now. A snapshot holds its name in place of the register's bytes. Gives the length
 * of the result register, or an error.
 */
export declare function secret_get(name: usize, nameLength: usize): i32;

/**
 * Who the worker is: JSON with at least `name`. Gives the length of the result register, or an error.
 */
export declare function self_info(): i32;

/**
 * Who the current input comes from: JSON `{kind: client|worker|node, name, tenant?}`. Gives the length of the
 * result register, or an error.
 */
export declare function caller_info(): i32;

/**
 * W3C `traceparent` of the current input. Gives the length of the result register, or an error.
 */
export declare function trace_context(): i32;

/**
 * The value of a key. Gives the length of the result register, or an error.
 */
export declare function kv_get(key: usize, keyLength: usize): i32;

/**
 * Sets the value of a key. Gives 0 or an error.
 */
export declare function kv_set(key: usize, keyLength: usize, value: usize, valueLength: usize): i32;

/**
 * Removes a key. Gives 0 or an error.
 */
export declare function kv_delete(key: usize, keyLength: usize): i32;

/**
 * Keys with that prefix after `cursor` (empty: from the first), by their UTF-8 bytes: JSON `{names, cursor}`;
 * `cursor` is null at the end. 1 to 1000 of them. Gives the length of the result register, or an error.
 */
export declare function kv_list(prefix: usize, prefixLength: usize, cursor: usize, cursorLength: usize, limit: u32): i32;

/**
 * Begins a transaction over keys. One that is open when the input is over is rolled back. Gives 0 or an error.
 */
export declare function kv_begin(): i32;

/**
 * Ends the transaction; what was done in it stays. Gives 0 or an error.
 */
export declare function kv_commit(): i32;

/**
 * Ends the transaction; all keys are as they were when it began. Gives 0 or an error.
 */
export declare function kv_rollback(): i32;

/**
 * Writes into a blob, which is made if there is none. `offset` is at most its size: it has no holes. Gives 0 or
 * an error.
 */
export declare function blob_write(name: usize, nameLength: usize, offset: u32, data: usize, dataLength: usize): i32;

/**
 * Copies a blob from `offset` on; gives how many bytes, 0 at its end. Gives a length, or an error.
 */
export declare function blob_read(name: usize, nameLength: usize, offset: u32, buffer: usize, bufferSize: usize): i32;

/**
 * Size of a blob in bytes. Gives a length, or an error.
 */
export declare function blob_size(name: usize, nameLength: usize): i32;

/**
 * Removes a blob. Gives 0 or an error.
 */
export declare function blob_delete(name: usize, nameLength: usize): i32;

/**
 * Names of blobs, as `kv_list`. Gives the length of the result register, or an error.
 */
export declare function blob_list(prefix: usize, prefixLength: usize, cursor: usize, cursorLength: usize, limit: u32): i32;

/**
 * Wall clock: nanoseconds since 1970. It may jump, also backwards. Gives nanoseconds, or an error.
 */
export declare function time_now(): i64;

/**
 * Fills the buffer from a cryptographic source. Gives 0 or an error.
 */
export declare function random(buffer: usize, bufferSize: usize): i32;

/**
 * Waits. Gives 0 or an error.
 */
export declare function sleep(durationMs: i64): i32;

/**
 * Sets a timer, in place of one with that id: an input of kind `timer` with that payload comes once. Gives 0 or
 * an error.
 */
export declare function timer_set(id: usize, idLength: usize, afterMs: i64, payload: usize, payloadLength: usize): i32;

/**
 * Sets a timer that comes again and again: `minute hour day month weekday`, UTC. It is due next when its input
 * is taken: what was missed comes once. Gives 0 or an error.
 */
export declare function cron_set(id: usize, idLength: usize, expression: usize, expressionLength: usize, payload: usize, payloadLength: usize): i32;

/**
 * Removes a timer, also one whose input waits to be taken. Gives 0 or an error.
 */
export declare function timer_cancel(id: usize, idLength: usize): i32;

/**
 * All timers: JSON `[{id, dueMs, expression?}]`, by id. Gives the length of the result register, or an error.
 */
export declare function timer_list(): i32;

/**
 * The message taken before is over. Waits for the next one (negative timeout: for ever) and makes it the current
 * input; gives its length. Gives a length, or an error.
 */
export declare function recv(timeoutMs: i64): i32;

/**
 * What the current input is: JSON `{id, kind: call|message|timer|topic|http, caller?, from?, topic?, timer?,
 * dueMs?, reply?, deadlineMs?, method?, url?, headers?, traceparent?}`. Gives the length of the result register,
 * or an error.
 */
export declare function message_info(): i32;

/**
 * Answers the message taken last, once. `STATE` if nobody waits for an answer. Gives 0 or an error.
 */
export declare function reply(body: usize, bodyLength: usize): i32;

/**
 * As `reply`, with status and headers: JSON `{status, headers: [[name, value]]}`. Gives 0 or an error.
 */
export declare function reply_http(head: usize, headLength: usize, body: usize, bodyLength: usize): i32;

/**
 * As `reply`: who waits gets the error `FAILED` with this message. Gives 0 or an error.
 */
export declare function reply_error(message: usize, messageLength: usize): i32;

/**
 * Sends a message to a worker and does not wait. It leaves when the current input is durable. Gives 0 or an
 * error.
 */
export declare function send(to: usize, toLength: usize, body: usize, bodyLength: usize): i32;

/**
 * Sends a message to a worker and waits for its reply (negative timeout: for ever). Gives the length of the
 * result register, or an error.
 */
export declare function call(to: usize, toLength: usize, body: usize, bodyLength: usize, timeoutMs: i64): i32;

/**
 * From now on what is published there comes as an input of kind `topic`. Twice is as good as once. Gives 0 or an
 * error.
 */
export declare function subscribe(topic: usize, topicLength: usize): i32;

/**
 * Ends a subscription. Gives 0 or an error.
 */
export declare function unsubscribe(topic: usize, topicLength: usize): i32;

/**
 * Sends a message to all who have subscribed. It leaves when the current input is durable. Gives 0 or an error.
 */
export declare function publish(topic: usize, topicLength: usize, body: usize, bodyLength: usize): i32;

/**
 * Sends an HTTP request, JSON `{url, method?, headers?: [[name, value]], timeoutMs?, repeatable?}`, and waits.
 * The result is the head, JSON `{status, headers, bodyBytes}`; the body goes to a register of its own. Gives the
 * length of the result register, or an error.
 */
export declare function http_fetch(request: usize, requestLength: usize, body: usize, bodyLength: usize): i32;

/**
 * Length of the body that `http_fetch` got last. Gives a length, or an error.
 */
export declare function fetch_body_length(): i32;

/**
 * Copies that body from `offset` on; gives how many bytes, 0 at its end. Gives a length, or an error.
 */
export declare function fetch_body_read(buffer: usize, bufferSize: usize, offset: u32): i32;

/**
 * Waits until the worker's state, with all that it did so far, is durable. Gives 0 or an error.
 */
export declare function checkpoint(): i32;
