/** Results of functions as WIT has them, and error numbers as its error codes. */
import { ERRNO, Errno, type ErrnoName } from '../errno.ts';

export type Outcome<Value, Reason> =
  { readonly tag: 'ok'; readonly val?: Value } | { readonly tag: 'err'; readonly val: Reason };

export const ok = <Value>(val: Value): Outcome<Value, never> => ({ tag: 'ok', val });
export const done: Outcome<never, never> = { tag: 'ok' };
export const err = <Reason>(val: Reason): Outcome<never, Reason> => ({ tag: 'err', val });

/** `error-code` of wasi:filesystem for each error number that the file tree gives. */
const CODES = {
  success: 'io',
  again: 'would-block',
  badf: 'bad-descriptor',
  busy: 'busy',
  exist: 'exist',
  fault: 'io',
  fbig: 'file-too-large',
  ilseq: 'illegal-byte-sequence',
  inval: 'invalid',
  io: 'io',
  isdir: 'is-directory',
  loop: 'loop',
  mfile: 'quota',
  mlink: 'too-many-links',
  nametoolong: 'name-too-long',
  noent: 'no-entry',
  nospc: 'insufficient-space',
  nosys: 'unsupported',
  notdir: 'not-directory',
  notempty: 'not-empty',
  notsock: 'unsupported',
  notsup: 'unsupported',
  overflow: 'overflow',
  perm: 'not-permitted',
  pipe: 'pipe',
  range: 'overflow',
  spipe: 'invalid-seek',
  notcapable: 'not-permitted',
} as const satisfies Record<ErrnoName, string>;

export type ErrorCode = (typeof CODES)[ErrnoName];

export const ERROR_CODES: readonly ErrorCode[] = [...new Set(Object.values(CODES))];

const BY_NUMBER: ReadonlyMap<number, ErrorCode> = new Map(
  Object.entries(ERRNO).map(([name, number]) => [number, CODES[name as ErrnoName]]), // keys of ERRNO
);

export const codeOf = ({ code }: Errno): ErrorCode => BY_NUMBER.get(code) ?? 'io';

/** The value of a function, or the code of the error number that it throws. */
export function attempt<Value>(work: () => Value): Outcome<Value, ErrorCode> {
  try {
    return ok(work());
  } catch (error) {
    if (error instanceof Errno) return err(codeOf(error));
    throw error;
  }
}
