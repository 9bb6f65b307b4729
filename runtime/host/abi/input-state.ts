/** The part of a snapshot that is about inputs and waits: written, and checked field by field when it is taken up. */
import { BytePieces } from '../byte-pieces.ts';
import type { StateField } from '../state-field.ts';
import type { AbiContext } from './context.ts';
import { AbiFault, ABI_ERRORS } from './error-codes.ts';
import { readHttpHead } from './http-data.ts';
import { type CurrentInput, type Entry, type Inputs, UNTAKEN_MAX } from './inputs.ts';
import { readInfo, readPairs } from './input-info.ts';
import type { EffectNumber, HttpHead, SettledInput } from './types.ts';
import type { Recorded, WaitRecord } from './waits.ts';

const RESULT_MIN = Math.min(...Object.values(ABI_ERRORS).map(({ code }) => code));
const RESULT_MAX = 0x7fff_ffff;
/** What a record can be of, and whether it asks for something that has a number. */
const RECORD_KINDS = { recv: false, sleep: false, call: true, fetch: true, checkpoint: true, body: false } as const;
type RecordKind = keyof typeof RECORD_KINDS;

// --- writing ---

export function encodeInputs({ inputs, mailbox }: Pick<AbiContext, 'inputs' | 'mailbox'>): unknown {
  const { current, entry, highSeq, untaken, numberedSeq, ordinal, openBody } = inputs;
  // Who sends a body sends it here: in another place it has no end.
  const isCut = openBody !== undefined;
  const cancelled = isCut ? { cancelled: true } : {};
  return {
    highSeq,
    untaken: [...untaken],
    numberedSeq,
    ordinal,
    current:
      current === undefined ? null : { ...current, ...(isCut ? { body: current.body.slice(), ...cancelled } : {}) },
    entry: entry === undefined ? null : { ...encodeEntry(entry), ...cancelled },
    ...(isCut && openBody.of === current ? { cut: true } : {}),
    settling: mailbox.settling === undefined ? null : { ...mailbox.settling },
  };
}

function encodeEntry(entry: Entry): object {
  const { seq, head = null, effects = null, cancelled } = entry;
  return { seq, output: entry.output.joined(), head, effects, cancelled };
}

export function encodeWaits({ begun, completed, record }: AbiContext['waits']): unknown {
  return {
    begun,
    completed: completed === undefined ? null : { ...completed },
    record: record === undefined ? null : { ...record },
  };
}

// --- reading ---

/** Fills fresh inputs; gives what is to be settled. */
export function readInputs(field: StateField, inputs: Inputs): SettledInput | undefined {
  inputs.highSeq = field.get('highSeq').integer(0);
  inputs.untaken = readUntaken(field.get('untaken'), inputs.highSeq);
  inputs.numberedSeq = readSeq(field.get('numberedSeq'), inputs, 0);
  inputs.ordinal = field.get('ordinal').integer(0);
  inputs.entry = readEntry(field.get('entry'), inputs);
  inputs.current = readCurrent(field.get('current'), inputs);
  readCut(field.get('cut'), inputs);
  const settling = field.get('settling');
  if (settling.isNull) return undefined;
  if (inputs.current !== undefined) settling.malformed('null while an input is current');
  return { seq: readSeq(settling.get('seq'), inputs, 1), effects: settling.get('effects').integer(0) };
}

function readUntaken(field: StateField, highSeq: number): number[] {
  if (field.items().length > UNTAKEN_MAX) field.malformed(`an array of at most ${UNTAKEN_MAX}`);
  let before = 0;
  return field.array().map((item) => (before = item.integer(before + 1, highSeq - 1)));
}

/** The number of an input that was taken, or 0 where that stands for none. */
function readSeq(field: StateField, inputs: Inputs, min: 0 | 1): number {
  const seq = field.integer(min, inputs.highSeq);
  return seq === 0 || inputs.isTaken(seq) ? seq : field.malformed('the number of an input that was taken');
}

function readEntry(field: StateField, inputs: Inputs): Entry | undefined {
  if (field.isNull) return undefined;
  const head = field.get('head');
  const effects = field.get('effects');
  return {
    seq: readSeq(field.get('seq'), inputs, 0),
    output: BytePieces.of(field.get('output').ownBytes()),
    streams: false,
    head: head.isNull ? undefined : readHead(head),
    effects: effects.isNull ? undefined : effects.integer(0),
    cancelled: field.get('cancelled').boolean(),
  };
}

function readCurrent(field: StateField, inputs: Inputs): CurrentInput | undefined {
  if (field.isNull) return undefined;
  const seq = readSeq(field.get('seq'), inputs, 0);
  const isMessage = field.get('isMessage').boolean();
  if (!isMessage && inputs.entry?.seq !== seq) field.get('seq').malformed('that of the entry');
  return {
    seq,
    info: readInfo(field.get('info')),
    body: field.get('body').ownBytes(),
    isMessage,
    replied: field.get('replied').boolean(),
    cancelled: field.get('cancelled').boolean(),
  };
}

/** Whether the current body has no end; left out: it has. */
function readCut(field: StateField, inputs: Inputs): void {
  const { current } = inputs;
  if (field.isNull || !field.boolean()) return;
  if (current?.cancelled !== true || current.isMessage) field.malformed('left out where no cancelled call is current');
  else inputs.openBody = { name: undefined, of: current, room: current.body };
}

function readHead(field: StateField): HttpHead {
  try {
    return readHttpHead({ status: field.get('status').integer(0), headers: readPairs(field.get('headers')) });
  } catch (error) {
    if (error instanceof AbiFault) return field.malformed('status and headers of HTTP');
    throw error;
  }
}

/** Takes up waits; `inputs` is what goes with them. */
export function readWaits(field: StateField, { waits, inputs }: Pick<AbiContext, 'waits' | 'inputs'>): void {
  const begun = field.get('begun').integer(0);
  const completed = readCompleted(field.get('completed'), begun);
  const record = readRecord(field.get('record'), begun, completed, inputs);
  waits.restore(begun, completed, record);
}

function readCompleted(field: StateField, begun: number): Recorded | undefined {
  if (field.isNull) return undefined;
  return {
    operation: field.get('operation').integer(1, begun),
    result: field.get('result').integer(RESULT_MIN, RESULT_MAX),
  };
}

function readRecord(
  field: StateField,
  begun: number,
  completed: Recorded | undefined,
  inputs: Inputs,
): WaitRecord | undefined {
  if (field.isNull) return undefined;
  const operation = field.get('operation').integer(Math.max(begun, (completed?.operation ?? 0) + 1), begun);
  const kind = field.get('kind').oneOf(Object.keys(RECORD_KINDS) as RecordKind[]); // keys of the table
  const due = field.get('dueMs');
  const number = field.get('number');
  if (!RECORD_KINDS[kind] && !number.isNull) number.malformed(`null for ${kind}`);
  return {
    operation,
    kind,
    dueMs: due.isNull ? null : due.integer(0),
    number: RECORD_KINDS[kind] ? readNumber(number, inputs) : null,
  };
}

/** A number that was given. */
function readNumber(field: StateField, inputs: Inputs): EffectNumber {
  const inputSeq = field.get('inputSeq').integer(inputs.numberedSeq, inputs.numberedSeq);
  return { inputSeq, ordinal: field.get('ordinal').integer(0, inputs.ordinal - 1) };
}
