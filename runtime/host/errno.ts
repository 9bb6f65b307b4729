/**
 * The error numbers of WASI 0.1, and how host code reports one.
 *
 * Boundary: the names and numbers of the `errno` enumeration of snapshot_preview1, nothing else. The file tree and the host
 * functions throw an `Errno`; the dispatcher of the host functions turns it into the call's result.
 */

/** Name and number as in the `errno` enumeration; those that this host gives. */
export const ERRNO = {
  success: 0,
  again: 6,
  badf: 8,
  busy: 10,
  exist: 20,
  fault: 21,
  fbig: 22,
  ilseq: 25,
  inval: 28,
  io: 29,
  isdir: 31,
  loop: 32,
  mfile: 33,
  mlink: 34,
  nametoolong: 37,
  noent: 44,
  nospc: 51,
  nosys: 52,
  notdir: 54,
  notempty: 55,
  notsock: 57,
  notsup: 58,
  overflow: 61,
  perm: 63,
  pipe: 64,
  range: 68,
  spipe: 70,
  notcapable: 76,
} as const satisfies Record<string, number>;

/** The name of an error number. */
export type ErrnoName = keyof typeof ERRNO;

/** What a host function throws to give the guest an error number. One object per number is made at load, so throwing is cheap. */
export class Errno extends Error {
  readonly code: number;

  constructor(name: ErrnoName) {
    super(`errno ${name}`);
    this.name = 'Errno';
    this.code = ERRNO[name];
  }
}

const SIGNALS: ReadonlyMap<string, Errno> = new Map(
  Object.keys(ERRNO).map((name) => [name, new Errno(name as ErrnoName)]), // keys of ERRNO
);

/** Ends the host call in progress with that error number. */
export function fail(name: ErrnoName): never {
  throw SIGNALS.get(name) ?? new Errno(name);
}
