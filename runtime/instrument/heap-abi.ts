/** What a heap module and the engine agree on: names, words, special values. Nothing of it shows in the guest's module. */

import type { RefKind } from './abi.ts';

/** Import module of what the engine provides to a heap module. */
export const HEAP_IMPORT = 'h';

/** The functions of that module, in the order in which they are imported. */
export const HEAP_CALLBACKS = {
  /** (externref) -> i32: the word of a struct or array. */
  object: 'o',
  /** (externref) -> i32: the word of a value of the host. */
  host: 'h',
  /** (funcref) -> i32: the word of a function; 0 for null. */
  func: 'f',
  /** () -> i32: the word of the exception in slot 0. */
  exception: 'e',
  /** () -> (): throws the exception that is to be read. */
  rethrow: 't',
  /** (word: i32) -> i32: the slot that holds an exception. */
  exceptionSlot: 's',
} as const;

/** Exports of a heap module. */
export const HEAP_EXPORTS = {
  /** (externref) -> i32: index of the exact type of a struct or array, or a value of TYPE_OF. */
  typeOf: 't',
  /** (externref) -> i32: length of an array. */
  lengthOf: 'n',
  /** (count: i32): makes room for so many objects; 0: forgets them. */
  reset: 'z',
  /** (index: i32) -> externref */
  get: 'g',
  /** (index: i32, externref) */
  put: 'p',
  /** (word: i32) -> reference of the hierarchy */
  refOf: (kind: RefKind) => `w${kind}`,
  /** Tables of functions and of host values, by the index of a word. */
  funcs: 'F',
  hosts: 'H',
  /** Struct: (externref, address). Array: (externref, address, from, count). */
  read: (type: number) => `r${type}`,
  /** Struct: (index, address). Array, if it is mutable: (index, length). */
  create: (type: number) => `c${type}`,
  /** Mutable fields of a struct: (index, address). Elements of a mutable array: (index, address, from, count). */
  fill: (type: number) => `f${type}`,
} as const;

/** What `typeOf` gives for what is no object of the module. */
export const TYPE_OF = {
  /** Not an object: null, i31 or a value of the host. */
  none: -1,
  /** A struct or array of a type that the module does not have. */
  foreign: -2,
} as const;

/** Exports of a heap module that has references to exceptions. */
export const EXCEPTION_EXPORTS = {
  /** (address: i32) -> i32: writes the payload of what `rethrow` throws; gives the tag, or -1 if it is none of the module. */
  read: 'xr',
  /** (slot: i32, address: i32): makes an exception of a tag. */
  create: (tag: number) => `xc${tag}`,
  /** (count: i32): makes room for so many exceptions. */
  reserve: 'xn',
  /** (): throws the exception in slot 0. */
  throwFirst: 'xt',
  /** A reference in the instance as a word. Table: (slot: i32) -> i32; global: () -> i32. */
  wordIn: (place: string) => `xw${place}`,
  /** The reverse; own slot -1: null. Table: (slot: i32, own slot: i32); global: (own slot: i32). */
  putIn: (place: string) => `xp${place}`,
} as const;

/** A reference as it lies in the bytes of an object: one word of 32 bits, 0 for null. */
export const HEAP_WORD = {
  /** Bit of an i31: v * 2 + 1. */
  i31: 1,
  /** Bit of item n of the list of other references: n * 4 + 2. */
  other: 2,
  /** Neither bit: the object of index n, (n + 1) * 4. */
  shift: 2,
} as const;

/** Set in the type code of an exception, whose other bits are its tag index. */
export const EXCEPTION_BIT = 0x8000_0000;

/** Exports of a module of immutable arrays. */
export const CONSTANT_EXPORTS = {
  /** Numbers and vectors: (offset: i32, length: i32) -> externref: elements from the bytes that the module was made with. */
  data: (type: number) => `d${type}`,
  /** References, all the same: (word: i32, length: i32) -> externref */
  same: (type: number) => `s${type}`,
  /** So many references: (address: i32) -> externref: words from the save memory. */
  fixed: (type: number, length: number) => `x${type}:${length}`,
} as const;
