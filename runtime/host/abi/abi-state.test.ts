import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALL_GRANTS, code, HandGuest, input } from '../../../test/abi/hand-guest.ts';
import { ScriptedServices } from '../../../test/abi/scripted-services.ts';
import { throughBytes } from '../../../test/wasi/hand-guest.ts';
import { readStateSnapshot, readStateVector, snapshotOfHost, stateOfHost } from '../../../test/vectors/state-vector.ts';
import { PluvioError } from '../../errors/index.ts';
import { createAbi } from './abi-host.ts';
import type { AbiLimits } from './limits.ts';

const SEED = 20_261_123;

/** A guest whose state has something in every field. */
function busyGuest(): HandGuest {
  const guest = new HandGuest();
  guest.services.secrets.set('token', 'secret');
  guest.host.beginInput(input(1, 'call'));
  guest.call('output_write', 'some');
  guest.call('output_write', 'output');
  guest.call('output_head', '{"status":201,"headers":[["a","b"]]}');
  guest.call('kv_set', 'b', 'two');
  guest.call('kv_set', 'a', 'one');
  guest.call('kv_begin');
  guest.call('kv_set', 'c', 'three');
  guest.call('kv_delete', 'b');
  guest.call('blob_write', 'blob', 0, new Uint8Array(65_540).fill(7));
  guest.call('timer_set', 't', 5n, 'payload');
  guest.call('cron_set', 'cron', '* * * * *', '');
  guest.call('subscribe', 'x');
  guest.call('secret_get', 'token');
  guest.host.deliver(
    input(4, 'message', {
      kind: 'http',
      caller: { kind: 'client', name: 'ada', tenant: 't' },
      from: 'w',
      topic: 'x',
      timer: 'id',
      dueMs: 1,
      reply: true,
      deadlineMs: 5,
      method: 'GET',
      url: '/',
      headers: [['a', 'b']],
      traceparent: 'tp',
    }),
  );
  guest.call('recv', 0n);
  guest.wait('call', 'w', 'q', 100n);
  return guest;
}

/** One that waits for the node to settle a message, with an answer of HTTP in the register. */
async function settlingGuest(): Promise<HandGuest> {
  const guest = new HandGuest();
  guest.services.respond = () => ({ ok: true, body: new Uint8Array([1, 2, 3]) });
  guest.services.settle = () => new Promise(() => undefined);
  guest.host.deliver(input(2));
  guest.call('recv', 0n);
  await guest.wait('http_fetch', '{"url":"https://a.example/"}', '').promise;
  guest.wait('recv', 50n);
  return guest;
}

type Json = null | boolean | number | bigint | string | Uint8Array | Json[] | { [key: string]: Json };
const stateOf = (guest: HandGuest): Json => throughBytes(guest.host.snapshot()) as Json; // plain data by its type's promise

function takeUp(state: unknown, limits: AbiLimits = {}): HandGuest {
  const guest = new HandGuest({ limits });
  guest.host.restore(state);
  return guest;
}

/** Every path to a value in the state. */
function* pathsIn(value: Json, path: (string | number)[] = []): Generator<(string | number)[]> {
  if (path.length > 0) yield path;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
  for (const [key, item] of Object.entries(value))
    yield* pathsIn(item, [...path, Array.isArray(value) ? Number(key) : key]);
}

function replaced(value: Json, [key, ...rest]: (string | number)[], by: Json): Json {
  if (key === undefined) return by;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, Json>; // an inner node
  copy[key] = replaced(copy[key] ?? null, rest, by);
  return copy;
}

/** Takes a state up, or is told why not. */
function refusal(state: Json): PluvioError | undefined {
  try {
    takeUp(throughBytes(state)).host.close();
    return undefined;
  } catch (error) {
    if (!(error instanceof PluvioError)) throw error;
    expect(error.code).toMatch(/^SNAPSHOT_(MALFORMED|MISMATCH|VERSION)$/);
    expect(error.message).toMatch(/^field hosts\.pluvio_v1\./);
    return error;
  }
}

test('the same state gives the same data, and comes back whole', async () => {
  for (const guest of [new HandGuest(), busyGuest(), await settlingGuest()]) {
    const state = stateOf(guest);
    expect(stateOf(guest)).toEqual(state);
    expect(stateOf(takeUp(state))).toEqual(state);
    expect(takeUp(state).host.usage).toEqual({ ...guest.host.usage, mailboxLength: 0 });
  }
});

test.each(['abi', 'abi-settling'])('the state of the vector %s is read and written', (name) => {
  const { module, state } = readStateVector(name);
  const bytes = readStateSnapshot(name);
  const decoded = stateOfHost(module, bytes);
  expect(decoded).toEqual(state);
  const again = snapshotOfHost(module, takeUp(decoded).host.snapshot());
  expect(stateOfHost(module, again)).toEqual(state);
  expect(Buffer.compare(again, bytes)).toBe(0);
});

test('a state that was taken up is a copy', () => {
  const state = stateOf(busyGuest()) as { kv: { entries: (string | Uint8Array)[] }; blobs: [string, Uint8Array[]][] };
  const guest = takeUp(state);
  const before = guest.stateText();
  (state.kv.entries[1] as Uint8Array).fill(0);
  state.blobs[0]![1][0]!.fill(0);
  expect(guest.stateText() === before).toBe(true);
});

test('a snapshot costs nothing for what is stored', () => {
  const guest = busyGuest();
  const first = guest.host.snapshot() as { kv: { entries: unknown }; blobs: [string, Uint8Array[]][] };
  const second = guest.host.snapshot() as typeof first;
  expect(second.kv.entries).toBe(first.kv.entries);
  expect(second.blobs[0]![1][0]).toBe(first.blobs[0]![1][0]);
});

describe('every field is checked', async () => {
  const wrong: readonly Json[] = [null, -1, 2 ** 52, 1.5, 'te\0xt', true, new Uint8Array(3), [], [1, 2], {}, 2n ** 63n];
  const states = [stateOf(busyGuest()), stateOf(await settlingGuest())];
  const rows = states.flatMap((state) => [...pathsIn(state)].map((path) => [path.join('.'), path, state] as const));

  test.each(rows)('%s', (_name, path, state) => {
    const refused = wrong.filter((value) => refusal(replaced(state, path, value)) !== undefined);
    expect(refused.length).toBeGreaterThanOrEqual(5);
  });

  test('also where many are wrong at once', () => {
    const paths = rows.filter(([, , state]) => state === states[0]).map(([, path]) => path);
    const value = fc.oneof(
      fc.constantFrom<Json>(...wrong),
      fc.integer({ min: -1, max: 6 }),
      fc.string({ maxLength: 3 }),
      fc.uint8Array({ maxLength: 3 }),
    ) as fc.Arbitrary<Json>;
    const changes = fc.array(fc.tuple(fc.constantFrom(...paths), value), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(changes, (all) => {
        let state: Json = states[0]!;
        for (const [path, by] of all) {
          try {
            state = replaced(state, path, by);
          } catch (error) {
            if (!(error instanceof TypeError)) throw error; // what leads there was replaced
          }
        }
        if (refusal(state) !== undefined) return;
        const guest = takeUp(throughBytes(state)); // what is taken up is a state like any other
        expect(refusal(stateOf(guest))).toBeUndefined();
        guest.host.deliver(input(9));
        guest.raw('recv', 0n);
        guest.raw('kv_rollback');
        guest.host.close();
      }),
      { seed: SEED, numRuns: 400 },
    );
  });
});

/** States that are well formed field by field and contradict themselves. */
const CONTRADICTIONS: readonly (readonly [name: string, path: (string | number)[], value: Json, message: string])[] = [
  ['a later version', ['version'], 2, 'version is 2; it must be 1'],
  ['a current input that was not taken', ['inputs', 'current', 'seq'], 2, 'an input that was taken'],
  ['a call that is not the entry', ['inputs', 'current', 'isMessage'], false, 'that of the entry'],
  ['untaken ones above the highest', ['inputs', 'untaken'], [2, 9], 'untaken[1] is 9'],
  ['untaken ones out of order', ['inputs', 'untaken'], [3, 2], 'untaken[1] is 2'],
  ['settling while one is current', ['inputs', 'settling'], { seq: 1, effects: 0 }, 'null while an input is current'],
  ['a record that is not the last wait', ['waits', 'begun'], 7, 'waits.record.operation'],
  ['a record of an earlier input', ['waits', 'record', 'number', 'inputSeq'], 1, 'number.inputSeq is 1'],
  ['a number that was not given', ['waits', 'record', 'number', 'ordinal'], 9, 'number.ordinal is 9'],
  ['a number of what has none', ['waits', 'record', 'kind'], 'recv', 'null for recv'],
  ['keys out of order', ['kv', 'entries', 0], 'd', 'entries[2] is "c"'],
  ['a key without value', ['kv', 'entries'], ['a'], 'pairs'],
  ['null as a value', ['kv', 'entries', 1], null, 'entries[1] is null'],
  ['a short block', ['blobs', 0, 1, 0], new Uint8Array(9), '65536 bytes'],
  ['an empty block', ['blobs', 0, 1, 1], new Uint8Array(), '1 to 65536 bytes'],
  ['no cron expression', ['timers', 0, 'expression'], 'now', 'a cron expression'],
  ['a name twice', ['subscriptions'], ['a', 'a'], 'a name behind the one before'],
  ['a head that is none', ['inputs', 'entry', 'head', 'status'], 99, 'status and headers'],
];

test.each(CONTRADICTIONS)('%s is refused', (_name, path, value, message) => {
  expect(() => takeUp(throughBytes(replaced(stateOf(busyGuest()), path, value)))).toThrow(message);
});

test.each([
  [{ storageBytes: 1000 }, 'the limit storageBytes'],
  [{ blobs: 0 }, 'the limit blobs'],
  [{ timers: 1 }, 'the limit timers'],
  [{ subscriptions: 0 }, 'the limit subscriptions'],
])('limits %o of the new host are respected', (limits, message) => {
  expect(() => takeUp(stateOf(busyGuest()), limits)).toThrow(message);
});

test('a forged restart state is refused by name', () => {
  const guest = busyGuest();
  for (const forged of [{}, { operation: 9 }, { operation: '1' }, 5, { operation: undefined }]) {
    guest.restartState = forged;
    expect(() => guest.call('recv', 0n)).toThrow(/restartState\.operation/);
  }
  const waiting = { operation: 2 };
  guest.restartState = waiting; // that of the call in progress, at another one
  expect(() => guest.call('sleep', 0n)).toThrow(/waits\.record\.kind is call; it must be sleep/);
  guest.restartState = waiting;
  expect(() => guest.call('kv_get', 'a')).toThrow(/belongs to the call kv_get/);
});

test('what a host took up, another grant may refuse', () => {
  const guest = busyGuest();
  const { kv: _, ...grants } = ALL_GRANTS;
  const twin = guest.moved({ grants });
  expect(twin.call('kv_get', 'a')).toBe(code('DENIED'));
});

test('a host without a guest says so', () => {
  const host = createAbi({ services: new ScriptedServices(), self: { name: 'x' }, grants: ALL_GRANTS });
  const get = host.imports.pluvio_v1.kv_get as (...args: readonly number[]) => unknown; // as the table says
  expect(() => get(0, 1)).toThrow(/before the host was bound/);
});

test('the specification lists the fields of the state', async () => {
  const text = await readFile(new URL('../../../docs/abi.md', import.meta.url), 'utf8');
  const documented = [...text.slice(text.indexOf('## State, version')).matchAll(/^\| `([^`]+)` \|/gm)].flatMap(
    (match) => {
      const [first = '', ...more] = (match[1] ?? '').split(', ');
      const parent = first.slice(0, first.lastIndexOf('.') + 1);
      return [first, ...more.map((name) => parent + name)];
    },
  );
  const state = new HandGuest().host.snapshot() as Readonly<Record<string, unknown>>;
  const fields = Object.entries(state).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.keys(value).map((field) => `${name}.${field}`)
      : [name],
  );
  expect(documented.sort()).toEqual([...fields, 'inputs.cut'].sort()); // that one is left out most of the time
});
