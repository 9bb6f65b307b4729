import { describe, expect, it } from 'vitest';
import { PluvioError } from '../../errors/index.ts';
import { StateField } from '../state-field.ts';
import type { Resource } from './component-host.ts';
import { HANDLES_DEFAULT, HandleTable } from './handle-table.ts';

const STREAM = 'wasi:io/streams@0.2/input-stream';
const COUNTER = 'own/resource 1';
const stream = (): Resource => ({ resource: STREAM });

function trapOf(func: () => unknown): string {
  try {
    func();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return error.message;
    throw error;
  }
  throw new Error('there was no trap');
}

describe('handles', () => {
  it('begin at 1, and the one that was freed last is given first', () => {
    const table = new HandleTable();
    const make = (): number => table.add(COUNTER, 7, 'own');
    expect([make(), make(), make(), make()]).toEqual([1, 2, 3, 4]);
    table.drop(2, COUNTER);
    table.drop(4, COUNTER);
    table.drop(3, COUNTER);
    expect([make(), make(), make(), make()]).toEqual([3, 4, 2, 5]);
  });

  it('are of one kind of resource, and no others', () => {
    const table = new HandleTable();
    const one = stream();
    const handle = table.add(STREAM, one, 'own');
    expect(table.get(handle, STREAM)).toBe(one);
    const wrong = `handle 1 is one of ${STREAM}; it must be one of ${COUNTER}`;
    for (const use of ['get', 'lend', 'take', 'drop'] as const) {
      expect(trapOf(() => table[use](handle, COUNTER))).toBe(wrong);
      expect(trapOf(() => table[use](0, STREAM))).toBe(`handle 0 is none: it must be one of ${STREAM}`);
      expect(trapOf(() => table[use](2, STREAM))).toBe(`handle 2 is none: it must be one of ${STREAM}`);
      expect(trapOf(() => table[use](-1, STREAM))).toBe(`handle 4294967295 is none: it must be one of ${STREAM}`);
    }
    expect(table.get(handle, STREAM)).toBe(one);
  });

  it('give what is to be ended, if they own it', () => {
    const table = new HandleTable();
    const one = stream();
    expect(table.drop(table.add(STREAM, one, 'own'), STREAM)).toBe(one);
    expect(table.drop(table.add(STREAM, one, 'borrow'), STREAM)).toBeUndefined();
    expect(table.drop(table.add(COUNTER, 0, 'own'), COUNTER)).toBe(0);
    expect(trapOf(() => table.drop(1, STREAM))).toBe(`handle 1 is none: it must be one of ${STREAM}`);
  });

  it('are at most as many as the limit, and again when one was dropped', () => {
    const table = new HandleTable(2);
    table.add(COUNTER, 1, 'own');
    table.add(COUNTER, 2, 'own');
    const full = `cannot make a handle of ${COUNTER}: the component has 2, which is the limit`;
    expect(trapOf(() => table.add(COUNTER, 3, 'own'))).toBe(full);
    table.drop(1, COUNTER);
    expect(table.add(COUNTER, 3, 'own')).toBe(1);
    expect(trapOf(() => table.add(COUNTER, 4, 'own'))).toBe(full);
    expect(() => new HandleTable(1_000_001)).toThrow('a limit of 1000001 handles');
  });

  it('are 65,536 if nothing else is said', () => {
    const table = new HandleTable();
    for (let made = 0; made < HANDLES_DEFAULT; made++) table.add(COUNTER, made, 'own');
    expect(table.get(65_536, COUNTER)).toBe(65_535);
    expect(trapOf(() => table.add(COUNTER, 0, 'own'))).toContain('the component has 65536, which is the limit');
  });
});

describe('a call', () => {
  it('that is over has taken what it was given', () => {
    const table = new HandleTable();
    const one = stream();
    const handle = table.add(STREAM, one, 'own');
    expect(table.take(handle, STREAM)).toBe(one);
    table.commit();
    expect(trapOf(() => table.get(handle, STREAM))).toBe(`handle 1 is none: it must be one of ${STREAM}`);
    expect(table.add(STREAM, stream(), 'own')).toBe(handle);
  });

  it('that is made again finds the same handles', () => {
    const table = new HandleTable();
    const one = stream();
    const handle = table.add(STREAM, one, 'own');
    for (let times = 0; times < 3; times++) {
      expect(table.take(handle, STREAM)).toBe(one);
      table.rollback();
    }
    expect(table.lend(handle, STREAM)).toBe(one);
    table.rollback();
    expect(table.take(handle, STREAM)).toBe(one);
  });

  it('cannot give away twice, nor what it borrows, nor what was borrowed', () => {
    const table = new HandleTable();
    const [first, second] = [table.add(STREAM, stream(), 'own'), table.add(STREAM, stream(), 'own')];
    table.take(first, STREAM);
    expect(trapOf(() => table.take(first, STREAM))).toBe(`handle 1 of ${STREAM} was given away by the same call`);
    expect(trapOf(() => table.lend(first, STREAM))).toBe(`handle 1 of ${STREAM} was given away by the same call`);
    table.lend(second, STREAM);
    table.lend(second, STREAM);
    expect(trapOf(() => table.take(second, STREAM))).toBe(
      `handle 2 of ${STREAM} is lent by the same call: it cannot be given away`,
    );
    const borrowed = table.add(STREAM, stream(), 'borrow');
    expect(trapOf(() => table.take(borrowed, STREAM))).toBe(
      `handle 3 of ${STREAM} is borrowed: it cannot be given away`,
    );
    table.commit();
    expect(table.take(second, STREAM)).toBeDefined();
  });

  it('must drop what it was lent, and all of it', () => {
    const table = new HandleTable();
    table.add(STREAM, stream(), 'own');
    table.endBorrows();
    table.add(STREAM, stream(), 'borrow');
    table.add(STREAM, stream(), 'borrow');
    table.drop(3, STREAM);
    expect(trapOf(() => table.endBorrows())).toBe(
      'the component has kept 1 borrowed handles: it must drop them before it returns',
    );
    table.drop(2, STREAM);
    table.endBorrows();
  });

  it('owes nothing for a call before it, also in another table', () => {
    const table = new HandleTable();
    const lent = stream();
    table.add(STREAM, lent, 'borrow');
    table.beginCall();
    table.endBorrows();
    table.add(STREAM, lent, 'borrow');
    const state = table.snapshot(() => 0);
    expect(state).toMatchObject({ entries: [{ handle: 1, isOver: true }, { handle: 2 }] });
    const again = restored(state, [lent]);
    expect(again.snapshot(() => 0)).toEqual(state);
    for (const each of [table, again]) {
      each.drop(1, STREAM);
      expect(trapOf(() => each.endBorrows())).toContain('kept 1 borrowed handles');
      each.drop(2, STREAM);
      each.endBorrows();
    }
  });
});

/** Handles 1 (borrowed), 3 and 5 of two streams and a counter; 4 and 2 are free, in this order. */
function filled(): { table: HandleTable; resources: Resource[] } {
  const table = new HandleTable();
  const resources = [stream(), stream()];
  const [first = stream(), second = stream()] = resources;
  table.add(STREAM, second, 'borrow');
  table.add(STREAM, first, 'own');
  table.add(COUNTER, -5, 'own');
  table.add(STREAM, first, 'own');
  table.add(STREAM, first, 'own');
  table.drop(4, STREAM);
  table.drop(2, STREAM);
  return { table, resources };
}

const KEPT = {
  entries: [
    { handle: 1, key: STREAM, ownership: 'borrow', resource: 1 },
    { handle: 3, key: COUNTER, ownership: 'own', rep: -5 },
    { handle: 5, key: STREAM, ownership: 'own', resource: 0 },
  ],
  free: [4, 2],
};

const restored = (state: unknown, resources: readonly Resource[], limit?: number): HandleTable => {
  const table = new HandleTable(limit);
  table.restore(new StateField(state, 'handles'), resources);
  return table;
};

describe('the state of handles', () => {
  it('is plain data, and gives the same handles with the same free ones', () => {
    const { table, resources } = filled();
    const state = table.snapshot((resource) => resources.indexOf(resource));
    expect(state).toEqual(KEPT);
    const again = restored(structuredClone(state), resources);
    expect(again.snapshot((resource) => resources.indexOf(resource))).toEqual(KEPT);
    expect(again.get(1, STREAM)).toBe(resources[1]);
    expect(again.get(3, COUNTER)).toBe(-5);
    expect(trapOf(() => again.endBorrows())).toContain('kept 1 borrowed handles');
    expect([again.add(COUNTER, 0, 'own'), again.add(COUNTER, 0, 'own'), again.add(COUNTER, 0, 'own')]).toEqual([
      2, 4, 6,
    ]);
  });

  it('replaces what was there', () => {
    const { table } = filled();
    table.take(5, STREAM);
    table.restore(new StateField({ entries: [], free: [] }, 'handles'), []);
    table.commit();
    table.endBorrows();
    expect(table.add(COUNTER, 1, 'own')).toBe(1);
  });

  const [one, two, three] = KEPT.entries;
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'field handles is missing; it must be a map'],
    ['no entries', { free: [] }, 'field handles.entries is missing; it must be an array'],
    ['no list of free ones', { entries: [] }, 'field handles.free is missing; it must be an array'],
    [
      'handle 0',
      { ...KEPT, entries: [{ ...one, handle: 0 }, two, three] },
      'field handles.entries[0].handle is 0; it must be a whole number from 1 to 5',
    ],
    [
      'a handle that leaves a gap',
      { ...KEPT, free: [4] },
      'field handles.entries[2].handle is 5; it must be a whole number from 1 to 4',
    ],
    [
      'a handle twice',
      { ...KEPT, entries: [one, two, { ...three, handle: 3 }] },
      'field handles.entries[2].handle is 3; it must be of another handle than those before',
    ],
    [
      'a free one that is there',
      { ...KEPT, free: [4, 3] },
      'field handles.free[1] is 3; it must be a handle that is free, once',
    ],
    [
      'a free one twice',
      { ...KEPT, free: [4, 4] },
      'field handles.free[1] is 4; it must be a handle that is free, once',
    ],
    [
      'a free one far away',
      { ...KEPT, free: [4, 9] },
      'field handles.free[1] is 9; it must be a whole number from 1 to 5',
    ],
    [
      'a key that is none',
      { ...KEPT, entries: [{ ...one, key: 5 }, two, three] },
      'field handles.entries[0].key is 5; it must be text without NUL',
    ],
    [
      'another ownership',
      { ...KEPT, entries: [{ ...one, ownership: 'lent' }, two, three] },
      'field handles.entries[0].ownership is "lent"; it must be one of own, borrow',
    ],
    [
      'a resource that is not there',
      { ...KEPT, entries: [{ ...one, resource: 2 }, two, three] },
      'field handles.entries[0].resource is 2; it must be a whole number from 0 to 1',
    ],
    [
      'neither resource nor representation',
      { ...KEPT, entries: [one, { ...two, rep: null }, three] },
      'field handles.entries[1].resource is missing; it must be a whole number from 0 to 1',
    ],
    [
      'a resource of another kind',
      { ...KEPT, entries: [{ ...one, key: COUNTER }, two, three] },
      `field handles.entries[0].resource is 1; it must be the index of one of ${COUNTER}`,
    ],
    [
      "a representation of the host's",
      { ...KEPT, entries: [{ ...one, rep: 5 }, two, three] },
      `field handles.entries[0].key is "${STREAM}"; it must be of a resource of the component, as it has a representation`,
    ],
    [
      'a representation that is no i32',
      { ...KEPT, entries: [one, { ...two, rep: 2 ** 32 }, three] },
      'field handles.entries[1].rep is 4294967296; it must be a whole number from -2147483648 to 4294967295',
    ],
  ])('is refused with %s', (_, state, message) => {
    const refused = (): HandleTable => restored(state, [stream(), stream()]);
    expect(refused).toThrow(PluvioError);
    expect(refused).toThrow(expect.objectContaining({ code: 'SNAPSHOT_MALFORMED', message }));
  });

  it('is refused with more handles than the limit', () => {
    const resources = [stream(), stream()];
    expect(() => restored(KEPT, resources, 4)).toThrow(
      'field handles is of type object; it must be of at most 4 handles',
    );
    expect(restored(KEPT, resources, 5).get(3, COUNTER)).toBe(-5);
  });
});
