import { describe, expect, test } from 'vitest';
import { HandGuest, throughBytes } from '../../../test/wasi/hand-guest.ts';
import { PluvioError } from '../../errors/index.ts';
import { readStateSnapshot, readStateVector, snapshotOfHost, stateOfHost } from '../../../test/vectors/state-vector.ts';
import { createWasi, type WasiOptions } from '../index.ts';

const FILES = { a: 'content', 'd/e': 'x', 'd/f/g': 'y', l: { symlink: 'a' }, z: 'last' };
const OPTIONS = { args: ['program', 'x'], env: { A: 'b' }, files: FILES, stdin: 'input', filesId: 'one' };

/** A guest whose state has something in every field. */
function busyGuest(): HandGuest {
  const guest = new HandGuest(OPTIONS);
  const { fd } = guest.open('new', 1);
  guest.write(fd, 10);
  guest.call('path_symlink', ...guest.text('a', 2048), 3, ...guest.text('link'));
  guest.write(guest.open('a').fd, 4);
  guest.call('path_unlink_file', 3, ...guest.text('z'));
  guest.call('path_rename', 3, ...guest.text('d/f/g'), 3, ...guest.text('g', 2048));
  guest.call('path_remove_directory', 3, ...guest.text('d/f'));
  guest.call('path_create_directory', 3, ...guest.text('made'));
  guest.call('path_create_directory', 3, ...guest.text('made/inner'));
  guest.open('made', 2);
  const { fd: gone } = guest.open('unlinked', 1);
  guest.write(gone, 3);
  guest.call('path_unlink_file', 3, ...guest.text('unlinked'));
  guest.call('fd_read', 0, ...guest.vector(2), 8);
  return guest;
}

type Json = null | boolean | number | bigint | string | Uint8Array | Json[] | { [key: string]: Json };
const stateOf = (guest: HandGuest): Json => throughBytes(guest.host.snapshot()) as Json; // plain data by its type's promise

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

test('the same state gives the same bytes, and comes back whole', () => {
  const guest = busyGuest();
  const state = stateOf(guest);
  expect(stateOf(guest)).toEqual(state);
  expect(stateOf(guest.moved(OPTIONS))).toEqual(state);
  expect(stateOf(guest.moved(OPTIONS).moved(OPTIONS))).toEqual(state);
});

test('the state of the vector is read and written', () => {
  const { module, options, state } = readStateVector('wasi');
  const bytes = readStateSnapshot('wasi');
  const decoded = stateOfHost(module, bytes);
  expect(decoded).toEqual(state);
  const host = createWasi(options as WasiOptions); // our own file
  host.restore(decoded);
  const again = snapshotOfHost(module, host.snapshot());
  expect(stateOfHost(module, again)).toEqual(state);
  expect(Buffer.compare(again, bytes)).toBe(0);
});

test('a base that nobody changed is not in the state', () => {
  const state = stateOf(new HandGuest(OPTIONS)) as { files: { inodes: unknown[]; gone: unknown[] } };
  expect([state.files.inodes, state.files.gone]).toEqual([[], []]);
});

test('what the guest reads afterwards is what it would have read', () => {
  const guest = busyGuest().moved(OPTIONS);
  expect(guest.call('fd_read', 0, ...guest.vector(10), 8)).toBe(0);
  expect(guest.readText(4096, guest.view.getUint32(8, true))).toBe('put');
  expect(guest.open('z').errno).toBe(44);
  const { fd } = guest.open('g');
  expect(guest.call('fd_read', fd, ...guest.vector(10), 8)).toBe(0);
  expect(guest.readText(4096, guest.view.getUint32(8, true))).toBe('y');
});

describe('every field is checked', () => {
  const state = stateOf(busyGuest());
  const wrong: readonly Json[] = [
    null,
    -1,
    2 ** 52,
    1.5,
    'text',
    '..',
    true,
    new Uint8Array(3),
    [],
    [1, 2],
    {},
    2n ** 63n,
  ];
  /** Values that a field may also have: whatever its neighbours say, they make a state like any other. */
  test.each([...pathsIn(state)].map((path) => [path.join('.'), path] as const))('%s', (_name, path) => {
    let refused = 0;
    for (const value of wrong) {
      try {
        createWasi(OPTIONS).restore(throughBytes(replaced(state, path, value)));
      } catch (error) {
        if (!(error instanceof PluvioError)) throw error;
        expect(error.code).toMatch(/^SNAPSHOT_(MALFORMED|MISMATCH|VERSION)$/);
        expect(error.message).toMatch(/^field hosts\.wasi_snapshot_preview1\./);
        refused++;
      }
    }
    expect(refused).toBeGreaterThanOrEqual(5);
  });
});

/** States that are well formed field by field and contradict themselves or this host. */
const CONTRADICTIONS: readonly (readonly [name: string, path: (string | number)[], value: Json, message: string])[] = [
  ['another base', ['files', 'base', 'pathsHash'], 1, 'files.base.pathsHash is 1; it must be'],
  ['another identity', ['files', 'base', 'id'], 'two', 'files.base.id is "two"; it must be "one"'],
  ['a later version', ['version'], 2, 'version is 2; it must be 1'],
  ['nothing names what the entries named', ['files', 'inodes', 0, 'added'], [], 'such that'],
  ['a removed root', ['files', 'gone'], [1], 'files.gone[0] is 1'],
  ['no open descriptors', ['descriptors'], [], 'names inode'],
];

test.each(CONTRADICTIONS)('%s is refused', (_name, path, value, message) => {
  const state = replaced(stateOf(busyGuest()), path, value);
  expect(() => createWasi(OPTIONS).restore(throughBytes(state))).toThrow(message);
});

test('a ring of directories is refused', () => {
  const guest = new HandGuest();
  guest.call('path_create_directory', 3, ...guest.text('a'));
  guest.call('path_create_directory', 3, ...guest.text('a/b'));
  const state = stateOf(guest) as { files: { inodes: { [key: string]: Json }[] } };
  const [root, a, b] = state.files.inodes;
  root!['added'] = [];
  b!['added'] = [['back', a!['ino']!, 3]];
  b!['nextCookie'] = 4;
  expect(() => createWasi().restore(state)).toThrow('below a preopened directory');
});

test.each([
  [{ scratchBytes: 5 }, 'exceeds scratchBytes or maxInodes'],
  [{ maxInodes: 1 }, 'exceeds scratchBytes or maxInodes'],
  [{ maxOpenFiles: 5 }, 'the limit maxOpenFiles'],
])('limits %o of the new host are respected', (limits, message) => {
  const state = stateOf(busyGuest());
  expect(() => createWasi({ ...OPTIONS, ...limits }).restore(state)).toThrow(message);
});
