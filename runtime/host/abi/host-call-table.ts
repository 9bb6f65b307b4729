/**
 * Every host call of `pluvio_v1`: a row each. Imports, checks of arguments, capabilities, docs/abi.md and the guests' bindings derive
 * from it.
 *
 * Boundary: data only. What a call does is in *-calls.ts, how arguments are read in bind-calls.ts.
 */
import type { CapabilityName } from './capabilities.ts';
import type { AbiErrorName } from './error-codes.ts';
import type { AbiLimitName } from './limits.ts';

/**
 * A parameter and what it is in WebAssembly:
 * - `text`: pointer and length (two i32) of UTF-8 that the host reads; `name`: the same, not empty and without control characters;
 *   `json`: the same, of a JSON object; where the row says so, empty for none
 * - `bytes`: pointer and length of bytes that the host reads
 * - `buffer`: pointer and length of memory that the host writes to
 * - `u32`: an i32, unsigned
 * - `ms`: an i64, milliseconds from 0 on; `timeout`: the same, or negative for no end
 */
export type Param =
  | { readonly name: string; readonly type: 'text' | 'name' | 'json' | 'bytes'; readonly max: AbiLimitName }
  | { readonly name: string; readonly type: 'buffer' | 'u32' | 'ms' | 'timeout' };

export type ParamType = Param['type'];

export interface HostCallRow {
  readonly params: readonly Param[];
  /**
   * `done`: 0. `result`: length of what is in the result register now. `length`: a length or count. `ns`: an i64, nanoseconds.
   * Each of them, and also the i64, can be an error code.
   */
  readonly result: 'done' | 'result' | 'length' | 'ns';
  /** What the worker must have been granted. */
  readonly capability?: CapabilityName;
  /** The parameter that the capability's scopes are compared with. */
  readonly scoped?: string;
  /** Errors besides `FAULT` of a pointer, `INVALID` and `TOO_LARGE` of a text, bytes or JSON, and `DENIED` of a capability. */
  readonly errors: readonly AbiErrorName[];
  readonly summary: string;
  /** Of a call that waits: what it does when it is executed again after a restore. */
  readonly restart?: string;
}

const text = (param: string, max: AbiLimitName) => ({ name: param, type: 'text', max }) as const;
const name = (param: string) => ({ name: param, type: 'name', max: 'nameBytes' }) as const;
const json = (param: string, max: AbiLimitName) => ({ name: param, type: 'json', max }) as const;
const bytes = (param: string, max: AbiLimitName) => ({ name: param, type: 'bytes', max }) as const;
const u32 = (param: string) => ({ name: param, type: 'u32' }) as const;
const ms = (param: string) => ({ name: param, type: 'ms' }) as const;
const timeout = (param: string) => ({ name: param, type: 'timeout' }) as const;
const BUFFER = { name: 'buffer', type: 'buffer' } as const;

export const HOST_CALLS = {
  // --- input, output, registers ---
  input_length: {
    params: [],
    result: 'length',
    errors: ['NOT_FOUND', 'CANCELLED'],
    summary:
      'Length of the current input’s body: that of the message taken last, or of the call. Waits for the end of one that is still on its way; `CANCELLED`: it broke off.',
    restart: 'gives `CANCELLED`: what was still on its way does not come to another place',
  },
  input_read: {
    params: [BUFFER, u32('offset')],
    result: 'length',
    errors: ['NOT_FOUND', 'CANCELLED'],
    summary:
      'Copies the current input’s body from `offset` on; gives how many bytes, 0 at its end. Waits for more of one that is still on its way, and gives what has come; `CANCELLED`: it broke off.',
    restart: 'gives `CANCELLED`, as `input_length`',
  },
  output_write: {
    params: [bytes('data', 'outputBytes')],
    result: 'done',
    errors: ['STATE', 'QUOTA'],
    summary:
      'Appends to what the call of the export gives back. `STATE` outside of one that the node made for an input.',
  },
  output_head: {
    params: [json('head', 'headBytes')],
    result: 'done',
    errors: ['STATE'],
    summary:
      'Sets status and headers of the answer to an HTTP request that an export handles; a later call replaces them.',
  },
  result_length: {
    params: [],
    result: 'length',
    errors: ['NOT_FOUND'],
    summary: 'Length of the result register.',
  },
  result_read: {
    params: [BUFFER, u32('offset')],
    result: 'length',
    errors: ['NOT_FOUND'],
    summary: 'Copies the result register from `offset` on; gives how many bytes, 0 at its end.',
  },
  // --- log, configuration, identity ---
  log: {
    params: [u32('level'), text('message', 'logEntryBytes'), json('fields', 'logEntryBytes')],
    result: 'done',
    errors: [],
    summary:
      'Writes a log entry; `fields` is a JSON object, or empty for none. Values of secrets that the worker has read are masked.',
  },
  config_get: {
    params: [name('key')],
    result: 'result',
    capability: 'config',
    scoped: 'key',
    errors: ['NOT_FOUND'],
    summary: 'A value of the manifest’s configuration.',
  },
  secret_get: {
    params: [name('name')],
    result: 'result',
    capability: 'secrets',
    scoped: 'name',
    errors: ['NOT_FOUND'],
    summary: 'A secret, as the node has it now. A snapshot holds its name in place of the register’s bytes.',
  },
  self_info: {
    params: [],
    result: 'result',
    errors: [],
    summary: 'Who the worker is: JSON with at least `name`.',
  },
  caller_info: {
    params: [],
    result: 'result',
    errors: ['NOT_FOUND'],
    summary: 'Who the current input comes from: JSON `{kind: client|worker|node, name, tenant?}`.',
  },
  trace_context: {
    params: [],
    result: 'result',
    errors: ['NOT_FOUND'],
    summary: 'W3C `traceparent` of the current input.',
  },
  // --- storage ---
  kv_get: {
    params: [text('key', 'kvKeyBytes')],
    result: 'result',
    capability: 'kv',
    errors: ['NOT_FOUND'],
    summary: 'The value of a key.',
  },
  kv_set: {
    params: [text('key', 'kvKeyBytes'), bytes('value', 'kvValueBytes')],
    result: 'done',
    capability: 'kv',
    errors: ['QUOTA'],
    summary: 'Sets the value of a key.',
  },
  kv_delete: {
    params: [text('key', 'kvKeyBytes')],
    result: 'done',
    capability: 'kv',
    errors: ['NOT_FOUND'],
    summary: 'Removes a key.',
  },
  kv_list: {
    params: [text('prefix', 'kvKeyBytes'), text('cursor', 'kvKeyBytes'), u32('limit')],
    result: 'result',
    capability: 'kv',
    errors: [],
    summary:
      'Keys with that prefix after `cursor` (empty: from the first), by their UTF-8 bytes: JSON `{names, cursor}`; `cursor` is null at the end. 1 to 1000 of them.',
  },
  kv_begin: {
    params: [],
    result: 'done',
    capability: 'kv',
    errors: ['STATE'],
    summary: 'Begins a transaction over keys. One that is open when the input is over is rolled back.',
  },
  kv_commit: {
    params: [],
    result: 'done',
    capability: 'kv',
    errors: ['STATE'],
    summary: 'Ends the transaction; what was done in it stays.',
  },
  kv_rollback: {
    params: [],
    result: 'done',
    capability: 'kv',
    errors: ['STATE'],
    summary: 'Ends the transaction; all keys are as they were when it began.',
  },
  blob_write: {
    params: [name('name'), u32('offset'), bytes('data', 'storageBytes')],
    result: 'done',
    capability: 'blob',
    errors: ['QUOTA'],
    summary: 'Writes into a blob, which is made if there is none. `offset` is at most its size: it has no holes.',
  },
  blob_read: {
    params: [name('name'), u32('offset'), BUFFER],
    result: 'length',
    capability: 'blob',
    errors: ['NOT_FOUND'],
    summary: 'Copies a blob from `offset` on; gives how many bytes, 0 at its end.',
  },
  blob_size: {
    params: [name('name')],
    result: 'length',
    capability: 'blob',
    errors: ['NOT_FOUND'],
    summary: 'Size of a blob in bytes.',
  },
  blob_delete: {
    params: [name('name')],
    result: 'done',
    capability: 'blob',
    errors: ['NOT_FOUND'],
    summary: 'Removes a blob.',
  },
  blob_list: {
    params: [text('prefix', 'nameBytes'), text('cursor', 'nameBytes'), u32('limit')],
    result: 'result',
    capability: 'blob',
    errors: [],
    summary: 'Names of blobs, as `kv_list`.',
  },
  // --- time ---
  time_now: {
    params: [],
    result: 'ns',
    errors: [],
    summary: 'Wall clock: nanoseconds since 1970. It may jump, also backwards.',
  },
  random: {
    params: [BUFFER],
    result: 'done',
    errors: [],
    summary: 'Fills the buffer from a cryptographic source.',
  },
  sleep: {
    params: [ms('duration')],
    result: 'done',
    errors: ['CANCELLED'],
    summary: 'Waits.',
    restart: 'waits for the rest: the deadline is that of the first execution',
  },
  timer_set: {
    params: [name('id'), ms('after'), bytes('payload', 'messageBytes')],
    result: 'done',
    capability: 'timers',
    errors: ['QUOTA'],
    summary: 'Sets a timer, in place of one with that id: an input of kind `timer` with that payload comes once.',
  },
  cron_set: {
    params: [name('id'), name('expression'), bytes('payload', 'messageBytes')],
    result: 'done',
    capability: 'timers',
    errors: ['QUOTA'],
    summary:
      'Sets a timer that comes again and again: `minute hour day month weekday`, UTC. It is due next when its input is taken: what was missed comes once.',
  },
  timer_cancel: {
    params: [name('id')],
    result: 'done',
    capability: 'timers',
    errors: ['NOT_FOUND'],
    summary: 'Removes a timer, also one whose input waits to be taken.',
  },
  timer_list: {
    params: [],
    result: 'result',
    capability: 'timers',
    errors: [],
    summary: 'All timers: JSON `[{id, dueMs, expression?}]`, by id.',
  },
  // --- mailbox ---
  recv: {
    params: [timeout('timeout')],
    result: 'length',
    capability: 'mailbox.receive',
    errors: ['TIMEOUT'],
    summary:
      'The message taken before is over. Waits for the next one (negative timeout: for ever) and makes it the current input; gives its length.',
    restart: 'waits again, until the deadline of the first execution',
  },
  message_info: {
    params: [],
    result: 'result',
    errors: ['NOT_FOUND'],
    summary:
      'What the current input is: JSON `{id, kind: call|message|timer|topic|http, caller?, from?, topic?, timer?, dueMs?, reply?, deadlineMs?, method?, url?, headers?, traceparent?}`.',
  },
  reply: {
    params: [bytes('body', 'messageBytes')],
    result: 'done',
    capability: 'mailbox.receive',
    errors: ['STATE'],
    summary: 'Answers the message taken last, once. `STATE` if nobody waits for an answer.',
  },
  reply_http: {
    params: [json('head', 'headBytes'), bytes('body', 'messageBytes')],
    result: 'done',
    capability: 'mailbox.receive',
    errors: ['STATE'],
    summary: 'As `reply`, with status and headers: JSON `{status, headers: [[name, value]]}`.',
  },
  reply_error: {
    params: [text('message', 'logEntryBytes')],
    result: 'done',
    capability: 'mailbox.receive',
    errors: ['STATE'],
    summary: 'As `reply`: who waits gets the error `FAILED` with this message.',
  },
  send: {
    params: [name('to'), bytes('body', 'messageBytes')],
    result: 'done',
    capability: 'mailbox.send',
    scoped: 'to',
    errors: [],
    summary: 'Sends a message to a worker and does not wait. It leaves when the current input is durable.',
  },
  call: {
    params: [name('to'), bytes('body', 'messageBytes'), timeout('timeout')],
    result: 'result',
    capability: 'mailbox.send',
    scoped: 'to',
    errors: ['NOT_FOUND', 'TIMEOUT', 'FAILED', 'QUOTA', 'UNAVAILABLE', 'CANCELLED', 'TOO_LARGE'],
    summary: 'Sends a message to a worker and waits for its reply (negative timeout: for ever).',
    restart: 'waits for the same reply: the request has the same number and is not done twice',
  },
  subscribe: {
    params: [name('topic')],
    result: 'done',
    capability: 'topics.subscribe',
    scoped: 'topic',
    errors: ['QUOTA'],
    summary: 'From now on what is published there comes as an input of kind `topic`. Twice is as good as once.',
  },
  unsubscribe: {
    params: [name('topic')],
    result: 'done',
    capability: 'topics.subscribe',
    scoped: 'topic',
    errors: ['NOT_FOUND'],
    summary: 'Ends a subscription.',
  },
  publish: {
    params: [name('topic'), bytes('body', 'messageBytes')],
    result: 'done',
    capability: 'topics.publish',
    scoped: 'topic',
    errors: [],
    summary: 'Sends a message to all who have subscribed. It leaves when the current input is durable.',
  },
  // --- outside ---
  http_fetch: {
    params: [json('request', 'headBytes'), bytes('body', 'messageBytes')],
    result: 'result',
    capability: 'http.outbound',
    errors: ['TIMEOUT', 'FAILED', 'QUOTA', 'UNAVAILABLE', 'INTERRUPTED', 'CANCELLED', 'TOO_LARGE'],
    summary:
      'Sends an HTTP request, JSON `{url, method?, headers?: [[name, value]], timeoutMs?, repeatable?}`, and waits. The result is the head, JSON `{status, headers, bodyBytes}`; the body goes to a register of its own.',
    restart:
      'sends the request again if it is `repeatable` or its method is GET, HEAD, OPTIONS, PUT or DELETE; else gives `INTERRUPTED`',
  },
  fetch_body_length: {
    params: [],
    result: 'length',
    errors: ['NOT_FOUND'],
    summary: 'Length of the body that `http_fetch` got last.',
  },
  fetch_body_read: {
    params: [BUFFER, u32('offset')],
    result: 'length',
    errors: ['NOT_FOUND'],
    summary: 'Copies that body from `offset` on; gives how many bytes, 0 at its end.',
  },
  checkpoint: {
    params: [],
    result: 'done',
    capability: 'checkpoint',
    errors: ['UNAVAILABLE', 'FAILED'],
    summary: 'Waits until the worker’s state, with all that it did so far, is durable.',
    restart: 'gives 0: the state that it was restored from is durable',
  },
} as const satisfies Record<string, HostCallRow>;

export type HostCallName = keyof typeof HOST_CALLS;
