import { describe, expect, it, test } from 'vitest';
import { bytesOf, HandComponent, textOf } from '../../../test/wasi2/hand-component.ts';
import type { Resource } from '../component/component-host.ts';

const TYPES = 'filesystem/types';
const STREAMS = 'io/streams';
const FILES = { 'a.txt': bytesOf('hello world'), 'd/b.txt': bytesOf('deep'), 'd/e/c.txt': bytesOf('deeper') };
const FOLLOW = { symlinkFollow: true };
const NO_FOLLOW = { symlinkFollow: false };
const OPEN = { create: false, directory: false, exclusive: false, truncate: false };
const READ = { read: true, write: false, mutateDirectory: false };
const WRITE = { ...READ, write: true };

type Outcome = 'ok' | 'err';

/** A component with files, and its root. */
function withFiles(options: object = {}): { component: HandComponent; root: Resource; run: typeof run } {
  const component = new HandComponent({ files: FILES, ...options });
  const [[root, path] = []] = component.call('filesystem/preopens', 'get-directories') as [Resource, string][]; // as WIT says
  expect(path).toBe('/');
  const run = (outcome: Outcome, method: string, self: Resource | undefined, ...args: readonly unknown[]): unknown =>
    component[outcome](TYPES, `[method]descriptor.${method}`, self, ...args);
  return { component, root: root!, run };
}

const open = (
  { run, root }: ReturnType<typeof withFiles>,
  path: string,
  flags: object = {},
  access: object = READ,
): Resource => run('ok', 'open-at', root, FOLLOW, path, { ...OPEN, ...flags }, access) as Resource; // as WIT says

/** The entries of a directory as they are told. */
function entriesOf({ component, run }: ReturnType<typeof withFiles>, directory: Resource): unknown[] {
  const stream = run('ok', 'read-directory', directory);
  const entries: unknown[] = [];
  for (;;) {
    const entry = component.ok(TYPES, '[method]directory-entry-stream.read-directory-entry', stream);
    if (entry === undefined) return entries;
    entries.push(entry);
  }
}

describe('a file', () => {
  it('is read and written, at places and through streams', () => {
    const files = withFiles();
    const { component, run } = files;
    const file = open(files, 'a.txt', {}, WRITE);
    expect(run('ok', 'read', file, 5n, 6n)).toEqual([bytesOf('world'), true]);
    expect(run('ok', 'read', file, 5n, 0n)).toEqual([bytesOf('hello'), false]);
    expect(run('ok', 'read', file, 5n, 50n)).toEqual([new Uint8Array(), true]);
    expect(run('ok', 'write', file, bytesOf('W'), 6n)).toBe(1n);
    const input = run('ok', 'read-via-stream', file, 6n);
    expect(textOf(component.ok(STREAMS, '[method]input-stream.read', input, 100n))).toBe('World');
    expect(component.err(STREAMS, '[method]input-stream.read', input, 1n)).toEqual({ tag: 'closed' });
    const output = run('ok', 'write-via-stream', file, 3n);
    component.ok(STREAMS, '[method]output-stream.blocking-write-and-flush', output, bytesOf('--'));
    component.ok(STREAMS, '[method]output-stream.blocking-write-and-flush', output, bytesOf('--'));
    const end = run('ok', 'append-via-stream', file);
    component.ok(STREAMS, '[method]output-stream.blocking-write-and-flush', end, bytesOf('!'));
    expect(textOf((run('ok', 'read', file, 100n, 0n) as [Uint8Array])[0])).toBe('hel----orld!');
    run('ok', 'set-size', file, 3n);
    expect(run('ok', 'stat', file)).toMatchObject({ type: 'regular-file', size: 3n, linkCount: 1n });
  });

  it('is not written, or read, that was not opened for it', () => {
    const files = withFiles();
    const { run, root } = files;
    const file = open(files, 'a.txt');
    expect(run('ok', 'get-flags', file)).toEqual({ read: true, write: false, mutateDirectory: false });
    for (const [method, ...args] of [
      ['write', bytesOf('x'), 0n],
      ['write-via-stream', 0n],
      ['append-via-stream'],
      ['set-size', 1n],
    ] as const) {
      expect(run('err', method, file, ...args), method).toBe('bad-descriptor');
    }
    const writable = open(files, 'a.txt', {}, { ...WRITE, read: false });
    expect([run('err', 'read', writable, 1n, 0n), run('err', 'read-via-stream', writable, 0n)]).toEqual([
      'bad-descriptor',
      'bad-descriptor',
    ]);
    expect([run('err', 'read', root, 1n, 0n), run('err', 'set-size', root, 1n)]).toEqual([
      'is-directory',
      'is-directory',
    ]);
  });

  it('that no room is left for closes its stream', () => {
    const files = withFiles({ scratchBytes: 8 });
    const { component, run } = files;
    const file = open(files, 'new', { create: true }, WRITE);
    const output = run('ok', 'write-via-stream', file, 0n);
    const write = (outcome: Outcome, text: string): unknown =>
      component[outcome](STREAMS, '[method]output-stream.blocking-write-and-flush', output, bytesOf(text));
    write('ok', '12345678');
    const reason = write('err', '9') as { tag: string; val: Resource };
    expect([reason.tag, component.call(TYPES, 'filesystem-error-code', reason.val)]).toEqual([
      'last-operation-failed',
      'insufficient-space',
    ]);
    expect(write('err', '9')).toEqual({ tag: 'closed' });
  });

  it('keeps its times, and another name is the same one', () => {
    const files = withFiles();
    const { run, root } = files;
    const when = { seconds: 5n, nanoseconds: 7 };
    run('ok', 'set-times-at', root, FOLLOW, 'a.txt', { tag: 'timestamp', val: when }, { tag: 'no-change' });
    run('ok', 'link-at', root, NO_FOLLOW, 'a.txt', root, 'again.txt');
    const [first, second, other] = [open(files, 'a.txt'), open(files, 'again.txt'), open(files, 'd/b.txt')];
    expect(run('ok', 'stat', second)).toMatchObject({ linkCount: 2n, dataAccessTimestamp: when });
    const same = (a: Resource, b: Resource): unknown => run0(files, 'is-same-object', a, b);
    expect([same(first, second), same(first, other)]).toEqual([true, false]);
    expect(run('ok', 'metadata-hash', first)).toEqual(run('ok', 'metadata-hash-at', root, FOLLOW, 'again.txt'));
    expect(run('ok', 'metadata-hash', first)).not.toEqual(run('ok', 'metadata-hash', other));
  });
});

/** A method that gives no result. */
const run0 = ({ component }: ReturnType<typeof withFiles>, method: string, ...args: readonly unknown[]): unknown =>
  component.call(TYPES, `[method]descriptor.${method}`, ...args);

describe('a directory', () => {
  it('is listed, changed, and listed', () => {
    const files = withFiles();
    const { run, root } = files;
    expect(entriesOf(files, root)).toEqual([
      { type: 'regular-file', name: 'a.txt' },
      { type: 'directory', name: 'd' },
    ]);
    run('ok', 'create-directory-at', root, 'new');
    run('ok', 'symlink-at', root, 'd/b.txt', 'link');
    expect(run('ok', 'readlink-at', root, 'link')).toBe('d/b.txt');
    expect([run('ok', 'stat-at', root, FOLLOW, 'link'), run('ok', 'stat-at', root, NO_FOLLOW, 'link')]).toMatchObject([
      { type: 'regular-file', size: 4n },
      { type: 'symbolic-link', size: 7n },
    ]);
    run('ok', 'rename-at', root, 'a.txt', root, 'new/z.txt');
    run('ok', 'unlink-file-at', root, 'link');
    const directory = open(files, 'new', { directory: true });
    expect(entriesOf(files, directory)).toEqual([{ type: 'regular-file', name: 'z.txt' }]);
    run('ok', 'unlink-file-at', directory, 'z.txt');
    run('ok', 'remove-directory-at', root, 'new');
    expect(entriesOf(files, root)).toEqual([{ type: 'directory', name: 'd' }]);
  });

  it.each([
    ['no-entry', 'open-at', FOLLOW, 'nothing', OPEN, READ],
    ['not-permitted', 'open-at', FOLLOW, '../etc/passwd', OPEN, READ],
    ['not-permitted', 'open-at', FOLLOW, '/a.txt', OPEN, READ],
    ['not-permitted', 'open-at', FOLLOW, 'd/../../a.txt', OPEN, READ],
    ['not-directory', 'open-at', FOLLOW, 'a.txt/x', OPEN, READ],
    ['not-directory', 'open-at', FOLLOW, 'a.txt', { ...OPEN, directory: true }, READ],
    ['is-directory', 'open-at', FOLLOW, 'd', OPEN, WRITE],
    ['exist', 'open-at', FOLLOW, 'a.txt', { ...OPEN, create: true, exclusive: true }, WRITE],
    ['invalid', 'open-at', FOLLOW, 'new', { ...OPEN, create: true, directory: true }, WRITE],
    ['invalid', 'open-at', FOLLOW, 'a.txt', { ...OPEN, truncate: true }, READ],
    ['loop', 'open-at', NO_FOLLOW, 'loop', OPEN, READ],
    ['loop', 'open-at', FOLLOW, 'loop', OPEN, READ],
    ['not-permitted', 'open-at', FOLLOW, 'out', OPEN, READ],
    ['name-too-long', 'open-at', FOLLOW, 'x'.repeat(300), OPEN, READ],
    ['name-too-long', 'stat-at', FOLLOW, 'x/'.repeat(3000)],
    ['exist', 'create-directory-at', 'd'],
    ['not-empty', 'remove-directory-at', 'd'],
    ['not-directory', 'remove-directory-at', 'a.txt'],
    ['is-directory', 'unlink-file-at', 'd'],
    ['no-entry', 'unlink-file-at', 'nothing'],
    ['invalid', 'readlink-at', 'a.txt'],
    ['not-permitted', 'symlink-at', '/etc', 'x'],
    ['no-entry', 'symlink-at', '', 'x'],
    ['invalid', 'stat-at', FOLLOW, 'a\0b'],
  ] as const)('says %s: %s', (code, method, ...args) => {
    const files = withFiles();
    const { run, root } = files;
    run('ok', 'symlink-at', root, 'loop', 'loop');
    run('ok', 'symlink-at', root, 'd/../../out', 'out');
    expect(run('err', method, root, ...args)).toBe(code);
  });

  it('is no file, and a file no directory', () => {
    const files = withFiles();
    const { run, root } = files;
    const file = open(files, 'a.txt');
    expect(run('err', 'read-directory', file)).toBe('not-directory');
    expect(run('err', 'open-at', file, FOLLOW, 'x', OPEN, READ)).toBe('not-directory');
    expect(run('err', 'link-at', root, NO_FOLLOW, 'd', root, 'e')).toBe('not-permitted');
    expect(run('err', 'rename-at', root, 'd', root, 'd/e/f')).toBe('invalid');
  });

  it('opens as many as the limit allows', () => {
    const files = withFiles({ maxOpenFiles: 3 });
    open(files, 'a.txt');
    const last = open(files, 'd');
    expect(files.run('err', 'open-at', files.root, FOLLOW, 'a.txt', OPEN, READ)).toBe('quota');
    files.component.host.drop(last);
    open(files, 'a.txt');
  });
});

test('everything that is open moves, with files that have no name any more', () => {
  const files = withFiles();
  const { component, run, root } = files;
  const file = open(files, 'gone', { create: true }, WRITE);
  run('ok', 'write', file, bytesOf('kept'), 0n);
  const input = run('ok', 'read-via-stream', file, 1n) as Resource; // as WIT says, here and below
  const output = run('ok', 'append-via-stream', file) as Resource;
  const entries = run('ok', 'read-directory', root) as Resource;
  component.ok(TYPES, '[method]directory-entry-stream.read-directory-entry', entries);
  run('ok', 'unlink-file-at', root, 'gone');
  run('ok', 'create-directory-at', root, 'z');
  const { moved, resources } = component.move([root, file, input, output, entries, file], { files: FILES });
  const [, movedFile, movedInput, movedOutput, movedEntries, again] = resources;
  expect(again).toBe(movedFile);
  moved.ok(STREAMS, '[method]output-stream.blocking-write-and-flush', movedOutput, bytesOf('!'));
  expect(textOf(moved.ok(STREAMS, '[method]input-stream.read', movedInput, 10n))).toBe('ept!');
  const next = (): unknown => moved.ok(TYPES, '[method]directory-entry-stream.read-directory-entry', movedEntries);
  expect([next(), next(), next()]).toEqual([
    { type: 'directory', name: 'd' },
    { type: 'directory', name: 'z' },
    undefined,
  ]);
  for (const resource of new Set(resources)) moved.host.drop(resource);
  const { files: tree } = moved.host.snapshot([]) as { files: { inodes: unknown[] } };
  expect(
    JSON.stringify(tree.inodes, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  ).not.toContain('kept');
});
