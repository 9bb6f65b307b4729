// Written by `node scripts/write-docs.ts` from runtime/host/abi/host-call-table.ts.

//! Host calls of Pluvio, version 1, as they are imported. Texts, bytes and buffers are pointer and length; a result below 0 is
//! an error. docs/abi.md is the specification.
//!
//! Pointers and lengths must name memory of the program; apart from that no call is unsafe.

/// An argument has a value that the call does not take, is not UTF-8 or not the JSON that it must be.
pub const INVALID: i32 = -1;
/// A pointer and length lie outside the memory; nothing was read or written.
pub const FAULT: i32 = -2;
/// The worker does not have the capability, or its scopes do not cover what was asked for.
pub const DENIED: i32 = -3;
/// There is nothing of that name, or nothing to read.
pub const NOT_FOUND: i32 = -4;
/// A limit on how much the worker may keep or have under way is reached.
pub const QUOTA: i32 = -5;
/// An argument or an answer is longer than its limit.
pub const TOO_LARGE: i32 = -6;
/// The time that the call was given is over.
pub const TIMEOUT: i32 = -7;
/// The input that the guest works on was cancelled: nobody waits for it any more.
pub const CANCELLED: i32 = -8;
/// The call does not fit the moment: a second reply, a transaction inside another, none that could be ended.
pub const STATE: i32 = -9;
/// Who was asked has failed or replied with an error; its message is in the result register.
pub const FAILED: i32 = -10;
/// The request was under way when the worker was restored and may have been done; it is not repeated.
pub const INTERRUPTED: i32 = -11;
/// Who was asked could not be reached; the same call may succeed later.
pub const UNAVAILABLE: i32 = -12;

pub const LOG_TRACE: u32 = 0;
pub const LOG_DEBUG: u32 = 1;
pub const LOG_INFO: u32 = 2;
pub const LOG_WARN: u32 = 3;
pub const LOG_ERROR: u32 = 4;
/// For timeouts: no end.
pub const FOREVER: i64 = -1;

/// Why a call could not be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCode {
    /// An argument has a value that the call does not take, is not UTF-8 or not the JSON that it must be.
    Invalid,
    /// A pointer and length lie outside the memory; nothing was read or written.
    Fault,
    /// The worker does not have the capability, or its scopes do not cover what was asked for.
    Denied,
    /// There is nothing of that name, or nothing to read.
    NotFound,
    /// A limit on how much the worker may keep or have under way is reached.
    Quota,
    /// An argument or an answer is longer than its limit.
    TooLarge,
    /// The time that the call was given is over.
    Timeout,
    /// The input that the guest works on was cancelled: nobody waits for it any more.
    Cancelled,
    /// The call does not fit the moment: a second reply, a transaction inside another, none that could be ended.
    State,
    /// Who was asked has failed or replied with an error; its message is in the result register.
    Failed,
    /// The request was under way when the worker was restored and may have been done; it is not repeated.
    Interrupted,
    /// Who was asked could not be reached; the same call may succeed later.
    Unavailable,
    /// A code that this version of the SDK does not know.
    Unknown(i32),
}

impl ErrorCode {
    pub(crate) fn of(code: i32) -> Self {
        match code {
            INVALID => ErrorCode::Invalid,
            FAULT => ErrorCode::Fault,
            DENIED => ErrorCode::Denied,
            NOT_FOUND => ErrorCode::NotFound,
            QUOTA => ErrorCode::Quota,
            TOO_LARGE => ErrorCode::TooLarge,
            TIMEOUT => ErrorCode::Timeout,
            CANCELLED => ErrorCode::Cancelled,
            STATE => ErrorCode::State,
            FAILED => ErrorCode::Failed,
            INTERRUPTED => ErrorCode::Interrupted,
            UNAVAILABLE => ErrorCode::Unavailable,
            _ => ErrorCode::Unknown(code),
        }
    }
}

/// The name of docs/abi.md.
impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ErrorCode::Invalid => f.write_str("INVALID"),
            ErrorCode::Fault => f.write_str("FAULT"),
            ErrorCode::Denied => f.write_str("DENIED"),
            ErrorCode::NotFound => f.write_str("NOT_FOUND"),
            ErrorCode::Quota => f.write_str("QUOTA"),
            ErrorCode::TooLarge => f.write_str("TOO_LARGE"),
            ErrorCode::Timeout => f.write_str("TIMEOUT"),
            ErrorCode::Cancelled => f.write_str("CANCELLED"),
            ErrorCode::State => f.write_str("STATE"),
            ErrorCode::Failed => f.write_str("FAILED"),
            ErrorCode::Interrupted => f.write_str("INTERRUPTED"),
            ErrorCode::Unavailable => f.write_str("UNAVAILABLE"),
            ErrorCode::Unknown(code) => write!(f, "ERROR {}", code),
        }
    }
}

#[link(wasm_import_module = "pluvio_v1")]
extern "C" {
    /// Length of the current input's body: that of the message taken last, or of the call. Waits for the end of one
    /// that is still on its way; `CANCELLED`: it broke off. Gives a length, or an error.
    pub fn input_length() -> i32;

    /// Copies the current input's body from `offset` on; gives how many bytes, 0 at its end. Waits for more of one
    /// that is still on its way, and gives what has come; `CANCELLED`: it broke off. Gives a length, or an error.
    pub fn input_read(buffer: *mut u8, buffer_size: usize, offset: u32) -> i32;

    /// Appends to what the call of the export gives back. `STATE` outside of one that the node made for an input.
    /// Gives 0 or an error.
    pub fn output_write(data: *const u8, data_length: usize) -> i32;

    /// Sets status and headers of the answer to an HTTP request that an export handles; a later call replaces them.
    /// Gives 0 or an error.
    pub fn output_head(head: *const u8, head_length: usize) -> i32;

    /// Length of the result register. Gives a length, or an error.
    pub fn result_length() -> i32;

    /// Copies the result register from `offset` on; gives how many bytes, 0 at its end. Gives a length, or an error.
    pub fn result_read(buffer: *mut u8, buffer_size: usize, offset: u32) -> i32;

    /// Writes a log entry; `fields` is a JSON object, or empty for none. Values of secrets that the worker has read
    /// are masked. Gives 0 or an error.
    pub fn log(level: u32, message: *const u8, message_length: usize, fields: *const u8, fields_length: usize) -> i32;

    /// A value of the manifest's configuration. Gives the length of the result register, or an error.
    pub fn config_get(key: *const u8, key_length: usize) -> i32;

    /// A secret, as the node has it now. A snapshot holds its name in place of the register's bytes. Gives the length
    /// of the result register, or an error.
    pub fn secret_get(name: *const u8, name_length: usize) -> i32;

    /// Who the worker is: JSON with at least `name`. Gives the length of the result register, or an error.
    pub fn self_info() -> i32;

    /// Who the current input comes from: JSON `{kind: client|worker|node, name, tenant?}`. Gives the length of the
    /// result register, or an error.
    pub fn caller_info() -> i32;

    /// W3C `traceparent` of the current input. Gives the length of the result register, or an error.
    pub fn trace_context() -> i32;

    /// The value of a key. Gives the length of the result register, or an error.
    pub fn kv_get(key: *const u8, key_length: usize) -> i32;

    /// Sets the value of a key. Gives 0 or an error.
    pub fn kv_set(key: *const u8, key_length: usize, value: *const u8, value_length: usize) -> i32;

    /// Removes a key. Gives 0 or an error.
    pub fn kv_delete(key: *const u8, key_length: usize) -> i32;

    /// Keys with that prefix after `cursor` (empty: from the first), by their UTF-8 bytes: JSON `{names, cursor}`;
    /// `cursor` is null at the end. 1 to 1000 of them. Gives the length of the result register, or an error.
    pub fn kv_list(prefix: *const u8, prefix_length: usize, cursor: *const u8, cursor_length: usize, limit: u32) -> i32;

    /// Begins a transaction over keys. One that is open when the input is over is rolled back. Gives 0 or an error.
    pub fn kv_begin() -> i32;

    /// Ends the transaction; what was done in it stays. Gives 0 or an error.
    pub fn kv_commit() -> i32;

    /// Ends the transaction; all keys are as they were when it began. Gives 0 or an error.
    pub fn kv_rollback() -> i32;

    /// Writes into a blob, which is made if there is none. `offset` is at most its size: it has no holes. Gives 0 or
    /// an error.
    pub fn blob_write(name: *const u8, name_length: usize, offset: u32, data: *const u8, data_length: usize) -> i32;

    /// Copies a blob from `offset` on; gives how many bytes, 0 at its end. Gives a length, or an error.
    pub fn blob_read(name: *const u8, name_length: usize, offset: u32, buffer: *mut u8, buffer_size: usize) -> i32;

    /// Size of a blob in bytes. Gives a length, or an error.
    pub fn blob_size(name: *const u8, name_length: usize) -> i32;

    /// Removes a blob. Gives 0 or an error.
    pub fn blob_delete(name: *const u8, name_length: usize) -> i32;

    /// Names of blobs, as `kv_list`. Gives the length of the result register, or an error.
    pub fn blob_list(prefix: *const u8, prefix_length: usize, cursor: *const u8, cursor_length: usize, limit: u32) -> i32;

    /// Wall clock: nanoseconds since 1970. It may jump, also backwards. Gives nanoseconds, or an error.
    pub fn time_now() -> i64;

    /// Fills the buffer from a cryptographic source. Gives 0 or an error.
    pub fn random(buffer: *mut u8, buffer_size: usize) -> i32;

    /// Waits. Gives 0 or an error.
    pub fn sleep(duration_ms: i64) -> i32;

    /// Sets a timer, in place of one with that id: an input of kind `timer` with that payload comes once. Gives 0 or
    /// an error.
    pub fn timer_set(id: *const u8, id_length: usize, after_ms: i64, payload: *const u8, payload_length: usize) -> i32;

    /// Sets a timer that comes again and again: `minute hour day month weekday`, UTC. It is due next when its input
    /// is taken: what was missed comes once. Gives 0 or an error.
    pub fn cron_set(id: *const u8, id_length: usize, expression: *const u8, expression_length: usize, payload: *const u8, payload_length: usize) -> i32;

    /// Removes a timer, also one whose input waits to be taken. Gives 0 or an error.
    pub fn timer_cancel(id: *const u8, id_length: usize) -> i32;

    /// All timers: JSON `[{id, dueMs, expression?}]`, by id. Gives the length of the result register, or an error.
    pub fn timer_list() -> i32;

    /// The message taken before is over. Waits for the next one (negative timeout: for ever) and makes it the current
    /// input; gives its length. Gives a length, or an error.
    pub fn recv(timeout_ms: i64) -> i32;

    /// What the current input is: JSON `{id, kind: call|message|timer|topic|http, caller?, from?, topic?, timer?,
    /// dueMs?, reply?, deadlineMs?, method?, url?, headers?, traceparent?}`. Gives the length of the result register,
    /// or an error.
    pub fn message_info() -> i32;

    /// Answers the message taken last, once. `STATE` if nobody waits for an answer. Gives 0 or an error.
    pub fn reply(body: *const u8, body_length: usize) -> i32;

    /// As `reply`, with status and headers: JSON `{status, headers: [[name, value]]}`. Gives 0 or an error.
    pub fn reply_http(head: *const u8, head_length: usize, body: *const u8, body_length: usize) -> i32;

    /// As `reply`: who waits gets the error `FAILED` with this message. Gives 0 or an error.
    pub fn reply_error(message: *const u8, message_length: usize) -> i32;

    /// Sends a message to a worker and does not wait. It leaves when the current input is durable. Gives 0 or an
    /// error.
    pub fn send(to: *const u8, to_length: usize, body: *const u8, body_length: usize) -> i32;

    /// Sends a message to a worker and waits for its reply (negative timeout: for ever). Gives the length of the
    /// result register, or an error.
    pub fn call(to: *const u8, to_length: usize, body: *const u8, body_length: usize, timeout_ms: i64) -> i32;

    /// From now on what is published there comes as an input of kind `topic`. Twice is as good as once. Gives 0 or an
    /// error.
    pub fn subscribe(topic: *const u8, topic_length: usize) -> i32;

    /// Ends a subscription. Gives 0 or an error.
    pub fn unsubscribe(topic: *const u8, topic_length: usize) -> i32;

    /// Sends a message to all who have subscribed. It leaves when the current input is durable. Gives 0 or an error.
    pub fn publish(topic: *const u8, topic_length: usize, body: *const u8, body_length: usize) -> i32;

    /// Sends an HTTP request, JSON `{url, method?, headers?: [[name, value]], timeoutMs?, repeatable?}`, and waits.
    /// The result is the head, JSON `{status, headers, bodyBytes}`; the body goes to a register of its own. Gives the
    /// length of the result register, or an error.
    pub fn http_fetch(request: *const u8, request_length: usize, body: *const u8, body_length: usize) -> i32;

    /// Length of the body that `http_fetch` got last. Gives a length, or an error.
    pub fn fetch_body_length() -> i32;

    /// Copies that body from `offset` on; gives how many bytes, 0 at its end. Gives a length, or an error.
    pub fn fetch_body_read(buffer: *mut u8, buffer_size: usize, offset: u32) -> i32;

    /// Waits until the worker's state, with all that it did so far, is durable. Gives 0 or an error.
    pub fn checkpoint() -> i32;
}
