/**
 * What the data directory says of a worker, one JSON document each; format version 1.
 *
 * Invariants:
 * 1. `fresh`: nothing of it has run, its state is that of its bundle. `clean`: its state is exactly that of the checkpoint.
 *    Both are cleared on disk before anything runs, so after a crash a record never claims more than is true.
 * 2. A record that is neither fresh nor clean and has no checkpoint stands, after a restart, for a lost worker.
 */
import { PluvioError } from '../errors/index.ts';
import type { JsonOutcome } from './api-types.ts';
import { checkValue, type Schema } from './schema-check.ts';
import { DIGEST, NAME } from './schemas.ts';

export interface CheckpointRecord {
  readonly bundle: string;
  readonly atMs: number;
  readonly fuelUsed: string;
  readonly memoryPages: number;
  /** Whether a call is in progress in it. */
  readonly resumable: boolean;
}

export interface WorkerRecord {
  readonly version: 1;
  readonly name: string;
  readonly kind: 'command' | 'reactor';
  readonly module: string;
  readonly bundle: string;
  readonly createdMs: number;
  readonly notMigratable: readonly string[];
  readonly fresh: boolean;
  readonly clean: boolean;
  /** Whether it ran when the record was written: a node that is started again after a clean end resumes it. */
  readonly running: boolean;
  readonly ended: boolean;
  readonly outcome: JsonOutcome | null;
  readonly checkpoint: CheckpointRecord | null;
  /** Whether standard input is sent over the API; otherwise it is at its end from the start. */
  readonly stdinOpen: boolean;
  /** Blob of the side state of an ended worker. */
  readonly finalSide: string | null;
  readonly fuelUsed: string;
  readonly memoryPages: number;
}

/** What is left of a worker that has moved away. */
export interface TombstoneRecord {
  readonly version: 1;
  readonly name: string;
  readonly movedTo: string;
  readonly moveId: string;
  readonly atMs: number;
}

const DECIMAL: Schema = { type: 'string', pattern: '^\\d{1,20}$' };
const optional = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

export const CHECKPOINT: Schema = {
  type: 'object',
  required: ['bundle', 'atMs', 'fuelUsed', 'memoryPages', 'resumable'],
  properties: {
    bundle: DIGEST,
    atMs: { type: 'integer' },
    fuelUsed: DECIMAL,
    memoryPages: { type: 'integer' },
    resumable: { type: 'boolean' },
  },
};

const WORKER_PROPERTIES = {
  version: { type: 'integer', enum: [1] },
  name: NAME,
  kind: { type: 'string', enum: ['command', 'reactor'] },
  module: { type: 'string', pattern: '^[0-9a-f]{64}$' },
  bundle: DIGEST,
  createdMs: { type: 'integer' },
  notMigratable: { type: 'array', items: { type: 'string' } },
  fresh: { type: 'boolean' },
  clean: { type: 'boolean' },
  running: { type: 'boolean' },
  ended: { type: 'boolean' },
  outcome: optional({ type: 'object', additionalProperties: true }),
  checkpoint: optional(CHECKPOINT),
  stdinOpen: { type: 'boolean' },
  finalSide: optional(DIGEST),
  fuelUsed: DECIMAL,
  memoryPages: { type: 'integer' },
} as const satisfies Record<keyof WorkerRecord, Schema>;

const TOMBSTONE_PROPERTIES = {
  version: { type: 'integer', enum: [1] },
  name: NAME,
  movedTo: { type: 'string', pattern: '^https?://' },
  moveId: { type: 'string' },
  atMs: { type: 'integer' },
} as const satisfies Record<keyof TombstoneRecord, Schema>;

const strict = (properties: Record<string, Schema>): Schema => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});

const WORKER = strict(WORKER_PROPERTIES);
const TOMBSTONE = strict(TOMBSTONE_PROPERTIES);

/** @throws PluvioError `STORE_FAILED` and names the field */
export function checkRecord(key: string, document: unknown): WorkerRecord | TombstoneRecord {
  const moved = typeof document === 'object' && document !== null && 'movedTo' in document;
  try {
    checkValue(moved ? TOMBSTONE : WORKER, document, `workers/${key}`);
  } catch (cause) {
    throw new PluvioError(
      'STORE_FAILED',
      `a worker record is damaged: ${(cause as Error).message}`,
      { key },
      { cause },
    );
  }
  return document as WorkerRecord | TombstoneRecord; // checked by the schema
}
