import { PluvioError } from '../errors/index.ts';
import { checkValue, type Schema } from './schema-check.ts';
import { MOVE_ID, NAME } from './schemas.ts';
import { CHECKPOINT, type CheckpointRecord, upgradedCheckpoint } from './worker-record.ts';

/**
 * What a source must know to learn, after a crash too, whether the target runs the worker; format version 1.
 *
 * `token` is the secret for the target: the file is readable by its owner only and goes when the move is settled.
 */
export interface JournalEntry {
  readonly version: 1;
  readonly id: string;
  readonly worker: string;
  readonly target: string;
  readonly token: string | null;
  /** Whether the worker ran: it goes on here if the target has not started it. */
  readonly resume: boolean;
  readonly checkpoint: CheckpointRecord;
}

const PROPERTIES = {
  version: { type: 'integer', enum: [1] },
  id: MOVE_ID,
  worker: NAME,
  target: { type: 'string', pattern: '^https?://' },
  token: { anyOf: [{ type: 'string' }, { type: 'null' }] },
  resume: { type: 'boolean' },
  checkpoint: CHECKPOINT,
} as const satisfies Record<keyof JournalEntry, Schema>;

/** @throws PluvioError `STORE_FAILED` and names the field */
export function checkJournal(key: string, document: unknown): JournalEntry {
  const current = withCheckpoint(document);
  try {
    checkValue({ type: 'object', required: Object.keys(PROPERTIES), properties: PROPERTIES }, current, `moves/${key}`);
  } catch (cause) {
    throw new PluvioError(
      'STORE_FAILED',
      `a move's journal is damaged: ${(cause as Error).message}`,
      { key },
      { cause },
    );
  }
  return current as JournalEntry; // checked by the schema
}

/** A document with the checkpoint as this version has it. */
function withCheckpoint(document: unknown): unknown {
  const checkpoint: unknown =
    typeof document === 'object' && document !== null && 'checkpoint' in document ? document.checkpoint : undefined;
  if (typeof checkpoint !== 'object' || checkpoint === null) return document;
  return { ...(document as object), checkpoint: upgradedCheckpoint(checkpoint) }; // it has a field
}
