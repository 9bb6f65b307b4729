/** Files where codes, flags, times and openings meet their edges. */
import { describe, expect, it } from 'vitest';
import { bytesOf, HandComponent, textOf } from '../../../test/wasi2/hand-component.ts';
import type { Resource } from '../component/component-host.ts';

const TYPES = 'filesystem/types';
const STREAMS = 'io/streams';
const FOLLOW = { symlinkFollow: true };
const NO_FOLLOW = { symlinkFollow: false };
const READ = { read: true, write: false, mutateDirectory: false };
const WRITE = { read: true, write: true, mutateDirectory: false };
const NOTHING = { create: false, directory: false, exclusive: false, truncate: false };
const U64_MAX = 2n ** 64n - 1n;
const NS_PER_S = 1_000_000_000n;

const FILES = { 'a.txt': bytesOf('hello'), 'd/b.txt': 'deep', 'd/e/c.txt': 'deeper', 'z/y': '' };

/** A component with files, and links among them; the clock is moved by hand. */
class Files {
  readonly clock = { now: 7n * NS_PER_S + 5n, realtimeNs: () => this.clock.now, monotonicNs: () => 0n };
  readonly component: HandComponent;
  readonly root: Resource;

  constructor(options: object = {}) {
    this.component = new HandComponent({ files: FILES, clock: this.clock, ...options });
    const [[root] = []] = this.component.call('filesystem/preopens', 'get-directories') as [Resource, string][]; // as WIT says
    this.root = root!;
  }

  ok(method: string, self: Resource, ...args: readonly unknown[]): unknown {
    return this.component.ok(TYPES, `[method]descriptor.${method}`, self, ...args);
  }

  err(method: string, self: Resource, ...args: readonly unknown[]): unknown {
    return this.component.err(TYPES, `[method]descriptor.${method}`, self, ...args);
  }

  open(path: string, flags: object = {}, access: object = READ): Resource {
    return this.ok('open-at', this.root, FOLLOW, path, { ...NOTHING, ...flags }, access) as Resource; // as WIT says
  }

  write(path: string, text: string): void {
    this.ok('write', this.open(path, { create: true }, WRITE), bytesOf(text), 0n);
  }

  text(path: string): string {
    const [bytes] = this.ok('read', this.open(path), 100n, 0n) as [Uint8Array, boolean]; // as WIT says
    return textOf(bytes);
  }

  names(path: string): unknown[] {
    const stream = this.ok('read-directory', this.open(path));
    const names: unknown[] = [];
    for (;;) {
      const entry = this.component.ok(TYPES, '[method]directory-entry-stream.read-directory-entry', stream);
      if (entry === undefined) return names;
      names.push((entry as { readonly name: string }).name);
    }
  }
}

describe('an error code', () => {
  const linked = (): Files => {
    const files = new Files();
    files.ok('symlink-at', files.root, 'd', 'to-d');
    files.ok('symlink-at', files.root, 'nowhere', 'dangling');
    files.ok('symlink-at', files.root, '../a.txt', 'd/up');
    return files;
  };

  it.each([
    ['not-permitted', 'stat-at', FOLLOW, '..'],
    ['not-permitted', 'stat-at', FOLLOW, 'to-d/../..'],
    ['not-permitted', 'stat-at', FOLLOW, '/'],
    ['not-permitted', 'create-directory-at', '../new'],
    ['not-permitted', 'unlink-file-at', '../a.txt'],
    ['not-permitted', 'remove-directory-at', '../d'],
    ['not-permitted', 'readlink-at', '/a.txt'],
    ['not-permitted', 'metadata-hash-at', FOLLOW, '../a.txt'],
    ['not-permitted', 'set-times-at', FOLLOW, '..', { tag: 'now' }, { tag: 'now' }],
    ['not-permitted', 'symlink-at', 'a.txt', '../link'],
    ['no-entry', 'stat-at', FOLLOW, ''],
    ['no-entry', 'stat-at', FOLLOW, 'dangling'],
    ['no-entry', 'open-at', FOLLOW, 'nothing/new', { ...NOTHING, create: true }, WRITE],
    ['no-entry', 'create-directory-at', 'nothing/new'],
    ['no-entry', 'remove-directory-at', 'nothing'],
    ['no-entry', 'symlink-at', 'a.txt', 'link/'],
    ['no-entry', 'readlink-at', 'nothing'],
    ['invalid', 'readlink-at', 'd'],
    ['invalid', 'create-directory-at', 'a\0b'],
    ['exist', 'create-directory-at', '.'],
    ['exist', 'create-directory-at', 'dangling'],
    ['exist', 'symlink-at', 'a.txt', 'dangling'],
    ['exist', 'open-at', FOLLOW, 'dangling', { ...NOTHING, create: true, exclusive: true }, WRITE],
    ['not-directory', 'stat-at', FOLLOW, 'a.txt/'],
    ['not-directory', 'open-at', NO_FOLLOW, 'to-d', { ...NOTHING, directory: true }, READ],
    ['not-directory', 'unlink-file-at', 'a.txt/'],
    ['not-directory', 'remove-directory-at', 'to-d'],
    ['is-directory', 'open-at', FOLLOW, 'new/', { ...NOTHING, create: true }, WRITE],
    ['is-directory', 'open-at', FOLLOW, 'd', { ...NOTHING, truncate: true }, READ],
    ['is-directory', 'unlink-file-at', '.'],
    ['not-empty', 'remove-directory-at', 'd/e/..'],
    ['invalid', 'remove-directory-at', 'd/.'],
    ['loop', 'open-at', NO_FOLLOW, 'to-d', NOTHING, READ],
    ['name-too-long', 'create-directory-at', 'é'.repeat(128)],
    ['name-too-long', 'symlink-at', 'x/'.repeat(2049), 'link'],
  ] as const)('%s: %s %j %j', (code, method, ...args) => {
    const files = linked();
    expect(files.err(method, files.root, ...args)).toBe(code);
  });

  it.each([
    ['busy', '.', 'new'],
    ['busy', 'd', 'z/..'],
    ['no-entry', 'nothing', 'new'],
    ['not-permitted', '../a.txt', 'new'],
    ['not-permitted', 'a.txt', '../new'],
    ['is-directory', 'a.txt', 'd'],
    ['not-directory', 'd', 'a.txt'],
    ['not-directory', 'a.txt', 'new/'],
    ['not-empty', 'z', 'd'],
    ['invalid', 'd', 'to-d/e/f'],
  ])('%s: rename-at %j to %j', (code, from, to) => {
    const files = linked();
    expect(files.err('rename-at', files.root, from, files.root, to)).toBe(code);
  });

  it.each([
    ['exist', 'a.txt', 'd/b.txt'],
    ['exist', 'a.txt', '.'],
    ['no-entry', 'nothing', 'new'],
    ['no-entry', 'a.txt', 'new/'],
    ['not-permitted', 'd', 'new'],
    ['not-permitted', 'a.txt', '/new'],
  ])('%s: link-at %j to %j', (code, from, to) => {
    const files = linked();
    expect(files.err('link-at', files.root, FOLLOW, from, files.root, to)).toBe(code);
  });

  it('of sizes and places that no file can have', () => {
    const files = new Files({ scratchBytes: 100 });
    const file = files.open('a.txt', {}, WRITE);
    for (const [method, ...args] of [
      ['read', 1n, U64_MAX],
      ['write', bytesOf('x'), U64_MAX],
      ['set-size', 2n ** 53n],
      ['read-via-stream', 2n ** 53n],
      ['write-via-stream', 2n ** 53n],
    ] as const) {
      expect(files.err(method, file, ...args), method).toBe('file-too-large');
    }
    expect(files.err('set-size', file, 106n)).toBe('insufficient-space');
    expect(files.err('write', file, bytesOf('x'), 200n)).toBe('insufficient-space');
    files.ok('set-size', file, 105n);
    expect(files.ok('read', file, U64_MAX, 104n)).toEqual([new Uint8Array(1), true]);
    expect(files.err('symlink-at', files.root, 'a.txt', 'link')).toBe('insufficient-space');
    const few = new Files({ maxInodes: 1 });
    few.ok('create-directory-at', few.root, 'first');
    expect(few.err('create-directory-at', few.root, 'second')).toBe('insufficient-space');
  });
});

describe('opening', () => {
  it('makes what is not there, and cuts what is, if asked so', () => {
    const files = new Files();
    files.write('d/new', 'made');
    files.open('d/new', { create: true }, WRITE);
    expect(files.text('d/new')).toBe('made');
    files.open('d/new', { create: true, truncate: true }, WRITE);
    expect(files.text('d/new')).toBe('');
  });

  it('goes through a link to where it leads, also when nothing is there yet', () => {
    const files = new Files();
    files.ok('symlink-at', files.root, '../new', 'd/link');
    files.write('d/link', 'through');
    expect(files.text('new')).toBe('through');
    files.ok('unlink-file-at', files.root, 'd/link');
    expect(files.text('new')).toBe('through');
  });

  it('of a directory reaches what is in it, and not what is beside it', () => {
    const files = new Files();
    const inner = files.open('d/', { directory: true });
    expect(files.ok('get-flags', inner)).toEqual({ read: true, write: false, mutateDirectory: true });
    expect(files.ok('get-type', inner)).toBe('directory');
    expect(files.ok('stat-at', inner, FOLLOW, 'e/../b.txt')).toMatchObject({ size: 4n });
    expect(files.err('stat-at', inner, FOLLOW, '../a.txt')).toBe('not-permitted');
    expect(files.err('advise', inner, 0n, 0n, 'normal')).toBe('bad-descriptor');
    files.ok('sync', inner);
    files.ok('sync-data', files.open('a.txt'));
    files.ok('advise', files.open('a.txt'), 0n, U64_MAX, 'will-need');
  });

  it('changes copies: the files that were given stay as they are', () => {
    const files = new Files();
    files.write('a.txt', 'J');
    expect(files.text('a.txt')).toBe('Jello');
    expect(textOf(FILES['a.txt'])).toBe('hello');
    expect(new Files().text('a.txt')).toBe('hello');
  });

  it('of every root gives a descriptor of its own each time', () => {
    const component = new HandComponent({ files: FILES });
    const get = (): [Resource, string][] =>
      component.call('filesystem/preopens', 'get-directories') as [Resource, string][]; // as WIT says
    const [[first, path] = [], [second] = []] = [...get(), ...get()];
    expect([path, first === second]).toEqual(['/', false]);
    expect(component.call(TYPES, '[method]descriptor.is-same-object', first, second)).toBe(true);
  });
});

describe('times', () => {
  const timesOf = (files: Files): readonly bigint[] => {
    const stat = files.ok('stat-at', files.root, FOLLOW, 'a.txt') as Record<
      string,
      { seconds: bigint; nanoseconds: number }
    >; // as WIT says
    return ['dataAccessTimestamp', 'dataModificationTimestamp', 'statusChangeTimestamp'].map((name) => {
      const { seconds, nanoseconds } = stat[name]!;
      return seconds * NS_PER_S + BigInt(nanoseconds);
    });
  };
  const at = (seconds: bigint, nanoseconds: number): object => ({ tag: 'timestamp', val: { seconds, nanoseconds } });

  it('are set, set to now, or left alone', () => {
    const files = new Files();
    files.ok('set-times-at', files.root, FOLLOW, 'a.txt', at(3n, 4), { tag: 'now' });
    const now = files.clock.now;
    expect(timesOf(files)).toEqual([3n * NS_PER_S + 4n, now, now]);
    files.clock.now += NS_PER_S;
    files.ok('set-times', files.open('a.txt'), { tag: 'no-change' }, at(1n, 0));
    expect(timesOf(files)).toEqual([3n * NS_PER_S + 4n, NS_PER_S, files.clock.now]);
  });

  it('of a link are its own, if it is not followed', () => {
    const files = new Files();
    files.ok('symlink-at', files.root, 'a.txt', 'link');
    files.ok('set-times-at', files.root, NO_FOLLOW, 'link', at(9n, 0), at(9n, 0));
    expect(files.ok('stat-at', files.root, NO_FOLLOW, 'link')).toMatchObject({ dataAccessTimestamp: { seconds: 9n } });
    expect(timesOf(files).slice(0, 2)).toEqual([0n, 0n]);
  });

  it('that do not fit, or are none, are refused and change nothing', () => {
    const files = new Files();
    const last = [U64_MAX / NS_PER_S, Number(U64_MAX % NS_PER_S)] as const;
    files.ok('set-times-at', files.root, FOLLOW, 'a.txt', at(...last), { tag: 'no-change' });
    expect(timesOf(files)[0]).toBe(U64_MAX);
    for (const [code, seconds, nanoseconds] of [
      ['overflow', last[0], last[1] + 1],
      ['overflow', U64_MAX, 0],
      ['invalid', 1n, 1_000_000_000],
    ] as const) {
      expect(files.err('set-times', files.open('a.txt'), { tag: 'now' }, at(seconds, nanoseconds))).toBe(code);
    }
    expect(timesOf(files)[0]).toBe(U64_MAX);
  });
});

describe('a name', () => {
  it('is replaced by renaming; who has the old file open keeps it', () => {
    const files = new Files();
    const old = files.open('d/b.txt');
    files.ok('rename-at', files.root, 'a.txt', files.open('d'), 'b.txt');
    expect([files.text('d/b.txt'), files.err('stat-at', files.root, FOLLOW, 'a.txt')]).toEqual(['hello', 'no-entry']);
    expect(files.ok('read', old, 9n, 0n)).toEqual([bytesOf('deep'), true]);
    expect(files.ok('stat', old)).toMatchObject({ linkCount: 0n });
  });

  it('of a directory moves with all that is in it', () => {
    const files = new Files();
    files.ok('rename-at', files.root, 'd', files.root, 'z/d');
    expect([files.names('.'), files.names('z'), files.text('z/d/e/c.txt')]).toEqual([
      ['a.txt', 'z'],
      ['y', 'd'],
      'deeper',
    ]);
  });

  it('that comes and goes while the directory is read: every other one is told once', () => {
    const files = new Files();
    for (const name of ['one', 'two', 'three']) files.write(`z/${name}`, name);
    const stream = files.ok('read-directory', files.open('z'));
    const next = (): unknown =>
      files.component.ok(TYPES, '[method]directory-entry-stream.read-directory-entry', stream);
    expect(next()).toEqual({ type: 'regular-file', name: 'y' });
    files.ok('unlink-file-at', files.root, 'z/y');
    files.ok('unlink-file-at', files.root, 'z/two');
    files.ok('symlink-at', files.root, 'one', 'z/four');
    expect([next(), next(), next(), next(), next()]).toEqual([
      { type: 'regular-file', name: 'one' },
      { type: 'regular-file', name: 'three' },
      { type: 'symbolic-link', name: 'four' },
      undefined,
      undefined,
    ]);
  });

  it('that is given up with its directory open: nothing is made in it', () => {
    const files = new Files();
    files.ok('create-directory-at', files.root, 'new');
    const directory = files.open('new');
    files.ok('remove-directory-at', files.root, 'new');
    expect(files.err('create-directory-at', directory, 'x')).toBe('no-entry');
    expect(files.err('open-at', directory, FOLLOW, 'x', { ...NOTHING, create: true }, WRITE)).toBe('no-entry');
    expect(files.ok('stat', directory)).toMatchObject({ type: 'directory', linkCount: 0n });
  });
});

describe('a stream that was given up before its pollable', () => {
  /** Numbers of inodes that a host keeps. */
  const kept = ({ host }: HandComponent): unknown[] =>
    (host.snapshot([]) as { files: { inodes: { ino: number }[] } }).files.inodes.map(({ ino }) => ino);

  it('keeps its file as long, here and after a move', () => {
    const files = new Files();
    const before = kept(files.component);
    const file = files.open('gone', { create: true }, WRITE);
    const stream = files.ok('read-via-stream', file, 0n) as Resource; // as WIT says
    const pollable = files.component.resource(STREAMS, '[method]input-stream.subscribe', stream);
    files.ok('unlink-file-at', files.root, 'gone');
    for (const given of [file, stream]) files.component.host.drop(given);
    const { moved, resources } = files.component.move([files.root, pollable], { files: FILES });
    for (const [component, held] of [
      [files.component, pollable],
      [moved, resources[1]!],
    ] as const) {
      expect(component.call('io/poll', '[method]pollable.ready', held)).toBe(true);
      expect(kept(component)).toHaveLength(before.length + 2); // the root has changed
      component.host.drop(held);
      expect(kept(component)).toHaveLength(before.length + 1);
    }
  });
});
