/**
 * The journal of a worker as bytes that travel with it: magic, CRC-32 of the rest, MessagePack.
 *
 * Boundary: bytes come from another node; every field is checked before anything is laid out.
 */
import { Packr } from 'msgpackr';
import { PluvioError } from '../../errors/index.ts';
import { checksum } from './checksum.ts';
import { nextCronMs } from './cron.ts';
import type { SentEffect } from './outbox-rows.ts';
import { INPUT_KINDS, type NewTimer } from './types.ts';

export const JOURNAL_FORMAT = 1;
const MAGIC = Uint8Array.of(0x50, 0x4c, 0x56, 0x4a); // "PLVJ"
const HEADER_BYTES = MAGIC.length + 4;
const MAX_KEY_CHARS = 1024;

export interface TravellingInput {
  readonly seq: number;
  readonly kind: number;
  readonly at_ms: number;
  readonly settled_ms: number | null;
  readonly kept_ms: number | null;
  readonly key: string | null;
  readonly info: string;
  readonly body: Uint8Array | null;
  readonly outcome: Uint8Array | null;
}

export interface TravellingMessage {
  readonly target: string;
  readonly at_ms: number;
  readonly attempts: number;
  readonly key: string;
  readonly info: string;
  readonly body: Uint8Array;
}

export interface TravellingJournal {
  readonly version: typeof JOURNAL_FORMAT;
  readonly lastSeq: number;
  readonly coveredSeq: number;
  readonly inputs: readonly TravellingInput[];
  readonly timers: readonly NewTimer[];
  readonly topics: readonly string[];
  readonly sent: readonly SentEffect[];
  readonly outbox: readonly TravellingMessage[];
}

const packr = new Packr({ useRecords: false, int64AsType: 'number' });

export function encodeJournal(journal: TravellingJournal): Uint8Array {
  const packed = packr.pack(journal);
  const bytes = new Uint8Array(HEADER_BYTES + packed.length);
  bytes.set(MAGIC);
  new DataView(bytes.buffer).setUint32(MAGIC.length, checksum(packed));
  bytes.set(packed, HEADER_BYTES);
  return bytes;
}

/** @throws PluvioError `JOURNAL_MALFORMED` or `JOURNAL_VERSION` */
export function decodeJournal(bytes: Uint8Array): TravellingJournal {
  if (bytes.length < HEADER_BYTES || !MAGIC.every((byte, at) => bytes[at] === byte)) {
    throw malformed('header', 'it does not begin with "PLVJ"');
  }
  const rest = bytes.subarray(HEADER_BYTES);
  const crc = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(MAGIC.length);
  if (checksum(rest) !== crc) throw malformed('header', 'the checksum does not fit');
  let value: unknown;
  try {
    value = packr.unpack(rest);
  } catch (cause) {
    throw malformed('body', String(cause));
  }
  const journal = fields(value, 'journal');
  if (journal['version'] !== JOURNAL_FORMAT) {
    const message = `the journal has format version ${String(journal['version'])}; this program reads ${JOURNAL_FORMAT}`;
    throw new PluvioError('JOURNAL_VERSION', message);
  }
  return checkJournal({
    version: JOURNAL_FORMAT,
    lastSeq: whole(journal['lastSeq'], 'lastSeq'),
    coveredSeq: whole(journal['coveredSeq'], 'coveredSeq'),
    inputs: list(journal['inputs'], 'inputs', inputOf),
    timers: list(journal['timers'], 'timers', timerOf),
    topics: list(journal['topics'], 'topics', text),
    sent: list(journal['sent'], 'sent', sentOf),
    outbox: list(journal['outbox'], 'outbox', messageOf),
  });
}

/** What holds between fields. */
function checkJournal(journal: TravellingJournal): TravellingJournal {
  const { lastSeq, coveredSeq, inputs } = journal;
  if (coveredSeq > lastSeq) throw malformed('coveredSeq', `it is ${coveredSeq}, after the last input ${lastSeq}`);
  let before = 0;
  const keys = new Set<string>();
  let expected = coveredSeq + 1;
  for (const { seq, key, body, outcome, settled_ms, kept_ms } of inputs) {
    if (seq <= before || seq > lastSeq) throw malformed('inputs', `input ${seq} follows input ${before}`);
    if (seq > coveredSeq && seq !== expected++) throw malformed('inputs', `input ${expected - 1} is missing`);
    if (key !== null && keys.has(key)) throw malformed('inputs', `two inputs have the key "${key}"`);
    if (key !== null) keys.add(key);
    if ((settled_ms === null) !== (outcome === null)) throw malformed('inputs', `input ${seq} is half settled`);
    if ((kept_ms !== null) !== (body === null)) throw malformed('inputs', `input ${seq} has no body`);
    if (kept_ms !== null && (settled_ms === null || key === null || seq > coveredSeq)) {
      throw malformed('inputs', `input ${seq} is kept without reason`);
    }
    before = seq;
  }
  if (expected !== lastSeq + 1) throw malformed('inputs', `input ${expected} is missing`);
  unique(
    journal.timers.map(({ id }) => id),
    'timers',
  );
  unique(journal.topics, 'topics');
  unique(
    journal.sent.map(({ key }) => key),
    'sent',
  );
  return journal;
}

function unique(names: readonly string[], field: string): void {
  if (new Set(names).size !== names.length) throw malformed(field, 'two have the same name');
}

function inputOf(value: unknown, field: string): TravellingInput {
  const row = fields(value, field);
  const kind = whole(row['kind'], `${field}.kind`);
  if (kind >= INPUT_KINDS.length) throw malformed(`${field}.kind`, `there is no kind ${kind}`);
  return {
    seq: whole(row['seq'], `${field}.seq`),
    kind,
    at_ms: whole(row['at_ms'], `${field}.at_ms`),
    settled_ms: orNull(row['settled_ms'], `${field}.settled_ms`, whole),
    kept_ms: orNull(row['kept_ms'], `${field}.kept_ms`, whole),
    key: orNull(row['key'], `${field}.key`, text),
    info: json(row['info'], `${field}.info`),
    body: orNull(row['body'], `${field}.body`, binary),
    outcome: orNull(row['outcome'], `${field}.outcome`, binary),
  };
}

function timerOf(value: unknown, field: string): NewTimer {
  const row = fields(value, field);
  const cron = orNull(row['cron'], `${field}.cron`, text);
  const dueMs = whole(row['dueMs'], `${field}.dueMs`);
  try {
    if (cron !== null) nextCronMs(cron, dueMs);
  } catch (error) {
    throw malformed(`${field}.cron`, String(error));
  }
  return { id: text(row['id'], `${field}.id`), dueMs, cron, payload: binary(row['payload'], `${field}.payload`) };
}

function sentOf(value: unknown, field: string): SentEffect {
  const row = fields(value, field);
  return { seq: whole(row['seq'], `${field}.seq`), key: text(row['key'], `${field}.key`) };
}

function messageOf(value: unknown, field: string): TravellingMessage {
  const row = fields(value, field);
  return {
    target: text(row['target'], `${field}.target`),
    at_ms: whole(row['at_ms'], `${field}.at_ms`),
    attempts: whole(row['attempts'], `${field}.attempts`),
    key: text(row['key'], `${field}.key`),
    info: json(row['info'], `${field}.info`),
    body: binary(row['body'], `${field}.body`),
  };
}

// Readers of one value; each names the field that does not fit.

type Reader<Value> = (value: unknown, field: string) => Value;

function fields(value: unknown, field: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)) {
    return value as Record<string, unknown>; // a plain object, checked above
  }
  throw malformed(field, 'it is not a map');
}

function list<Value>(value: unknown, field: string, reader: Reader<Value>): Value[] {
  if (!Array.isArray(value)) throw malformed(field, 'it is not a list');
  return value.map((item, at) => reader(item, `${field}[${at}]`));
}

const orNull = <Value>(value: unknown, field: string, reader: Reader<Value>): Value | null =>
  value === null ? null : reader(value, field);

function whole(value: unknown, field: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw malformed(field, 'it is not a whole number');
}

function text(value: unknown, field: string): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= MAX_KEY_CHARS) return value;
  throw malformed(field, `it is not a text of 1 to ${MAX_KEY_CHARS} characters`);
}

function json(value: unknown, field: string): string {
  if (typeof value !== 'string') throw malformed(field, 'it is not a text');
  try {
    JSON.parse(value);
    return value;
  } catch {
    throw malformed(field, 'it is not JSON');
  }
}

function binary(value: unknown, field: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw malformed(field, 'it is not binary');
}

const malformed = (field: string, why: string): PluvioError =>
  new PluvioError('JOURNAL_MALFORMED', `journal of a worker, field ${field}: ${why}`, { field });
