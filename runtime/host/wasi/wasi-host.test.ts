import { describe, expect, test } from 'vitest';
import { HandGuest } from '../../../test/wasi/hand-guest.ts';
import { GuestExit } from '../../engine/pending.ts';
import { PluvioError } from '../../errors/index.ts';
import { ERRNO } from '../errno.ts';
import { createWasi } from '../index.ts';
import { WASI_FUNCTIONS } from './functions.ts';
import { WASI_LIMITS, type WasiLimitName } from '../system/limits.ts';

const CREAT = 1;

/** The interface's functions with their wasm parameters (i: i32, I: i64), from the specification. */
const SPECIFIED =
  'args_get:ii args_sizes_get:ii environ_get:ii environ_sizes_get:ii clock_res_get:ii clock_time_get:iIi fd_advise:iIIi ' +
  'fd_allocate:iII fd_close:i fd_datasync:i fd_fdstat_get:ii fd_fdstat_set_flags:ii fd_fdstat_set_rights:iII fd_filestat_get:ii ' +
  'fd_filestat_set_size:iI fd_filestat_set_times:iIIi fd_pread:iiiIi fd_prestat_get:ii fd_prestat_dir_name:iii fd_pwrite:iiiIi ' +
  'fd_read:iiii fd_readdir:iiiIi fd_renumber:ii fd_seek:iIii fd_sync:i fd_tell:ii fd_write:iiii path_create_directory:iii ' +
  'path_filestat_get:iiiii path_filestat_set_times:iiiiIIi path_link:iiiiiii path_open:iiiiiIIii path_readlink:iiiiii ' +
  'path_remove_directory:iii path_rename:iiiiii path_symlink:iiiii path_unlink_file:iii poll_oneoff:iiii proc_exit:i proc_raise:i ' +
  'sched_yield: random_get:ii sock_accept:iii sock_recv:iiiiii sock_send:iiiii sock_shutdown:ii';

test('the table has every function of the interface, with its signature', () => {
  const table = Object.entries(WASI_FUNCTIONS).map(([name, { params, results }]) => {
    expect(results).toEqual(name === 'proc_exit' ? [] : ['i32']);
    return `${name}:${params.map((type) => (type === 'i32' ? 'i' : 'I')).join('')}`;
  });
  expect(table.sort()).toEqual(SPECIFIED.split(' ').sort());
  const { imports } = createWasi();
  for (const functions of Object.values(imports))
    expect(Object.keys(functions).sort()).toEqual(Object.keys(WASI_FUNCTIONS).sort());
});

describe('limits', () => {
  test.each(Object.entries(WASI_LIMITS))('%s is accepted up to its maximum and refused beyond', (name, { max }) => {
    expect(() => createWasi({ [name as WasiLimitName]: max })).not.toThrow();
    for (const value of [max + 1, -1, 0.5, Number.NaN]) {
      expect(() => createWasi({ [name as WasiLimitName]: value })).toThrow(
        expect.objectContaining({ code: 'LIMIT_OUT_OF_RANGE', details: { limit: name, min: 0, max } }),
      );
    }
  });

  test('scratchBytes: the last byte fits, the next does not, and freed bytes come back', () => {
    const guest = new HandGuest({ scratchBytes: 100 });
    const { fd } = guest.open('f', CREAT);
    expect(guest.write(fd, 99)).toEqual({ errno: 0, count: 99 });
    expect(guest.write(fd, 5)).toEqual({ errno: 0, count: 1 });
    expect(guest.write(fd, 1).errno).toBe(ERRNO.nospc);
    expect(guest.call('fd_allocate', fd, 100n, 1n)).toBe(ERRNO.nospc);
    expect(guest.call('fd_filestat_set_size', fd, 1n << 62n)).toBe(ERRNO.fbig);
    expect(guest.call('path_symlink', ...guest.text('t', 2048), 3, ...guest.text('s'))).toBe(ERRNO.nospc);
    expect(guest.call('fd_filestat_set_size', fd, 40n)).toBe(0);
    expect(guest.call('path_symlink', ...guest.text('t'.repeat(60), 2048), 3, ...guest.text('s'))).toBe(0);
    expect(guest.call('path_unlink_file', 3, ...guest.text('f'))).toBe(0);
    expect(guest.write(fd, 1).errno).toBe(ERRNO.nospc);
    expect(guest.call('fd_close', fd)).toBe(0);
    const again = guest.open('g', CREAT);
    expect(guest.write(again.fd, 100)).toEqual({ errno: 0, count: 40 });
  });

  test('maxOpenFiles: counts all descriptors', () => {
    const guest = new HandGuest({ maxOpenFiles: 6, files: { a: '' } });
    expect(guest.open('a')).toEqual({ errno: 0, fd: 4 });
    expect(guest.open('a')).toEqual({ errno: 0, fd: 5 });
    expect(guest.open('a').errno).toBe(ERRNO.mfile);
    expect(guest.open('new', CREAT).errno).toBe(ERRNO.mfile);
    expect(guest.call('fd_close', 4)).toBe(0);
    expect(guest.open('new').errno).toBe(ERRNO.noent); // the failed open created nothing
    expect(guest.open('a')).toEqual({ errno: 0, fd: 4 });
  });

  test('maxPathBytes: the longest path, one byte more', () => {
    const guest = new HandGuest({ maxPathBytes: 10, files: { abcdefghij: '' } });
    expect(guest.open('abcdefghij').errno).toBe(0);
    expect(guest.open('./abcdefghij').errno).toBe(ERRNO.nametoolong);
    expect(guest.call('path_symlink', ...guest.text('x'.repeat(11), 2048), 3, ...guest.text('s'))).toBe(
      ERRNO.nametoolong,
    );
    const wide = new HandGuest();
    expect(wide.open('n'.repeat(255), CREAT).errno).toBe(0);
    expect(wide.open('n'.repeat(256), CREAT).errno).toBe(ERRNO.nametoolong);
    expect(wide.open('ü'.repeat(128), CREAT).errno).toBe(ERRNO.nametoolong);
  });

  test('maxInodes: inodes and entries that the guest makes', () => {
    const guest = new HandGuest({ maxInodes: 2, files: { base: '' } });
    expect(guest.open('a', CREAT).errno).toBe(0);
    expect(guest.call('path_create_directory', 3, ...guest.text('d'))).toBe(0);
    expect(guest.open('b', CREAT).errno).toBe(ERRNO.nospc);
    expect(guest.call('path_link', 3, 0, ...guest.text('base'), 3, ...guest.text('hard', 2048))).toBe(ERRNO.nospc);
    expect(guest.call('path_rename', 3, ...guest.text('a'), 3, ...guest.text('b', 2048))).toBe(0);
    expect(guest.call('path_rename', 3, ...guest.text('base'), 3, ...guest.text('c', 2048))).toBe(ERRNO.nospc);
    expect(guest.call('path_remove_directory', 3, ...guest.text('d'))).toBe(0);
    expect(guest.call('path_link', 3, 0, ...guest.text('base'), 3, ...guest.text('hard', 2048))).toBe(0);
  });

  test('one list of buffers has at most 1024', () => {
    const guest = new HandGuest();
    expect(guest.call('fd_write', 1, 4096, 1024, 8)).toBe(0);
    expect(guest.call('fd_write', 1, 4096, 1025, 8)).toBe(ERRNO.inval);
  });
});

test('arguments and environment arrive as given', () => {
  const guest = new HandGuest({ args: ['größe', ''], env: { A: '1=2', B: '' } });
  expect(guest.call('args_sizes_get', 0, 4)).toBe(0);
  expect([guest.view.getUint32(0, true), guest.view.getUint32(4, true)]).toEqual([2, 9]);
  expect(guest.call('environ_get', 64, 128)).toBe(0);
  expect(guest.readText(128, 9)).toBe('A=1=2\0B=\0');
  expect([guest.view.getUint32(64, true), guest.view.getUint32(68, true)]).toEqual([128, 134]);
});

test.each([
  [{ args: ['a\0b'] }, 'argument'],
  [{ env: { 'A=B': 'c' } }, 'environment variable'],
  [{ files: { 'a/../b': '' } }, 'file "a/../b"'],
  [{ files: { a: '', 'a/b': '' } }, 'file "a/b"'],
  [{ files: { a: '', '/a': '' } }, 'given twice'],
  [{ preopens: { '': {} } }, 'preopen ""'],
  [{ files: {}, preopens: {} }, 'give one of them'],
])('options %o are refused', (options, message) => {
  expect(() => createWasi(options)).toThrow(PluvioError);
  expect(() => createWasi(options)).toThrow(message);
});

test('exits and signals end the guest with a code', () => {
  const guest = new HandGuest();
  const codeOf = (name: string, value: number): number | undefined => {
    try {
      guest.call(name, value);
    } catch (error) {
      if (error instanceof GuestExit) return error.code;
      throw error;
    }
    return undefined;
  };
  expect(codeOf('proc_exit', 42)).toBe(42);
  expect(codeOf('proc_exit', -1)).toBe(0xffff_ffff);
  expect([codeOf('proc_raise', 15), codeOf('proc_raise', 6)]).toEqual([143, 134]);
  expect([0, 16, 18, 31].map((signal) => guest.call('proc_raise', signal))).toEqual([0, 0, ERRNO.notsup, ERRNO.inval]);
});

test('randomness comes from the given source, in bounded pieces, into the whole buffer', () => {
  const sizes: number[] = [];
  const guest = new HandGuest({
    random: (bytes) => {
      sizes.push(bytes.length);
      bytes.fill(7);
    },
  });
  expect(guest.call('random_get', 10, 70_000)).toBe(0);
  expect(sizes).toEqual([65_536, 4464]);
  const bytes = new Uint8Array(guest.memory.buffer);
  expect([bytes[9], bytes[10], bytes[70_009], bytes[70_010]]).toEqual([0, 7, 7, 0]);
});

test('several preopened directories do not reach each other', () => {
  const guest = new HandGuest({ preopens: { '/b': { y: { symlink: '../a/x' } }, '/a': { x: 'in a' } } });
  expect(guest.call('fd_prestat_dir_name', 3, 64, 2)).toBe(0);
  expect(guest.readText(64, 2)).toBe('/a');
  expect(guest.open('x').errno).toBe(0);
  const read = (fd: number, path: string) => guest.call('path_open', fd, 1, ...guest.text(path), 0, 2n, 0n, 0, 8);
  expect(read(4, 'y')).toBe(ERRNO.notcapable);
  expect(read(4, '../a/x')).toBe(ERRNO.notcapable);
  expect(read(4, '/x')).toBe(ERRNO.notcapable);
  expect(guest.call('fd_prestat_get', 5, 0)).toBe(ERRNO.badf);
});

test('a preopened directory can be renumbered, and replaced', () => {
  const guest = new HandGuest({ preopens: { '/a': { x: '', sub: { symlink: 'x' } }, '/b': { y: '' } } });
  expect(guest.call('path_create_directory', 4, ...guest.text('d'))).toBe(0);
  expect(guest.call('path_open', 4, 0, ...guest.text('d'), 2, 0n, 0n, 0, 8)).toBe(0);
  const fd = guest.view.getUint32(8, true);
  expect(guest.call('fd_renumber', fd, 3)).toBe(0);
  expect(guest.call('fd_prestat_get', 3, 0)).toBe(ERRNO.badf); // no longer preopened
  expect(guest.call('path_filestat_get', 3, 0, ...guest.text('.'), 64)).toBe(ERRNO.notcapable); // opened without rights
  expect(guest.call('fd_fdstat_get', fd, 64)).toBe(ERRNO.badf);
  expect(guest.call('fd_renumber', 4, 3)).toBe(0);
  const moved = guest.moved({ preopens: { '/a': { x: '', sub: { symlink: 'x' } }, '/b': { y: '' } } });
  for (const one of [guest, moved]) {
    expect(one.call('fd_prestat_dir_name', 3, 64, 2)).toBe(0);
    expect(one.readText(64, 2)).toBe('/b');
    expect(one.open('y').errno).toBe(0);
  }
});

test('a directory cannot be opened to be written, also when a directory is asked for', () => {
  const guest = new HandGuest({ files: { 'd/': '' } });
  const open = (oflags: number, rights: bigint) =>
    guest.call('path_open', 3, 0, ...guest.text('d'), oflags, rights, 0n, 0, 8);
  const [read, write] = [1n << 1n, 1n << 6n];
  for (const oflags of [0, 2]) {
    expect(open(oflags, read)).toBe(0);
    expect(open(oflags, read | write)).toBe(ERRNO.isdir);
  }
});

test('a link cannot point to an absolute path', () => {
  const guest = new HandGuest({ files: { f: '' } });
  expect(guest.call('path_symlink', ...guest.text('/f', 2048), 3, ...guest.text('s'))).toBe(ERRNO.notcapable);
  expect(guest.call('path_symlink', ...guest.text('./f', 2048), 3, ...guest.text('s'))).toBe(0);
});

test('two workers share base files and nothing else', () => {
  const files = { shared: 'base' };
  const [one, two] = [new HandGuest({ files }), new HandGuest({ files })];
  const { fd } = one.open('shared');
  one.text('XXXX', 4096);
  expect(one.write(fd, 4).errno).toBe(0);
  const other = two.open('shared');
  expect(two.call('fd_read', other.fd, ...two.vector(10), 8)).toBe(0);
  expect(two.readText(4096, 4)).toBe('base');
});

test('the memory is looked at anew after it grew', () => {
  const guest = new HandGuest();
  const at = 131_072;
  expect(guest.call('clock_time_get', 0, 0n, at)).toBe(ERRNO.fault);
  guest.memory.grow(1);
  expect(guest.call('clock_time_get', 0, 0n, at)).toBe(0);
  expect(guest.view.getBigUint64(at, true)).toBeGreaterThan(0n);
});

test('paths that are no text are refused', () => {
  const guest = new HandGuest();
  new Uint8Array(guest.memory.buffer).set([0xc3, 0x28], 64);
  expect(guest.call('path_create_directory', 3, 64, 2)).toBe(ERRNO.ilseq);
  expect(guest.call('path_create_directory', 3, ...guest.text('a\0b'))).toBe(ERRNO.inval);
  expect(guest.call('path_create_directory', 3, ...guest.text('\uFEFFa'))).toBe(0);
  expect(guest.call('path_create_directory', 3, ...guest.text('a'))).toBe(0);
});

test('the previous version of the interface has its own layouts', () => {
  const guest = new HandGuest({ files: { f: '12345' } });
  const { fd } = guest.open('f');
  expect(guest.callOf('wasi_unstable', 'fd_seek', fd, 2n, 2, 8)).toBe(0); // 2 is the start there
  expect(guest.view.getBigUint64(8, true)).toBe(2n);
  expect(guest.callOf('wasi_unstable', 'fd_seek', fd, 1n, 0, 8)).toBe(0);
  expect(guest.view.getBigUint64(8, true)).toBe(3n);
  guest.view.setBigUint64(64 + 56, 0x1122n, true);
  expect(guest.callOf('wasi_unstable', 'fd_filestat_get', fd, 64)).toBe(0);
  expect([guest.view.getUint32(64 + 20, true), guest.view.getBigUint64(64 + 24, true)]).toEqual([1, 5n]);
  expect(guest.view.getBigUint64(64 + 56, true)).toBe(0x1122n); // 56 bytes, not 64
});
