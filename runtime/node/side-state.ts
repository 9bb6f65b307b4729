/**
 * What travels with a worker beside its snapshot: the log that is kept and standard input that it has not taken yet.
 *
 * Boundary: JSON, format version 1, the log layer of the bundle. The snapshot is the program's state; this is the node's.
 * Decoding checks every field, since it may come from another node. A change of a side state, which has only what was written to the log since,
 * is in the store alone.
 */
import { PluvioError } from '../errors/index.ts';
import { checkValue, type Schema } from './schema-check.ts';
import type { StdinQueue } from './stdin-queue.ts';
import type { LogPiece, WorkerLog } from './worker-log.ts';

export interface SideState {
  readonly nextSeq: number;
  readonly pieces: readonly LogPiece[];
  readonly stdin: { readonly pending: Uint8Array; readonly closed: boolean };
  /** Of a worker that moves: what its journal has. */
  readonly journal: Uint8Array | undefined;
}

const BASE64 = '^[A-Za-z0-9+/]*={0,2}$';

const SIDE_STATE = {
  type: 'object',
  required: ['version', 'nextSeq', 'pieces', 'stdin'],
  properties: {
    version: { type: 'integer', enum: [1] },
    nextSeq: { type: 'integer', minimum: 1 },
    pieces: {
      type: 'array',
      items: {
        type: 'object',
        required: ['seq', 'stream', 'timeMs', 'base64'],
        properties: {
          seq: { type: 'integer', minimum: 1 },
          stream: { type: 'string', enum: ['stdout', 'stderr'] },
          timeMs: { type: 'integer', minimum: 0 },
          base64: { type: 'string', pattern: BASE64 },
        },
      },
    },
    stdin: {
      type: 'object',
      required: ['base64', 'closed'],
      properties: { base64: { type: 'string', pattern: BASE64 }, closed: { type: 'boolean' } },
    },
    journal: { type: 'string', pattern: BASE64 },
  },
} as const satisfies Schema;

/** `firstSeq`: the oldest piece of the log that is kept. */
const SIDE_CHANGE = {
  ...SIDE_STATE,
  required: [...SIDE_STATE.required, 'firstSeq'],
  properties: { ...SIDE_STATE.properties, firstSeq: { type: 'integer', minimum: 1 } },
} as const satisfies Schema;

interface Encoded {
  readonly version: 1;
  readonly nextSeq: number;
  readonly pieces: readonly { seq: number; stream: 'stdout' | 'stderr'; timeMs: number; base64: string }[];
  readonly stdin: { readonly base64: string; readonly closed: boolean };
  readonly journal?: string;
}

interface EncodedChange extends Encoded {
  readonly firstSeq: number;
}

const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const bytesOf = (encoded: Encoded): Uint8Array => Buffer.from(JSON.stringify(encoded), 'utf8');

/** @param sinceSeq Number of the first piece of the log that is wanted. */
const encodedOf = (log: WorkerLog, stdin: StdinQueue, sinceSeq: number): Encoded => ({
  version: 1,
  nextSeq: log.nextSeq,
  pieces: log.pieces
    .filter(({ seq }) => seq >= sinceSeq)
    .map(({ seq, stream, timeMs, bytes }) => ({ seq, stream, timeMs, base64: base64Of(bytes) })),
  stdin: { base64: base64Of(stdin.pending), closed: stdin.closed },
});

export function encodeSideState(log: WorkerLog, stdin: StdinQueue, journal?: Uint8Array): Uint8Array {
  const encoded = encodedOf(log, stdin, 1);
  return bytesOf(journal === undefined ? encoded : { ...encoded, journal: base64Of(journal) });
}

/** What it is, of the log only pieces from a number on. */
export function encodeSideChange(log: WorkerLog, stdin: StdinQueue, sinceSeq: number): Uint8Array {
  const change: EncodedChange = { ...encodedOf(log, stdin, sinceSeq), firstSeq: log.firstSeq };
  return bytesOf(change);
}

/**
 * The side state that changes of one lead to.
 * @param whole null: there was none, and no log.
 * @throws PluvioError `REQUEST_INVALID`
 */
export function joinSideStates(whole: Uint8Array | null, changes: readonly Uint8Array[]): Uint8Array | null {
  let joined = whole === null ? null : (parsedBy(SIDE_STATE, whole) as Encoded); // checked by the schema
  for (const bytes of changes) {
    const { firstSeq, ...change } = parsedBy(SIDE_CHANGE, bytes) as EncodedChange; // checked by the schema
    const since = change.pieces[0]?.seq ?? change.nextSeq;
    const before = joined?.pieces.filter(({ seq }) => seq >= firstSeq && seq < since) ?? [];
    joined = { ...change, pieces: [...before, ...change.pieces] };
  }
  return joined === null ? null : bytesOf(joined);
}

function parsedBy(schema: Schema, bytes: Uint8Array): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new PluvioError('REQUEST_INVALID', 'the side state of the worker is not JSON', {}, { cause });
  }
  checkValue(schema, parsed, 'side state');
  return parsed;
}

/** @throws PluvioError `REQUEST_INVALID` and names the field */
export function decodeSideState(bytes: Uint8Array): SideState {
  const { nextSeq, pieces, stdin, journal } = parsedBy(SIDE_STATE, bytes) as Encoded; // checked by the schema
  let before = 0;
  for (const { seq } of pieces) {
    if (seq <= before || seq >= nextSeq) {
      throw new PluvioError(
        'REQUEST_INVALID',
        `side state: log number ${seq} must lie between ${before} and ${nextSeq}`,
      );
    }
    before = seq;
  }
  return {
    nextSeq,
    pieces: pieces.map(({ base64, ...rest }) => ({ ...rest, bytes: Buffer.from(base64, 'base64') })),
    stdin: { pending: Buffer.from(stdin.base64, 'base64'), closed: stdin.closed },
    journal: journal === undefined ? undefined : Buffer.from(journal, 'base64'),
  };
}
