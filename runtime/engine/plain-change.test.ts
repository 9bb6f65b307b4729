import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePlain, encodePlain } from './messagepack.ts';
import { changed, changeOf } from './plain-change.ts';
import { FieldFault } from './plain-fields.ts';

const copyOf = (value: unknown): unknown => decodePlain(encodePlain(value, 'a value'));
const sizeOf = (value: unknown): number => encodePlain(value, 'a value').length;

/** What a reader makes of it who has only bytes of both. */
const readAgain = (before: unknown, after: unknown): unknown =>
  changed(copyOf(before), copyOf(changeOf(before, after)));

const leaf = fc.oneof(fc.constantFrom(null, true, false, '', 'a', 'b', 0, 1, 2, 1n), fc.uint8Array({ maxLength: 100 }));
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(tie('tree'), { maxLength: 8 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), tie('tree')),
  ),
}));

/** Another state of something, which shares parts with it. */
const later = (value: unknown): fc.Arbitrary<unknown> => {
  const parts: unknown[] = Array.isArray(value) ? value : [value];
  return fc.oneof(
    tree,
    fc.shuffledSubarray(parts).chain((kept) => fc.array(tree, { maxLength: 3 }).map((more) => [...kept, ...more])),
    fc.constant(
      typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
        ? { ...value, a: parts }
        : value,
    ),
    fc.constant(copyOf(value)),
  );
};

describe('a change', () => {
  it('makes the later state of the one before, also for who has only its bytes', () => {
    fc.assert(
      fc.property(
        tree.chain((before) => fc.tuple(fc.constant(before), later(before))),
        ([before, after]) => {
          expect(changed(before, changeOf(before, after))).toEqual(after);
          expect(readAgain(before, after)).toEqual(copyOf(after));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is none where containers were made anew around the same', () => {
    const state = () => ({
      files: [1, 2].map((ino) => ({ ino, blocks: [[0, shared]] })),
      fds: [[0, { flags: 1 }]],
      none: null,
    });
    const shared = new Uint8Array(100);
    expect(changeOf(state(), state())).toBeNull();
  });

  const bytes = (value: number, length = 200): Uint8Array => new Uint8Array(length).fill(value);
  const keys = Array.from({ length: 1000 }, (_, at) => `key-${String(at).padStart(4, '0')}`);
  const values = new Map(keys.map((key, at) => [key, bytes(at % 256)]));
  const flatOf = (entries: ReadonlyMap<string, Uint8Array>): unknown[] =>
    [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).flat();
  const flat = flatOf(values);

  it.each<[string, (entries: Map<string, Uint8Array>) => void, number]>([
    ['a value that changed', (entries) => void entries.set('key-0500', bytes(1)), 220],
    [
      'values that changed next to each other',
      (entries) => keys.slice(10, 15).forEach((key) => entries.set(key, bytes(2))),
      1200,
    ],
    [
      'values that changed all over',
      (entries) => keys.filter((_, at) => at % 100 === 7).forEach((key) => entries.set(key, bytes(3))),
      2300,
    ],
    ['a key more', (entries) => void entries.set('key-0500-a', bytes(4)), 240],
    [
      'a hundred keys more in the midst',
      (entries) => keys.slice(0, 100).forEach((key) => entries.set(`key-0500-${key}`, bytes(5))),
      23_000,
    ],
    [
      'keys more all over, and changes beside them',
      (entries) =>
        keys.filter((_, at) => at % 100 === 7).forEach((key) => entries.set(key, bytes(6)).set(`${key}-a`, bytes(7))),
      4700,
    ],
    ['keys that are gone', (entries) => keys.slice(300, 600).forEach((key) => entries.delete(key)), 20],
  ])('of a large array is as large as what changed: %s', (_, edit, mostBytes) => {
    const entries = new Map(values);
    edit(entries);
    const after = flatOf(entries);
    const change = changeOf(flat, after);
    expect(changed(flat, change)).toEqual(after);
    expect(sizeOf(change)).toBeLessThan(mostBytes);
  });

  it('of one item in arrays of objects is that item alone', () => {
    const inode = (ino: number, blocks: readonly Uint8Array[]) => ({
      ino,
      kind: 'file',
      blocks: blocks.map((block, at) => [at, block]),
    });
    const blocks = Array.from({ length: 50 }, (_, at) => bytes(at, 4096));
    const before = [1, 2, 3].map((ino) => inode(ino, blocks));
    const after = [
      inode(1, blocks),
      inode(2, blocks.with(7, bytes(0xff, 4096))),
      inode(3, blocks),
      inode(4, [bytes(1)]),
    ];
    const change = changeOf(before, after);
    expect(changed(before, change)).toEqual(after);
    expect(sizeOf(change)).toBeLessThan(4096 + 400);
  });

  it('of arrays that have nothing in common takes time in proportion to them', () => {
    const [before, after] = [1, 2].map((seed) => Array.from({ length: 20_000 }, (_, at) => `${seed}-${at}`));
    expect(changed(before, changeOf(before, after))).toEqual(after);
    const interleaved = before!.flatMap((item, at) =>
      at % 3 === 0 ? [item, `new-${at}`] : at % 5 === 0 ? [] : [item],
    );
    expect(changed(before, changeOf(before, interleaved))).toEqual(interleaved);
  });
});

describe('a change from a stranger', () => {
  it.each<[string, unknown, unknown, string]>([
    ['of another kind', {}, 1, ''],
    ['an object where there was none', [1], { a: [1] }, ''],
    ['an array where there was none', {}, [0, 0, []], ''],
    ['edits that are cut off', [1], [0, 1], ''],
    ['no edits', [1], [], ''],
    ['a place behind the end', [1], [2, 0, []], '[0]'],
    ['a place before the last one', [1, 2, 3], [2, 1, [], 1, 1, []], '[3]'],
    ['more removed than there is', [1], [0, 2, []], '[1]'],
    ['items that are no array', [1], [0, 1, 5], '[2]'],
    ['a change of an item that was not there', [1], [1, 0, [null]], '[2][0]'],
    ['a key that was not there', { a: 1 }, { b: null }, 'b'],
    ['the end of a key that was not there', { a: 1 }, { b: false }, 'b'],
    ['something deeper', { a: [{ b: 1 }] }, { a: [0, 1, [{ c: false }]] }, 'a[2][0].c'],
  ])('%s is refused with its place', (_, before, change, path) => {
    let fault: unknown;
    try {
      changed(before, change);
    } catch (error) {
      fault = error;
    }
    expect(fault).toBeInstanceOf(FieldFault);
    expect((fault as FieldFault).path).toBe(path);
  });

  it('of any shape gives a value or a fault', () => {
    fc.assert(
      fc.property(tree, tree, (before, change) => {
        try {
          changed(before, change);
        } catch (error) {
          expect(error).toBeInstanceOf(FieldFault);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
