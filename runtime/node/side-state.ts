/**
 * What travels with a worker beside its snapshot: the log that is kept and standard input that it has not taken yet.
 *
 * Boundary: JSON, format version 1, the log layer of the bundle. The snapshot is the program's state; this is the node's.
 * Decoding checks every field, since it may come from another node.
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

interface Encoded {
  readonly nextSeq: number;
  readonly pieces: readonly { seq: number; stream: 'stdout' | 'stderr'; timeMs: number; base64: string }[];
  readonly stdin: { readonly base64: string; readonly closed: boolean };
  readonly journal?: string;
}

const base64Of = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export function encodeSideState(log: WorkerLog, stdin: StdinQueue, journal?: Uint8Array): Uint8Array {
  const pieces = log.pieces.map(({ seq, stream, timeMs, bytes }) => ({ seq, stream, timeMs, base64: base64Of(bytes) }));
  const encoded = {
    version: 1,
    nextSeq: log.nextSeq,
    pieces,
    stdin: { base64: base64Of(stdin.pending), closed: stdin.closed },
    ...(journal === undefined ? {} : { journal: base64Of(journal) }),
  };
  return Buffer.from(JSON.stringify(encoded), 'utf8');
}

/** @throws PluvioError `REQUEST_INVALID` and names the field */
export function decodeSideState(bytes: Uint8Array): SideState {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new PluvioError('REQUEST_INVALID', 'the side state of the worker is not JSON', {}, { cause });
  }
  checkValue(SIDE_STATE, parsed, 'side state');
  const { nextSeq, pieces, stdin, journal } = parsed as Encoded; // checked by the schema
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
