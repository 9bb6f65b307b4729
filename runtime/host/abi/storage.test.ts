import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { code, HandGuest, input } from '../../../test/abi/hand-guest.ts';
import { Blobs, BLOCK_BYTES } from './blobs.ts';
import { KeyValues } from './key-values.ts';
import { ENTRY_BYTES } from './limits.ts';
import { compareNames, utf8Bytes } from './sorted-names.ts';
import { StorageMeter } from './storage-meter.ts';

const SEED = 20_261_123;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('keys and values', () => {
  test('are set, read, removed, and move', () => {
    const guest = new HandGuest();
    expect(guest.call('kv_get', 'a')).toBe(code('NOT_FOUND'));
    expect(guest.call('kv_set', 'a', 'one')).toBe(0);
    expect(guest.call('kv_set', 'empty', '')).toBe(0);
    expect(guest.call('kv_get', 'empty')).toBe(0);
    const twin = guest.moved();
    expect([twin.call('kv_get', 'a'), twin.result()]).toEqual([3, 'one']);
    expect([twin.call('kv_delete', 'a'), twin.call('kv_delete', 'a')]).toEqual([0, code('NOT_FOUND')]);
    expect(guest.call('kv_get', 'a')).toBe(3); // the other worker's are its own
    for (const name of ['kv_get', 'kv_delete'] as const) expect(guest.call(name, '')).toBe(code('INVALID'));
    expect(guest.call('kv_set', '', 'x')).toBe(code('INVALID'));
  });

  test('a value that was set is not the guest’s memory', () => {
    const guest = new HandGuest();
    guest.call('kv_set', 'key', 'value');
    new Uint8Array(guest.memory.buffer).fill(0);
    expect([guest.call('kv_get', 'key'), guest.result()]).toEqual([5, 'value']);
  });

  test('are listed by their UTF-8 bytes, a page at a time', () => {
    const guest = new HandGuest();
    const keys = ['a', 'b/1', 'b/10', 'b/2', 'b/\uffff', 'b/\u{10000}', 'c', 'b0', 'b.'];
    for (const key of keys) guest.call('kv_set', key, 'x');
    const list = (prefix: string, cursor: string, limit: number): unknown => {
      expect(guest.call('kv_list', prefix, cursor, limit)).toBeGreaterThan(0);
      return guest.json();
    };
    expect(list('b/', '', 1000)).toEqual({ names: ['b/1', 'b/10', 'b/2', 'b/\uffff', 'b/\u{10000}'], cursor: null });
    expect(list('b/', '', 2)).toEqual({ names: ['b/1', 'b/10'], cursor: 'b/10' });
    expect(list('b/', 'b/10', 3)).toEqual({ names: ['b/2', 'b/\uffff', 'b/\u{10000}'], cursor: null });
    expect(list('b/', 'a', 1)).toEqual({ names: ['b/1'], cursor: 'b/1' });
    expect(list('b/', 'c', 1)).toEqual({ names: [], cursor: null });
    expect(list('', '', 1)).toEqual({ names: ['a'], cursor: 'a' });
    for (const limit of [0, 1001, -1]) expect(guest.call('kv_list', '', '', limit)).toBe(code('INVALID'));
  });

  test('a page ends when it is long', () => {
    const kv = new KeyValues(new StorageMeter(2 ** 30));
    const keys = Array.from({ length: 40 }, (_, index) => String.fromCharCode(65 + index).repeat(60_000));
    for (const key of keys) kv.set(key, new Uint8Array());
    const first = kv.page('', '', 1000);
    expect(first.names.length).toBe(17);
    expect(kv.page('', first.cursor ?? '', 1000).names[0]).toBe(keys[17]);
  });
});

describe('a transaction', () => {
  test('is rolled back, or stays', () => {
    const guest = new HandGuest();
    guest.call('kv_set', 'kept', '1');
    guest.call('kv_set', 'gone', '2');
    const before = guest.stateText();
    expect(guest.call('kv_begin')).toBe(0);
    expect(guest.call('kv_begin')).toBe(code('STATE'));
    guest.call('kv_set', 'kept', 'other');
    guest.call('kv_set', 'new', 'x');
    guest.call('kv_delete', 'gone');
    guest.call('kv_delete', 'new');
    guest.call('kv_set', 'new', 'y');
    const twin = guest.moved();
    expect(twin.stateText()).toBe(guest.stateText());
    expect(twin.call('kv_rollback')).toBe(0);
    expect(twin.stateText()).toBe(before);
    expect(twin.call('kv_rollback')).toBe(code('STATE'));
    expect(guest.call('kv_commit')).toBe(0);
    expect(guest.call('kv_commit')).toBe(code('STATE'));
    guest.call('kv_list', '', '', 10);
    expect(guest.json()).toEqual({ names: ['kept', 'new'], cursor: null });
  });

  test('that is open when its input is over is rolled back', () => {
    const guest = new HandGuest();
    guest.host.beginInput(input(1));
    guest.call('kv_begin');
    guest.call('kv_set', 'a', '1');
    guest.host.endInput();
    expect(guest.call('kv_get', 'a')).toBe(code('NOT_FOUND'));
    guest.host.deliver(input(2));
    guest.call('recv', 0n);
    guest.call('kv_begin');
    guest.call('kv_set', 'a', '1');
    expect(guest.call('recv', 0n)).toBe(code('TIMEOUT'));
    expect([guest.call('kv_get', 'a'), guest.call('kv_commit')]).toEqual([code('NOT_FOUND'), code('STATE')]);
  });
});

type Step =
  | { readonly kind: 'set'; readonly key: string; readonly sizeBytes: number }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'begin' | 'commit' | 'rollback' | 'keep' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      key: fc.constantFrom('a', 'bb', 'é'),
      sizeBytes: fc.nat(300),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), key: fc.constantFrom('a', 'bb', 'é') }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('begin' as const, 'commit' as const, 'rollback' as const) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('keep' as const) }) },
);

/** The obvious way: a copy of the whole map. */
class Model {
  values = new Map<string, number>();
  saved: Map<string, number> | undefined;

  apply(step: Step): void {
    if (step.kind === 'set') this.values.set(step.key, step.sizeBytes);
    else if (step.kind === 'delete') this.values.delete(step.key);
    else if (step.kind === 'begin') this.saved = new Map(this.values);
    else if (step.kind !== 'keep') {
      if (step.kind === 'rollback' && this.saved !== undefined) this.values = this.saved;
      this.saved = undefined;
    }
  }

  get usedBytes(): number {
    return [...this.values].reduce((sum, [key, value]) => sum + ENTRY_BYTES + utf8Bytes(key) + value, 0);
  }
}

/** What a snapshot holds is what there is, key by key. */
function expectFlat(kv: KeyValues): void {
  const { names } = kv.page('', '', 1000);
  expect(kv.flat).toEqual(names.flatMap((key) => [key, kv.get(key)]));
}

function tryStep(kv: KeyValues, step: Step): boolean {
  try {
    if (step.kind === 'set') kv.set(step.key, new Uint8Array(step.sizeBytes));
    else if (step.kind === 'delete') kv.delete(step.key);
    else if (step.kind === 'keep') expectFlat(kv);
    else kv[step.kind]();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ name: /QUOTA|STATE/ });
    return false;
  }
}

test('what is kept is what a copy of everything would give, and is counted to the byte', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const meter = new StorageMeter(1000);
      const kv = new KeyValues(meter);
      const model = new Model();
      for (const each of steps) {
        if (tryStep(kv, each)) model.apply(each);
        expect(meter.usedBytes).toBeLessThanOrEqual(1000);
        expect(kv.inTransaction).toBe(model.saved !== undefined);
      }
      if (kv.inTransaction) {
        kv.rollback();
        model.apply({ kind: 'rollback' });
      }
      expectFlat(kv);
      expect(new Map(kv.page('', '', 10).names.map((key) => [key, kv.get(key)?.length]))).toEqual(model.values);
      expect(meter.usedBytes).toBe(model.usedBytes);
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test('names are compared and measured by their UTF-8', () => {
  const text = fc.string({ unit: 'binary', maxLength: 6 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareNames(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
      expect(utf8Bytes(a)).toBe(Buffer.byteLength(a));
    }),
    { seed: SEED, numRuns: 500 },
  );
});

describe('blobs', () => {
  test('are written, read in parts, measured, listed, removed', () => {
    const guest = new HandGuest();
    expect(guest.call('blob_write', 'b', 1, 'x')).toBe(code('INVALID')); // a hole
    expect(guest.call('blob_size', 'b')).toBe(code('NOT_FOUND'));
    expect(guest.call('blob_write', 'b', 0, 'hello')).toBe(0);
    expect(guest.call('blob_write', 'b', 5, ' world')).toBe(0);
    expect(guest.call('blob_write', 'b', 0, 'J')).toBe(0);
    const twin = guest.moved();
    expect(twin.call('blob_size', 'b')).toBe(11);
    expect(twin.call('blob_read', 'b', 3, 65_536, 4)).toBe(4);
    expect(new TextDecoder().decode(new Uint8Array(twin.memory.buffer, 65_536, 4))).toBe('lo w');
    expect([twin.call('blob_read', 'b', 11, 65_536, 4), twin.call('blob_read', 'b', -1, 65_536, 4)]).toEqual([0, 0]);
    expect(twin.call('blob_read', 'c', 0, 65_536, 4)).toBe(code('NOT_FOUND'));
    twin.call('blob_list', '', '', 10);
    expect(twin.json()).toEqual({ names: ['b'], cursor: null });
    expect([twin.call('blob_delete', 'b'), twin.call('blob_delete', 'b')]).toEqual([0, code('NOT_FOUND')]);
    expect(twin.host.usage.storageBytes).toBe(0);
  });

  test('any writes give what one array would hold', () => {
    const write = fc.record({
      offset: fc.nat(3 * BLOCK_BYTES),
      sizeBytes: fc.nat(2 * BLOCK_BYTES + 3),
      fill: fc.nat(255),
    });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 8 }), (writes) => {
        const meter = new StorageMeter(2 ** 20);
        const blobs = new Blobs(meter, 1);
        let model = new Uint8Array();
        for (const { offset, sizeBytes, fill } of writes) {
          const at = Math.min(offset, model.length);
          const data = new Uint8Array(sizeBytes).fill(fill);
          const frozen = blobs.entries.map(([, blocks]) => blocks.map((block) => block.slice()));
          const before = blobs.entries;
          blobs.write('b', at, data);
          expect(before.map(([, blocks]) => blocks)).toEqual(frozen); // a snapshot keeps what it refers to
          const next = new Uint8Array(Math.max(model.length, at + sizeBytes));
          next.set(model);
          next.set(data, at);
          model = next;
        }
        const read = new Uint8Array(model.length + 1);
        const count = blobs.read('b', 0, {
          sizeBytes: read.length,
          fill: (bytes, at = 0) => (read.set(bytes, at), bytes.length),
        });
        expect(count ?? 0).toBe(model.length);
        expect(Buffer.compare(read.subarray(0, model.length), model)).toBe(0);
        expect(meter.usedBytes).toBe(writes.length === 0 ? 0 : model.length + ENTRY_BYTES + 1);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  test('an empty one is there', () => {
    const guest = new HandGuest();
    expect(guest.call('blob_write', 'e', 0, '')).toBe(0);
    expect(guest.moved().call('blob_size', 'e')).toBe(0);
    expect(guest.call('blob_write', 'e\n', 0, bytesOf('x'))).toBe(code('INVALID'));
  });
});
