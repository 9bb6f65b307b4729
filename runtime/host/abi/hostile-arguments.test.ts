import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CALL_NAMES, code, HandGuest, input } from '../../../test/abi/hand-guest.ts';
import { loadModule, createWorker } from '../../engine/index.ts';
import { assembleModule } from '../../../test/engine/text-module.ts';
import { Pending } from '../../engine/pending.ts';
import { WASM_TYPES } from './bind-calls.ts';
import { ABI_ERRORS } from './error-codes.ts';
import { HOST_CALLS } from './host-call-table.ts';

const SEED = 20_261_123;
const MEMORY_BYTES = 262_144;
const LOWEST = Math.min(...Object.values(ABI_ERRORS).map(({ code: value }) => value));
const EDGES = [
  0,
  1,
  2,
  3,
  4,
  8,
  16,
  64,
  1000,
  MEMORY_BYTES - 1,
  MEMORY_BYTES,
  MEMORY_BYTES - 8,
  0x7fff_ffff,
  -1,
  -8,
  -0x8000_0000,
];
const i32 = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...EDGES) },
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);
const i64 = fc.oneof(
  fc.constantFrom(0n, 1n, -1n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n), 3_155_760_000_000n, 3_155_760_000_001n),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
/** What lies in the memory that arguments point to. */
const contents = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc
    .constantFrom(
      'a',
      'name',
      '{"url":"https://a.example/"}',
      '{"status":200}',
      '* * * * *',
      '[',
      '{}',
      '"',
      '\u{10ffff}',
    )
    .map((text) => new TextEncoder().encode(text)),
);

const paramsOf = (name: keyof typeof HOST_CALLS): ('i32' | 'i64')[] =>
  HOST_CALLS[name].params.flatMap(({ type }) => [...WASM_TYPES[type]]);

function makeGuest(bytes: Uint8Array): HandGuest {
  const guest = new HandGuest({ limits: { storageBytes: 300_000 } });
  guest.services.secrets.set('name', 'secret');
  guest.services.respond = () => ({ ok: true });
  guest.host.beginInput(input(1, 'body'));
  guest.host.deliver(input(2, 'message', { reply: true }));
  guest.call('kv_set', 'name', 'value');
  guest.call('blob_write', 'name', 0, 'value');
  const memory = new Uint8Array(guest.memory.buffer);
  memory.set(bytes, 0);
  memory.set(bytes, MEMORY_BYTES - bytes.length);
  return guest;
}

test.each(CALL_NAMES)('%s answers any arguments with a code', (name) => {
  const args = fc.tuple(...paramsOf(name).map((type): fc.Arbitrary<number | bigint> => (type === 'i32' ? i32 : i64)));
  const property = fc.property(contents, fc.array(args, { minLength: 1, maxLength: 4 }), (bytes, calls) => {
    const guest = makeGuest(bytes);
    for (const values of calls) {
      const result = guest.raw(name, ...values);
      if (result instanceof Pending) continue;
      expect(Number(result)).toBeGreaterThanOrEqual(LOWEST);
      expect(typeof result).toBe(name === 'time_now' ? 'bigint' : 'number');
    }
    guest.moved().host.close(); // what such calls leave is a state like any other
    guest.host.close();
  });
  fc.assert(property, { seed: SEED, numRuns: 60 });
});

test.each(CALL_NAMES)('%s takes any values in place of those of its type', (name) => {
  const guest = makeGuest(new Uint8Array(4));
  for (const value of [undefined, null, Number.NaN, Infinity, -1.5, 2 ** 70, 7n, 2n ** 70n, {}, () => 1]) {
    const result = guest.raw(name, ...Array.from({ length: 6 }, () => value));
    if (!(result instanceof Pending)) expect(Number(result)).toBeGreaterThanOrEqual(LOWEST);
  }
  guest.host.close();
});

test('pointers outside of the memory give FAULT, and nothing happens', () => {
  const guest = new HandGuest();
  expect(guest.raw('kv_set', MEMORY_BYTES - 1, 2, 0, 1)).toBe(code('FAULT'));
  expect(guest.raw('kv_set', 0, 1, -1, 2)).toBe(code('FAULT'));
  expect(guest.raw('log', 2, 0, 0, MEMORY_BYTES, 1)).toBe(code('FAULT'));
  guest.call('self_info');
  expect(guest.raw('result_read', MEMORY_BYTES, 1, 0)).toBe(code('FAULT'));
  expect(guest.raw('random', MEMORY_BYTES - 3, 4)).toBe(code('FAULT'));
  expect(guest.host.usage.kvEntries).toBe(0);
  expect(guest.services.logs).toEqual([]);
});

test.each([[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]])(
  'bytes %o are no text',
  (...bytes) => {
    const guest = new HandGuest();
    for (const name of ['kv_get', 'config_get', 'subscribe', 'reply_error', 'output_head'] as const) {
      expect([name, guest.call(name, new Uint8Array(bytes))]).toEqual([name, code('INVALID')]);
    }
  },
);

test.each(['', '\0', 'a\nb', '\u007f'])('%j is no name', (text) => {
  const guest = new HandGuest();
  for (const name of ['subscribe', 'timer_cancel', 'blob_size', 'config_get'] as const) {
    expect([name, guest.call(name, text)]).toEqual([name, code('INVALID')]);
  }
});

test('a call without memory gives FAULT', () => {
  const guest = new HandGuest();
  Object.defineProperty(guest, 'memory', { value: { buffer: new ArrayBuffer(0) } });
  expect(guest.raw('kv_get', 0, 1)).toBe(code('FAULT'));
});

test.each([
  [
    '(import "pluvio_v1" "kv_get" (func $f (param f64) (result i32)))',
    '(drop (call $f (f64.const 1e300)))',
    'returned',
  ],
  ['(import "pluvio_v1" "time_now" (func $f (result i32)))', '(drop (call $f))', 'trapped'],
  ['(import "pluvio_v1" "kv_get" (func $f (result i64)))', '(drop (call $f))', 'trapped'],
  [
    '(import "pluvio_v1" "recv" (func $f (param externref) (result i32)))',
    '(drop (call $f (ref.null extern)))',
    'returned',
  ],
])('a module that declares another type: %s', async (declaration, call, kind) => {
  const bytes = await assembleModule(`(module ${declaration} (memory 1) (func (export "run") ${call}))`);
  const { host } = new HandGuest();
  const worker = await createWorker(await loadModule(bytes), { hosts: [host] });
  expect((await worker.call('run')).kind).toBe(kind);
  await worker.close();
});
