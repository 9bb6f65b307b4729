/**
 * The state of an ABI host in a snapshot. docs/abi.md is the specification.
 *
 * Invariants:
 * 1. The same state gives the same data; nothing of what is stored is copied or encoded for it.
 * 2. Every field is checked before it is used, a message names it; bytes are copied, so the snapshot can be let go of.
 */
import { PluvioError } from '../../errors/index.ts';
import { StateField } from '../state-field.ts';
import { BLOCK_BYTES } from './blobs.ts';
import { ByteSlabs } from './byte-slabs.ts';
import type { AbiContext } from './context.ts';
import { isCron } from './cron.ts';
import { encodeInputs, encodeWaits, readInputs, readWaits } from './input-state.ts';
import type { AbiLimitName } from './limits.ts';
import { isName } from './name-syntax.ts';
import type { ResultRegister } from './registers.ts';
import { compareNames } from './sorted-names.ts';
import type { Timer } from './timers.ts';

export const ABI_STATE_VERSION = 1;

/** The state as plain data. It refers to stored bytes, which are never changed in place. */
export function encodeState(abi: AbiContext): unknown {
  const { registers, kv, blobs, timers } = abi;
  return {
    version: ABI_STATE_VERSION,
    inputs: encodeInputs(abi),
    waits: encodeWaits(abi.waits),
    registers: { result: registers.result ?? null, fetchBody: registers.fetchBody ?? null },
    kv: { entries: kv.flat, undo: kv.flatUndo ?? null },
    blobs: blobs.entries,
    timers: timers.all.map(({ expression = null, ...timer }) => ({ ...timer, expression })),
    subscriptions: [...abi.subscriptions].sort(compareNames),
    secretsRead: [...abi.secretsRead].sort(compareNames),
  };
}

/**
 * Takes up state that `encodeState` gave, into a fresh context.
 * @throws PluvioError `SNAPSHOT_VERSION`, `SNAPSHOT_MALFORMED`, `SNAPSHOT_MISMATCH`
 */
export function loadState(abi: AbiContext, data: unknown, path: string): void {
  const state = new StateField(data, path);
  const version = state.get('version').integer(0);
  if (version !== ABI_STATE_VERSION) {
    throw new PluvioError('SNAPSHOT_VERSION', `field ${path}.version is ${version}; it must be ${ABI_STATE_VERSION}`);
  }
  const settling = readInputs(state.get('inputs'), abi.inputs);
  readWaits(state.get('waits'), abi);
  readRegisters(state.get('registers'), abi);
  readKeyValues(state.get('kv'), abi);
  readBlobs(withinLimit(state.get('blobs'), abi, 'blobs'), abi);
  abi.timers.restore(readTimers(withinLimit(state.get('timers'), abi, 'timers')));
  for (const topic of readNames(withinLimit(state.get('subscriptions'), abi, 'subscriptions')))
    abi.subscriptions.add(topic);
  for (const name of readNames(state.get('secretsRead'))) abi.secretsRead.add(name);
  if (abi.storage.isExceeded) {
    state.get('kv').mismatch(`such that storage is within ${abi.limits.storageBytes} bytes, the limit storageBytes`);
  }
  abi.mailbox.restore(settling);
}

function withinLimit(field: StateField, { limits }: AbiContext, name: AbiLimitName): StateField {
  if (field.items().length > limits[name]) field.mismatch(`an array of at most ${limits[name]}, the limit ${name}`);
  return field;
}

function readRegisters(field: StateField, { registers }: AbiContext): void {
  const fetchBody = field.get('fetchBody');
  registers.result = readResult(field.get('result'));
  registers.fetchBody = fetchBody.isNull ? undefined : fetchBody.ownBytes();
}

function readResult(field: StateField): ResultRegister | undefined {
  if (field.isNull) return undefined;
  return field.get('kind').oneOf(['bytes', 'secret']) === 'bytes'
    ? { kind: 'bytes', bytes: field.get('bytes').ownBytes() }
    : { kind: 'secret', name: readName(field.get('name')) };
}

// --- storage ---

function readKeyValues(field: StateField, { kv }: AbiContext): void {
  const undo = field.get('undo');
  const entries = readEntries(field.get('entries'), false);
  kv.restore(
    entries as [string, Uint8Array][], // none of the values is missing
    undo.isNull ? undefined : readEntries(undo, true),
  );
}

/** Key, value, key, value …, by key; without a field for each, since there may be very many. */
function readEntries(field: StateField, orNull: boolean): [string, Uint8Array | undefined][] {
  const items = field.items();
  if (items.length % 2 !== 0) field.malformed('an array of pairs, key and value');
  const entries: [string, Uint8Array | undefined][] = [];
  const slabs = new ByteSlabs();
  let before = '';
  for (let at = 0; at < items.length; at += 2) {
    const key = items[at];
    const value = items[at + 1];
    if (typeof key !== 'string' || !key.isWellFormed() || compareNames(before, key) >= 0) {
      return field.item(at).malformed('a key behind the one before');
    }
    before = key;
    if (value instanceof Uint8Array) entries.push([key, slabs.copy(value)]);
    else if (value === null && orNull) entries.push([key, undefined]);
    else return field.item(at + 1).malformed(orNull ? 'bytes or null' : 'bytes');
  }
  return entries;
}

function readBlobs(field: StateField, { blobs }: AbiContext): void {
  let before = '';
  blobs.restore(
    field.array().map((item) => {
      const [name, blocks] = item.tuple(2);
      before = readNameBehind(name, before);
      return [before, readBlocks(blocks)];
    }),
  );
}

function readBlocks(field: StateField): Uint8Array[] {
  const fields = field.array();
  return fields.map((item, index) => {
    const block = item.ownBytes();
    const isLast = index === fields.length - 1;
    if (block.length === 0 || block.length > BLOCK_BYTES || (!isLast && block.length !== BLOCK_BYTES)) {
      item.malformed(isLast ? `1 to ${BLOCK_BYTES} bytes` : `${BLOCK_BYTES} bytes`);
    }
    return block;
  });
}

// --- names ---

function readName(field: StateField): string {
  const text = field.text();
  return isName(text) ? text : field.malformed('a name');
}

function readNameBehind(field: StateField, before: string): string {
  const name = readName(field);
  return compareNames(before, name) < 0 ? name : field.malformed('a name behind the one before');
}

function readNames(field: StateField): string[] {
  let before = '';
  return field.array().map((item) => (before = readNameBehind(item, before)));
}

function readTimers(field: StateField): Timer[] {
  let before = '';
  return field.array().map((item) => {
    before = readNameBehind(item.get('id'), before);
    return {
      id: before,
      dueMs: item.get('dueMs').integer(0),
      expression: readExpression(item.get('expression')),
      payload: item.get('payload').ownBytes(),
    };
  });
}

function readExpression(field: StateField): string | undefined {
  if (field.isNull) return undefined;
  const expression = readName(field);
  return isCron(expression) ? expression : field.malformed('a cron expression or null');
}
