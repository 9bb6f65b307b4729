/**
 * What the store says of a worker, one document each; format version 2. Documents of version 1 are read as well.
 *
 * Invariants:
 * 1. `fresh`: nothing of it has run, its state is that of its bundle. `clean`: its state is exactly that of the checkpoint.
 *    Unless its inputs are journalled, both are cleared in the store before anything runs, so after a crash a record never claims more
 *    than is true.
 * 2. A record that is neither fresh nor clean and has no checkpoint stands, after a restart, for a lost worker.
 */
import type { CheckpointPolicy, Route } from '../bundle/index.ts';
import { PluvioError } from '../errors/index.ts';
import type { JsonOutcome, WorkerInfo } from './api-types.ts';
import { checkValue, type Schema } from './schema-check.ts';
import { DIGEST, NAME, POLICY } from './schemas.ts';

export interface CheckpointRecord {
  /** The bundle that the state is in, or that has module and files of it. */
  readonly bundle: string;
  /** The state is the newest checkpoint of the store; otherwise it is in the bundle. */
  readonly stored: boolean;
  readonly atMs: number;
  readonly fuelUsed: string;
  readonly memoryPages: number;
  /** Whether a call is in progress in it. */
  readonly resumable: boolean;
  /** The last input of the journal that it has taken. */
  readonly inputSeq: number;
}

export interface WorkerRecord {
  readonly version: 2;
  readonly name: string;
  readonly tenant: string;
  readonly kind: 'command' | 'reactor';
  readonly module: string;
  readonly bundle: string;
  readonly createdMs: number;
  readonly notMigratable: readonly string[];
  readonly policy: CheckpointPolicy;
  readonly fresh: boolean;
  readonly clean: boolean;
  /** Whether it ran when the record was written: a node that is started again resumes it. */
  readonly running: boolean;
  /** Somebody stopped its call: it goes on by a request alone. */
  readonly halted: boolean;
  /** It left memory and comes back when something is there for it, at `wakeMs` by itself. */
  readonly asleep: boolean;
  readonly wakeMs: number | null;
  readonly ended: boolean;
  readonly outcome: JsonOutcome | null;
  readonly checkpoint: CheckpointRecord | null;
  /** Whether standard input is sent over the API; otherwise it is at its end from the start. */
  readonly stdinOpen: boolean;
  /** Blob of the side state of an ended worker. */
  readonly finalSide: string | null;
  readonly fuelUsed: string;
  readonly memoryPages: number;
  /** Of its key-value and blob storage, as of its last checkpoint; absent: none was taken. */
  readonly storageBytes?: number;
  /** HTTP requests that it answers. */
  readonly routes: readonly Route[];
  /** What it was before updates, newest first. */
  readonly versions: readonly VersionRecord[];
}

/** What a worker was before an update. */
export interface VersionRecord {
  readonly bundle: string;
  readonly module: string;
  /** When it was replaced. */
  readonly atMs: number;
  /** Its last state in the history; null: there is none, or the version after it has gone on with it. */
  readonly checkpoint: number | null;
}

/** What a record says of its worker. */
export function infoOf({
  name,
  tenant,
  kind,
  module,
  bundle,
  createdMs,
  outcome,
  notMigratable,
  policy,
  checkpoint,
  versions,
}: WorkerRecord): Omit<
  WorkerInfo,
  'status' | 'fuelUsed' | 'memoryPages' | 'interrupted' | 'move' | 'queued' | 'logNextSeq'
> {
  return {
    name,
    tenant,
    kind,
    module,
    bundle,
    createdMs,
    outcome,
    notMigratable,
    policy,
    checkpoint: checkpoint && { bundle: checkpoint.bundle, atMs: checkpoint.atMs },
    versions: versions.map(({ bundle: before, atMs }) => ({ bundle: before, atMs })),
  };
}

/** What is left of a worker that has moved away. */
export interface TombstoneRecord {
  readonly version: 1;
  readonly name: string;
  readonly movedTo: string;
  readonly moveId: string;
  readonly atMs: number;
  /** HTTP requests that are passed on. */
  readonly routes: readonly Route[];
  /** Ingress of the node that it moved to; null: it has none. */
  readonly ingress: string | null;
  /** Of the worker that has gone; earlier versions did not say. */
  readonly tenant?: string;
}

const DECIMAL: Schema = { type: 'string', pattern: '^\\d{1,20}$' };
const optional = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

export const CHECKPOINT: Schema = {
  type: 'object',
  required: ['bundle', 'stored', 'atMs', 'fuelUsed', 'memoryPages', 'resumable', 'inputSeq'],
  properties: {
    bundle: DIGEST,
    stored: { type: 'boolean' },
    atMs: { type: 'integer' },
    fuelUsed: DECIMAL,
    memoryPages: { type: 'integer' },
    resumable: { type: 'boolean' },
    inputSeq: { type: 'integer', minimum: 0 },
  },
};

const ROUTES: Schema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['path'],
    properties: {
      host: { type: 'string' },
      path: { type: 'string', pattern: '^/' },
      methods: { type: 'array', items: { type: 'string' } },
      export: { type: 'string' },
    },
  },
};

const VERSIONS: Schema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['bundle', 'module', 'atMs', 'checkpoint'],
    properties: {
      bundle: DIGEST,
      module: { type: 'string', pattern: '^[0-9a-f]{64}$' },
      atMs: { type: 'integer' },
      checkpoint: optional({ type: 'integer', minimum: 1 }),
    },
  },
};

const WORKER_PROPERTIES = {
  version: { type: 'integer', enum: [2] },
  name: NAME,
  tenant: NAME,
  kind: { type: 'string', enum: ['command', 'reactor'] },
  module: { type: 'string', pattern: '^[0-9a-f]{64}$' },
  bundle: DIGEST,
  createdMs: { type: 'integer' },
  notMigratable: { type: 'array', items: { type: 'string' } },
  policy: POLICY,
  fresh: { type: 'boolean' },
  clean: { type: 'boolean' },
  running: { type: 'boolean' },
  halted: { type: 'boolean' },
  asleep: { type: 'boolean' },
  wakeMs: optional({ type: 'integer' }),
  ended: { type: 'boolean' },
  outcome: optional({ type: 'object', additionalProperties: true }),
  checkpoint: optional(CHECKPOINT),
  stdinOpen: { type: 'boolean' },
  finalSide: optional(DIGEST),
  fuelUsed: DECIMAL,
  memoryPages: { type: 'integer' },
  storageBytes: { type: 'integer', minimum: 0 },
  routes: ROUTES,
  versions: VERSIONS,
} as const satisfies Record<keyof WorkerRecord, Schema>;

const TOMBSTONE_PROPERTIES = {
  version: { type: 'integer', enum: [1] },
  name: NAME,
  movedTo: { type: 'string', pattern: '^https?://' },
  moveId: { type: 'string' },
  atMs: { type: 'integer' },
  routes: ROUTES,
  ingress: optional({ type: 'string', pattern: '^https?://' }),
  tenant: NAME,
} as const satisfies Record<keyof TombstoneRecord, Schema>;

const strict = (properties: Record<string, Schema>, free: readonly string[] = []): Schema => ({
  type: 'object',
  required: Object.keys(properties).filter((name) => !free.includes(name)),
  properties,
});

const WORKER = strict(WORKER_PROPERTIES, ['storageBytes']);
const TOMBSTONE = strict(TOMBSTONE_PROPERTIES, ['tenant']);

/** Whose a worker is if nothing is said. */
export const DEFAULT_TENANT = 'default';

/** A document of version 1 as one of version 2. */
function upgraded(document: object): object {
  if (!('version' in document) || document.version !== 1) return { routes: [], versions: [], ...document };
  const { checkpoint } = document as { checkpoint?: object | null };
  return {
    ...document,
    version: 2,
    tenant: DEFAULT_TENANT,
    policy: 'never',
    halted: false,
    asleep: false,
    wakeMs: null,
    routes: [],
    versions: [],
    checkpoint: checkpoint ? upgradedCheckpoint(checkpoint) : null,
  };
}

/** A checkpoint as an earlier version wrote it. */
export const upgradedCheckpoint = (checkpoint: object): object => ({ stored: false, inputSeq: 0, ...checkpoint });

/** @throws PluvioError `STORE_FAILED` and names the field */
export function checkRecord(key: string, document: unknown): WorkerRecord | TombstoneRecord {
  const isObject = typeof document === 'object' && document !== null;
  const moved = isObject && 'movedTo' in document;
  const current = moved ? { routes: [], ingress: null, ...document } : isObject ? upgraded(document) : document;
  try {
    checkValue(moved ? TOMBSTONE : WORKER, current, `workers/${key}`);
  } catch (cause) {
    throw new PluvioError(
      'STORE_FAILED',
      `a worker record is damaged: ${(cause as Error).message}`,
      { key },
      { cause },
    );
  }
  return current as WorkerRecord | TombstoneRecord; // checked by the schema
}
