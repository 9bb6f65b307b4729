/**
 * What instrumented code and the engine agree on: names, memory layout, modes.
 *
 * Boundary: constants and small types; everything here is part of INSTRUMENTER_VERSION.
 *
 * Invariants:
 * 1. An instrumented module has the guest's imports first, renamed to module `g` and their import index, then the imports of `p`
 *    (the engine's). Indices of types, globals, tables, memories, data and element segments are those of the original module.
 * 2. Memories that the guest defines are imported (`m`, index); the save memory is the last memory. The guest cannot name it.
 * 3. While a stack is unwound every frame appends one record to the save memory, innermost first; the same records, with the slot
 *    field filled in by the host, are what continuations read when the stack is built up again.
 */

/** Changes whenever the output for some module changes. Part of every cache key. */
export const INSTRUMENTER_VERSION = 6;

/** How a stop leaves the stack: `throw`: a tagged exception; `flag`: a test after every call. */
export type UnwindMode = 'throw' | 'flag';

/** Import modules of an instrumented module. */
export const IMPORTS = { guest: 'g', engine: 'p', memory: 'm' } as const;

/** Names in import module `p`. */
export const ENGINE = {
  /** (remaining: i32, charge: i32) -> i32: fuel left before the charge; gives new fuel >= charge, UNWIND or TURN. */
  poll: 'poll',
  /** The same at a function's entry, where the depth that is left counts too. */
  enter: 'enter',
  /** (0: i32, charge: i32) -> i32: lets others run, with the stack put aside; gives new fuel >= charge, or UNWIND. */
  turn: 'turn',
  /** (bytes: i32, fuel: i32) -> i32: charges a bulk instruction by its size. */
  bulk: 'bulk',
  /** (memory: i32, pages: i32) -> i32: 1 if `memory.grow` may be tried. */
  growMemory: 'growMemory',
  /** (table: i32, elements: i32) -> i32: 1 if `table.grow` may be tried. */
  growTable: 'growTable',
  /** Tag of a stop, no payload. */
  stop: 'stop',
  /** Tag of an exception that a host function threw: (externref). */
  foreign: 'foreign',
  save: 'save',
  /** Table of continuations (funcref), side modules only. */
  resume: 'resume',
} as const;

/** The functions of module `p`, in the order in which they are imported, after the guest's own. */
export const ENGINE_FUNCS = ['poll', 'enter', 'turn', 'bulk', 'growMemory', 'growTable'] as const;

/** Names of the exports that the engine and side modules use; `e<i>` is the guest's i-th export. */
export const EXPORTS = {
  fuel: 'F',
  depth: 'D',
  /** Applies the active segments. */
  init: 'i',
  /** (funcindex: i32) -> funcref. */
  func: 'f',
  saveGlobals: 'gs',
  loadGlobals: 'gl',
  guest: (index: number) => `e${index}`,
  global: (index: number) => `g${index}`,
  table: (index: number) => `t${index}`,
  tag: (index: number) => `x${index}`,
  refs: (kind: RefKind) => `r${kind}`,
  helper: (key: string) => `h${key}`,
} as const;

/** Table of saved references by hierarchy. */
export type RefKind = 'func' | 'extern' | 'any' | 'exn';
export const REF_KINDS: readonly RefKind[] = ['func', 'extern', 'any', 'exn'];
/** The first slot of a table of saved references that holds one; slot 0 belongs to EXPORTS.func, which may run at any time. */
export const FIRST_REF_SLOT = 1;

/** Addresses in the save memory. */
export const SAVE = {
  /** i32: where the next record goes. */
  top: 0,
  /** i32: the record that was written last; 0: none. */
  last: 4,
  /** i32: the record that the next continuation reads. */
  resume: 8,
  /** i32: number of references saved so far, one counter per RefKind. */
  refs: 16,
  /** The first record; also where globals are saved. */
  records: 64,
} as const;

/** Offsets in a record. */
export const RECORD = {
  /** i32: site number. */
  site: 0,
  /** i32: address of the next inner frame's record; 0: this is the innermost. */
  inner: 4,
  /** i32: index of the continuation in the resume table, written by the host. */
  slot: 8,
  /** Values, packed: 4 bytes for i32, f32 and references (an index), 8 for i64 and f64, 16 for v128. */
  values: 16,
} as const;

/** Fuel value that says: leave the stack now. */
export const UNWIND = -0x8000_0000;

/** Fuel value that says: ask `turn` instead. */
export const TURN = -0x7fff_ffff;

/** Bulk instructions of at most this many bytes are charged like any instruction. */
export const BULK_FREE_BYTES = 65536;

/** Values that one generated signature carries at most; engines allow 1,000 parameters. */
export const MAX_SIGNATURE_VALUES = 900;
