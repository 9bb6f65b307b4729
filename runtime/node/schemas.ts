/** The shapes of requests and answers, once: the router checks with them, /openapi.json shows them. */
import type { Schema } from './schema-check.ts';

export const NAME: Schema = {
  type: 'string',
  pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
  description: 'Lower-case letters, digits and hyphens, at most 63.',
};
export const DIGEST: Schema = { type: 'string', pattern: '^sha256:[0-9a-f]{64}$', description: 'Digest of a blob.' };
export const MOVE_ID: Schema = { type: 'string', pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' };

const TEXT: Schema = { type: 'string', maxLength: 65_536 };
const SEQ: Schema = { type: 'integer', minimum: 0 };
const MS: Schema = { type: 'integer', minimum: 0 };
const BOOLEAN: Schema = { type: 'boolean' };
const NUMBER: Schema = { type: 'number' };
const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

const record = (properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});
const list = (items: Schema, maxItems?: number): Schema => ({
  type: 'array',
  items,
  ...(maxItems ? { maxItems } : {}),
});

export const VALUE: Schema = {
  description:
    'A value of a call. Of a core module: a number, { "i64": digits }, a number that JSON lacks { "float": name }, or a null reference; of ' +
    'a component also texts, booleans, arrays, objects, and { "bytes": base64 }.',
  additionalProperties: true,
};

const FRAME = record({ func: { type: 'integer' }, name: nullable(TEXT), pc: nullable({ type: 'integer' }) });
const kind = (name: string): Schema => ({ type: 'string', enum: [name] });

export const OUTCOME: Schema = {
  description: 'How a call ended.',
  anyOf: [
    record({ kind: kind('returned'), values: list(VALUE) }),
    record({ kind: kind('exited'), code: { type: 'integer' } }),
    record({ kind: kind('stopped') }),
    record({ kind: kind('trapped'), code: TEXT, message: TEXT, frames: list(FRAME) }),
    record({ kind: kind('limit'), limit: { type: 'string', enum: ['fuel', 'wallClockMs', 'stackDepth'] } }),
  ],
};

const MOVE_PHASE: Schema = {
  type: 'string',
  enum: ['precopy', 'stop', 'capture', 'pack', 'transfer', 'prepare', 'commit', 'in-doubt', 'finish'],
};

const WORKER_STATUS: Schema = {
  type: 'string',
  enum: ['idle', 'running', 'waiting', 'stopped', 'hibernated', 'moving', 'ended', 'lost'],
};

export const WORKER: Schema = record({
  name: NAME,
  tenant: NAME,
  status: WORKER_STATUS,
  kind: { type: 'string', enum: ['command', 'reactor'] },
  module: { type: 'string', pattern: '^[0-9a-f]{64}$' },
  bundle: DIGEST,
  createdMs: MS,
  outcome: nullable(OUTCOME),
  fuelUsed: { type: 'string', pattern: '^\\d+$' },
  memoryPages: SEQ,
  notMigratable: list(TEXT),
  checkpoint: nullable(record({ bundle: DIGEST, atMs: MS })),
  interrupted: BOOLEAN,
  move: nullable(record({ id: MOVE_ID, target: TEXT, phase: MOVE_PHASE })),
  versions: list(record({ bundle: DIGEST, atMs: MS })),
  policy: TEXT,
  queued: SEQ,
  logNextSeq: SEQ,
});

export const WORKER_LIST = record({ workers: list(WORKER) });

export const LIMITS: Schema = {
  ...record({
    fuel: { type: 'integer', minimum: 0 },
    memoryPages: SEQ,
    tableElements: SEQ,
    heapBytes: SEQ,
    stackDepth: SEQ,
    wallClockMs: SEQ,
    fuelPerSecond: { type: 'integer', minimum: 0 },
  }),
  required: [],
  description: 'Limits of a worker; what is left out takes its default.',
};

const STDIN: Schema = {
  type: 'string',
  enum: ['closed', 'open'],
  description: 'open: POST …/stdin sends it; closed, the default: it is at its end.',
};

const REFERENCE: Schema = {
  type: 'string',
  maxLength: 512,
  description:
    'In place of `bundle`: where in a registry it is, as host/repository:tag. The config of the node must list it.',
};

export const WORKER_CREATE: Schema = record(
  { name: NAME, bundle: DIGEST, reference: REFERENCE, start: BOOLEAN, stdin: STDIN, tenant: NAME },
  ['name', 'bundle', 'reference', 'start', 'stdin', 'tenant'],
);

/** Query of a creation from a bare module. */
export const MODULE_QUERY: Schema = record(
  {
    name: NAME,
    arg: list(TEXT, 1000),
    env: list({ type: 'string', pattern: '^[^=\\u0000]+=', maxLength: 65_536 }, 1000),
    start: BOOLEAN,
    stdin: STDIN,
    tenant: NAME,
    fuel: { type: 'integer', minimum: 0 },
    memoryPages: SEQ,
    stackDepth: SEQ,
    wallClockMs: SEQ,
  },
  ['name', 'arg', 'env', 'start', 'stdin', 'tenant', 'fuel', 'memoryPages', 'stackDepth', 'wallClockMs'],
);

const NAMED_TYPE = record({ name: TEXT, type: TEXT, optional: BOOLEAN }, ['optional']);
const mapOf = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });
export const INTERFACE = record({
  bundle: DIGEST,
  exports: mapOf(record({ encoding: TEXT, params: list(NAMED_TYPE), result: TEXT }, ['params', 'result'])),
  types: mapOf(list(NAMED_TYPE)),
});

export const CALL_REQUEST = record({ args: list(VALUE, 1000) }, ['args']);
export const WAIT_QUERY = record({ waitMs: MS }, ['waitMs']);
export const INPUT_PATTERN = '^([1-9][0-9]{0,14}|c[A-Za-z0-9_-]{8}-[1-9][0-9]{0,14})$';
const INPUT: Schema = {
  type: 'string',
  pattern: INPUT_PATTERN,
  description: 'What an input is asked for by: its number in the journal, or a name.',
};
export const CALL_QUERY = record(
  {
    waitMs: MS,
    deadlineMs: { type: 'integer', minimum: 0, maximum: 86_400_000, description: 'ms until the call is given up.' },
    stream: {
      type: 'boolean',
      description:
        'The answer comes as the guest writes it; a body without a length is read as it comes, where nothing is journalled.',
    },
  },
  ['waitMs', 'deadlineMs', 'stream'],
);
export const CANCEL_REQUEST = record({ input: INPUT }, ['input']);
export const RUN_STATE = record({ worker: WORKER, outcome: nullable(OUTCOME), input: INPUT }, ['input']);
export const INPUT_STATE = record({
  input: INPUT,
  state: { type: 'string', enum: ['pending', 'ended'] },
  outcome: nullable(OUTCOME),
});
export const MESSAGE_QUERY = record({ reply: BOOLEAN, waitMs: MS }, ['reply', 'waitMs']);
export const MESSAGE_SENT = record({ seq: SEQ, input: INPUT, state: { type: 'string', enum: ['pending'] } }, [
  'input',
  'state',
]);
export const FORK_REQUEST = record({ name: NAME, checkpoint: { type: 'integer', minimum: 1 }, start: BOOLEAN }, [
  'checkpoint',
  'start',
]);
export const UPDATE_REQUEST = record({ bundle: DIGEST, keep: BOOLEAN, storage: BOOLEAN }, ['keep', 'storage']);
export const UPDATED: Schema = record({
  worker: WORKER,
  state: { type: 'string', enum: ['kept', 'restored', 'storage', 'anew'] },
});
export const CHECKPOINT_REQUEST = record({ pin: BOOLEAN }, ['pin']);
export const PIN_REQUEST = record({ pinned: BOOLEAN });
export const CHECKPOINT: Schema = record({
  id: SEQ,
  atMs: MS,
  pinned: BOOLEAN,
  bundle: DIGEST,
  parent: nullable({ type: 'integer', minimum: 1 }),
  sizeBytes: SEQ,
  inputSeq: SEQ,
  fuelUsed: { type: 'string', pattern: '^\\d+$' },
  memoryPages: SEQ,
  resumable: BOOLEAN,
});
export const HISTORY = record({ checkpoints: list(CHECKPOINT) });
export const REVERT_REQUEST = record({ checkpoint: { type: 'integer', minimum: 1 }, replay: BOOLEAN, start: BOOLEAN }, [
  'replay',
  'start',
]);
export const REVERTED: Schema = record({
  worker: WORKER,
  checkpoint: SEQ,
  inputs: record({ stopped: SEQ, again: SEQ, waiting: SEQ }),
});
export const MOVE_REQUEST = record(
  { target: { type: 'string', maxLength: 2048 }, token: { type: 'string', maxLength: 8192 } },
  ['token'],
);
export const MOVE_RESULT = record({
  id: MOVE_ID,
  worker: NAME,
  location: TEXT,
  bundle: DIGEST,
  bytesSent: SEQ,
  bytesSkipped: SEQ,
  pausedMs: NUMBER,
  sealed: BOOLEAN,
  downtimeMs: NUMBER,
  phases: list(record({ name: MOVE_PHASE, elapsedMs: NUMBER })),
});
export const SETTLE_REQUEST = record({ runs: { type: 'string', enum: ['here', 'there'] } });

export const BUNDLE = record({
  digest: DIGEST,
  name: TEXT,
  createdMs: MS,
  sizeBytes: SEQ,
  hasSnapshot: BOOLEAN,
  origin: { type: 'string', enum: ['uploaded', 'snapshot', 'held'] },
});
export const BUNDLE_LIST = record({ bundles: list(BUNDLE) });

export const DIGESTS_REQUEST = record({ digests: list(DIGEST, 100_000) });
export const MISSING = record({ missing: list(DIGEST) });
export const BLOBS_RECEIVED = record({ blobs: SEQ, bytes: SEQ });

export const MOVE_OFFER = record({ id: MOVE_ID, worker: NAME });
export const MOVE_WARM = record({ module: DIGEST });
export const POLICY: Schema = { type: 'string', pattern: '^(never|idle|each-call|every [1-9][0-9]{0,5}s)$' };
export const MOVE_PREPARE = record(
  {
    bundle: DIGEST,
    run: BOOLEAN,
    fresh: BOOLEAN,
    createdMs: MS,
    inputSeq: SEQ,
    tenant: NAME,
    policy: POLICY,
    routed: BOOLEAN,
    signature: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}\\.[A-Za-z0-9_-]{86}$' },
  },
  ['policy', 'routed', 'signature'],
);
const PUBLIC_KEY: Schema = { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' };
/** As `OfferedSeal`. */
export const OFFERED_SEAL = record({
  identity: PUBLIC_KEY,
  publicKey: PUBLIC_KEY,
  signature: { type: 'string', pattern: '^[A-Za-z0-9_-]{86}$' },
  required: BOOLEAN,
});
export const INCOMING_MOVE = record(
  {
    id: MOVE_ID,
    worker: NAME,
    state: { type: 'string', enum: ['offered', 'prepared', 'committed'] },
    bundle: nullable(DIGEST),
    ingress: nullable(TEXT),
    seal: OFFERED_SEAL,
  },
  ['ingress', 'seal'],
);

export const LOG_QUERY = record(
  { follow: BOOLEAN, after: SEQ, stream: { type: 'string', enum: ['stdout', 'stderr'] } },
  ['follow', 'after', 'stream'],
);
export const EVENT_QUERY = record({ after: SEQ, worker: NAME }, ['after', 'worker']);
export const STACK_QUERY = record({ frames: { type: 'integer', minimum: 1, maximum: 100_000 } }, ['frames']);
export const STDIN_QUERY = record({ end: BOOLEAN }, ['end']);

export const BACKUP_QUERY = record({ allowMissing: BOOLEAN }, ['allowMissing']);
export const DRAIN_REQUEST = record(
  { target: { type: 'string', maxLength: 2048 }, token: { type: 'string', maxLength: 8192 } },
  ['target', 'token'],
);
export const DRAIN: Schema = record({
  target: nullable(TEXT),
  sinceMs: MS,
  done: BOOLEAN,
  total: SEQ,
  moved: SEQ,
  kept: SEQ,
  failed: SEQ,
  failures: list(record({ worker: NAME, code: TEXT })),
});

export const NODE: Schema = record({
  name: TEXT,
  version: TEXT,
  api: kind('v1'),
  platform: TEXT,
  startedMs: MS,
  persistent: BOOLEAN,
  identity: record({ publicKey: TEXT, keyId: TEXT }),
  sealingKey: record({ publicKey: TEXT, signature: TEXT }),
  workers: SEQ,
  engines: list(record({ workers: SEQ, running: SEQ, utilization: NUMBER, pid: nullable({ type: 'integer' }) })),
  ingress: nullable(TEXT),
  drain: nullable(DRAIN),
  limits: { type: 'object', additionalProperties: NUMBER },
});
export const REVOCATION: Schema = {
  anyOf: [
    record({ jti: { type: 'string', pattern: '^[A-Za-z0-9_-]{16,64}$' } }),
    record({ issuer: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' }, beforeS: SEQ }),
  ],
};
export const HEALTH = record({ status: { type: 'string', enum: ['ok', 'closing'] } });
export const PROBLEM: Schema = record({
  type: TEXT,
  title: TEXT,
  status: { type: 'integer' },
  code: TEXT,
  detail: TEXT,
  details: { type: 'object', additionalProperties: true },
});

export const STACK: Schema = record({
  status: WORKER_STATUS,
  depth: { type: 'integer', minimum: 0 },
  frames: list(
    record({
      func: { type: 'integer' },
      name: nullable(TEXT),
      pc: { type: 'integer' },
      fileOffset: nullable({ type: 'integer' }),
      place: { type: 'string', enum: ['host call', 'function entry', 'loop', 'call'] },
    }),
  ),
});
export const LOG_ENTRY = record(
  {
    seq: SEQ,
    stream: { type: 'string', enum: ['stdout', 'stderr'] },
    timeMs: MS,
    text: { type: 'string' },
    base64: { type: 'string' },
  },
  ['text', 'base64'],
);
export const EVENT = record({
  seq: SEQ,
  timeMs: MS,
  kind: TEXT,
  worker: { type: 'string', description: 'Name of the worker; empty: no worker has to do with it.' },
  data: { type: 'object', additionalProperties: true },
});

/** Named in /openapi.json. */
export const NAMED_SCHEMAS: Readonly<Record<string, Schema>> = {
  Problem: PROBLEM,
  Worker: WORKER,
  WorkerList: WORKER_LIST,
  WorkerCreate: WORKER_CREATE,
  Outcome: OUTCOME,
  Stack: STACK,
  Value: VALUE,
  RunState: RUN_STATE,
  Checkpoint: CHECKPOINT,
  Reverted: REVERTED,
  Updated: UPDATED,
  MoveRequest: MOVE_REQUEST,
  MoveResult: MOVE_RESULT,
  IncomingMove: INCOMING_MOVE,
  Bundle: BUNDLE,
  BundleList: BUNDLE_LIST,
  LogEntry: LOG_ENTRY,
  Event: EVENT,
  Node: NODE,
  Drain: DRAIN,
};
