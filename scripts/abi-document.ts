/** docs/abi.md, from the tables of runtime/host/abi. */
import {
  ABI_ERRORS,
  ABI_LIMITS,
  CAPABILITIES,
  type CapabilityName,
  HOST_CALLS,
  type HostCallRow,
  LOG_LEVELS,
  type Param,
  scopeMeaning,
  WASM_TYPES,
} from '../runtime/host/abi/index.ts';

type Row = readonly [string, HostCallRow];
const ROWS: readonly Row[] = Object.entries(HOST_CALLS);

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  `| ${head.join(' | ')} |`,
  `| ${head.map(() => '---').join(' | ')} |`,
  ...rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`),
];

const RESULTS = {
  done: '0',
  result: 'length of the result register',
  length: 'a length',
  ns: 'nanoseconds',
} as const satisfies Record<HostCallRow['result'], string>;

const signature = ({ params, result }: HostCallRow): string =>
  `(${params.flatMap(({ type }: Param) => WASM_TYPES[type]).join(', ')}) → ${result === 'ns' ? 'i64' : 'i32'}`;

const paramText = (param: Param): string => `\`${param.name}\` ${param.type}${'max' in param ? ` (${param.max})` : ''}`;

function callRow([name, row]: Row): string[] {
  return [
    `\`${name}\``,
    row.params.map(paramText).join(', ') || '–',
    signature(row),
    RESULTS[row.result],
    row.capability === undefined ? '–' : `\`${row.capability}\``,
    row.errors.map((error) => `\`${error}\``).join(' ') || '–',
    row.summary,
  ];
}

const INTRODUCTION = `# The host ABI

What a core WebAssembly module can ask of the node that runs it: version 1, import module \`pluvio_v1\`. MUST, MUST NOT, SHOULD and MAY are
used as in RFC 2119. What a guest may notice of a stop, a move and a resume is in [resume-contract.md](resume-contract.md); this page says it for
these calls.

A guest is plain blocking code:

\`\`\`c
for (;;) {
  int32_t length = pluvio_recv(PLUVIO_FOREVER);
  …
  pluvio_reply(answer, answer_length);
}
\`\`\`

While it waits it takes no thread, may be put away to disk, and may be moved to another node. Bindings: [\`sdk/c/pluvio.h\`](../sdk/c/pluvio.h),
[\`sdk/assembly/pluvio_v1.ts\`](../sdk/assembly/pluvio_v1.ts), [\`sdk/rust/src/raw.rs\`](../sdk/rust/src/raw.rs).

## Versions

The name of the import module is the version. Within a version calls, error codes, capabilities, limits and members of JSON objects MAY be
added; what there is MUST NOT change. A guest MUST take a negative result that it does not know for an error, and MUST ignore members of JSON
objects that it does not know. A host MUST refuse to link a call that it does not have (\`IMPORT_MISSING\`).

## Conventions

- Parameters and results are i32 or i64. A result of 0 or more is success, less than 0 an error code of the table below, also as an i64.
- Parameters by type:
  - \`text\`: pointer and length, two i32, of UTF-8. \`name\`: the same, not empty and without control characters (U+0000 to U+001F, U+007F).
    \`json\`: the same, a JSON object in which arrays and objects nest at most 16 deep; empty stands for \`{}\`.
  - \`bytes\`: pointer and length of what the host reads. The limit that the name in parentheses stands for holds; beyond it \`TOO_LARGE\`.
  - \`buffer\`: pointer and length of what the host writes to; nothing beyond it is touched.
  - \`u32\`: an unsigned i32. \`ms\`: an i64, milliseconds, 0 to a hundred years. \`timeout\`: the same, or negative for no end.
- Pointers are into memory 0. What lies outside of it gives \`FAULT\`, and the call has done nothing.
- What a call yields beyond a number is in the *result register* until another call sets it: \`result_length\`, \`result_read\`. The body of an HTTP
  answer has a register of its own. Calls that give an error leave the registers alone, but for a message that who was asked gave with it.
- A call without its capability gives \`DENIED\`, before its arguments are looked at; one that its scopes do not cover gives \`DENIED\` and does nothing.`;

const INPUTS = `## Inputs

An *input* of a worker is a call of an export, a message, a timer, a message of a topic, or an HTTP request. Each has a sequence number in the
worker's journal, from 1, without gaps. It reaches the guest in one of two ways:

- The node calls an export. Its body is read with \`input_length\` and \`input_read\`, its description with \`message_info\`; what the guest
  gives to \`output_write\` and \`output_head\` is the answer when the export returns.
- The guest asks for it with \`recv\`. Body and description are read in the same way; \`reply\`, \`reply_http\` and \`reply_error\` answer it. The
  message is over when the guest asks for the next one, or when the call in which it was received ends.

Who waits for the answer to a message gets \`FAILED\` where the guest traps, reaches a limit or exits with a code other than 0 before it has answered, and an empty answer
where it ends well without one.

The *current input* is the one that was taken last; \`NOT_FOUND\` if it is over. A host MUST take each input once. The numbers of those that were taken are part of the snapshot;
what waits in the mailbox is not, and the node gives it again.

An input that a timer made has the timer's payload as its body. It counts only while the timer is what it was when it was due: one that was
cancelled or set anew in the meantime does not come.

An input can be cancelled, when who asked for it has gone. Then \`sleep\`, \`call\` and \`http_fetch\` give \`CANCELLED\` until the input is over; \`recv\`
does if it is the call of the export that was cancelled. What the export writes to its output from then on goes nowhere. The guest SHOULD end its work on it.

## Effects

Messages, replies, publications, timers and subscriptions are *effects*. An effect has a number: the sequence number of the input taken last, and a
count from 0 that begins anew with each input. Both are part of the snapshot, so what is done again after a crash has the same number, and the receiver
drops it. Effects leave the node when the input that they belong to is durable, or before; never after it is lost.

A call MAY be made without a place in the journal (number 0): then it is lost with the node. Its effects have the number of the input before it, and a count
that begins at a random number of 2^48 or more, so what is called in its place later has other numbers.

The body of such a call MAY still be on its way when the export is called: \`input_read\` gives what has come and waits for more, \`input_length\` waits for the end. A
body that breaks off, or whose worker goes on in another place, never ends: both give \`CANCELLED\` behind what has come, and the input is cancelled.

A guest that is to have the same effects when an input is done again MUST NOT let their order depend on the clock or on randomness.

## Storage

Keys with values, and blobs, belong to the worker and move with it. The limit \`storageBytes\` counts keys, values, names, blobs, payloads of timers, and what an open
transaction would restore; each entry counts 128 bytes besides. A transaction covers keys alone. One that is open when its input is over is rolled back.

## Secrets

A secret MUST NOT be in a manifest, a snapshot or a log. The host asks the node for it each time it is read, also each time \`result_read\` copies it out of the
result register, and masks it in what the guest logs (if it is of 4 characters or more). What the guest copies into its own memory is part of the guest's state:
it SHOULD overwrite it when it is done.

## HTTP requests

\`http_fetch\` sends what a scope covers: same scheme, host and port, and a path that begins with the scope's up to a \`/\`. A path with an encoded
separator (\`%2f\`, \`%5c\`) is covered only by a scope without a path. Redirects are not followed: the guest sees the status and MAY ask again. The node
MUST NOT connect to addresses that are not public unless its operator allows it, MUST connect to the very address that it checked, and MUST NOT pass on hop-by-hop headers and \`host\`.

## Restarts

A call that waits is executed again after a restore, with the same arguments. All other calls have happened or have not.`;

const STATE = `## State, version 1

Key \`pluvio_v1\` of the snapshot's \`hosts\`. A map with these fields, all of them present that are not said to be left out. A host MUST check every field and MUST refuse a state that
does not fit (\`SNAPSHOT_MALFORMED\`), is of another version (\`SNAPSHOT_VERSION\`), or exceeds its limits (\`SNAPSHOT_MISMATCH\`).`;

const STATE_FIELDS: readonly (readonly [string, string, string])[] = [
  ['version', 'number', '1'],
  ['inputs.highSeq', 'number', 'the highest input that was taken; 0: none'],
  ['inputs.untaken', 'array of numbers, ascending', 'those below it that were not'],
  ['inputs.numberedSeq, ordinal', 'number', 'the input that effects are numbered by, and the next count'],
  [
    'inputs.current',
    'null, or `{seq, info, body, isMessage, replied, cancelled}`',
    'the current input; `info` as `message_info` gives it',
  ],
  [
    'inputs.entry',
    'null, or `{seq, output, head, effects, cancelled}`',
    'the call of an export that is in progress; `head`: null or `{status, headers}`; `effects`: null while effects are numbered by it',
  ],
  ['inputs.cut', 'left out, or true', 'the body of the current call has not come to its end, and never will'],
  ['inputs.settling', 'null, or `{seq, effects}`', 'a message that is over and that the node has not settled'],
  ['waits.begun', 'number', 'number of the last wait that began; waits count from 1'],
  ['waits.completed', 'null, or `{operation, result}`', 'last wait whose result is recorded'],
  [
    'waits.record',
    'null, or `{operation, kind, dueMs, number}`',
    'the wait that has no result; `kind`: `recv`, `sleep`, `call`, `fetch`, `checkpoint`; `dueMs`: wall clock or null; `number`: null or `{inputSeq, ordinal}`',
  ],
  [
    'registers.result',
    'null, `{kind: "bytes", bytes}`, or `{kind: "secret", name}`',
    'the result register; of a secret its name',
  ],
  ['registers.fetchBody', 'null or bytes', 'body of the last HTTP answer'],
  ['kv.entries', 'array: key, value, key, value …', 'by key; text and bytes'],
  ['kv.undo', 'null, or an array as `entries`', 'what a rollback restores; null for a key that there was not'],
  ['blobs', 'array of `[name, blocks]`', 'by name; blocks of 65536 bytes, the last of 1 to 65536'],
  ['timers', 'array of `{id, dueMs, expression, payload}`', 'by id; `expression`: null for one that comes once'],
  ['subscriptions', 'array of text', 'topics, sorted'],
  ['secretsRead', 'array of text', 'names of secrets that the guest has read, sorted'],
];

/** docs/abi.md */
export function abiDocument(): string {
  const waiting = ROWS.filter(([, { restart }]) => restart !== undefined);
  return [
    '<!-- Written by `node scripts/write-docs.ts` from runtime/host/abi. -->',
    '',
    INTRODUCTION,
    '',
    '## Calls',
    '',
    'Every call with a pointer may give `FAULT`, with a `text`, `name` or `json` `INVALID` and `TOO_LARGE`, with `bytes` `TOO_LARGE`, with a capability `DENIED`.',
    '',
    ...table(['call', 'parameters', 'type', 'gives', 'capability', 'errors', 'what it does'], ROWS.map(callRow)),
    '',
    `\`level\` of \`log\`: ${LOG_LEVELS.map((level, index) => `${index} ${level}`).join(', ')}.`,
    '',
    '## Error codes',
    '',
    ...table(
      ['code', 'name', 'what happened'],
      Object.entries(ABI_ERRORS).map(([name, { code, summary }]) => [String(code), `\`${name}\``, summary]),
    ),
    '',
    '## Capabilities',
    '',
    'A manifest asks for them, a node grants them, each with its scopes. Nothing is granted by default. `pluvio inspect` lists what a module imports and',
    'what that needs, before anything runs. All other calls need none.',
    '',
    ...table(
      ['capability', 'the worker may', 'scopes', 'calls'],
      Object.entries(CAPABILITIES).map(([name, { summary }]) => [
        `\`${name}\``,
        summary,
        scopeMeaning(name as CapabilityName), // a key of the table
        ROWS.filter(([, { capability }]) => capability === name)
          .map(([call]) => `\`${call}\``)
          .join(' '),
      ]),
    ),
    '',
    '## Limits',
    '',
    ...table(
      ['limit', 'default', 'least', 'most', 'unit', 'reached'],
      Object.entries(ABI_LIMITS).map(([name, { default: usual, min, max, unit, reached }]) => [
        `\`${name}\``,
        String(usual),
        String(min),
        String(max),
        unit,
        reached,
      ]),
    ),
    '',
    'What exceeds a limit per second is done, and the call returns later; a second’s worth may be used at once. What one list gives is at most 1000 names',
    'and about 1 MiB. An HTTP head has at most 256 header fields.',
    '',
    INPUTS,
    '',
    ...table(
      ['call', 'executed again'],
      waiting.map(([name, { restart = '' }]) => [`\`${name}\``, restart]),
    ),
    '',
    STATE,
    '',
    ...table(
      ['field', 'type', 'meaning'],
      STATE_FIELDS.map(([field, type, meaning]) => [`\`${field}\``, type, meaning]),
    ),
    '',
    'Keys and names are sorted by their UTF-8 bytes. A waiting call’s restart state is `{ operation }`, its number. If `waits.completed.operation` is that',
    'number the call is over and gives `result`; else `waits.record` MUST have it, and be of the kind of the call.',
    '',
  ].join('\n');
}
