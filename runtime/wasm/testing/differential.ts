/** Random modules, and the comparison of this validator with the engine's. */
import fc from 'fast-check';
import { PluvioError } from '../../errors/index.ts';
import { BLOCK_KIND } from '../code.ts';
import { decodeModule } from '../decode-module.ts';
import { OP, type OpName } from '../opcode-table.ts';
import { HEAP, I32, ref } from '../types.ts';
import { validateModule } from '../validate.ts';
import type { Instr } from './assemble.ts';
import { codeAround, LOCALS, sample, TYPE } from './sample.ts';

const NAMES = Object.keys(OP) as OpName[];
const LEGACY = new Set<OpName>(['try', 'catch', 'catch_all', 'delegate', 'rethrow']);
const MODERN = new Set<OpName>(['try_table', 'throw_ref']);

/** 'valid', or the code of the error. Errors that are not coded pass through. */
export function verdict(bytes: Uint8Array): string {
  try {
    validateModule(decodeModule(bytes));
    return 'valid';
  } catch (error) {
    if (error instanceof PluvioError && error.code.startsWith('MODULE_')) return error.code;
    throw error;
  }
}

export const engineAccepts = (bytes: Uint8Array): boolean => WebAssembly.validate(bytes as BufferSource); // our own buffer

/** Immediates worth trying in place of another. */
const INTERESTING = [
  0,
  1,
  2,
  3,
  5,
  7,
  8,
  16,
  I32,
  LOCALS.length,
  TYPE.struct,
  HEAP.any,
  HEAP.func,
  HEAP.none,
  ref(HEAP.i31),
];

/** Takes numbers from a tape, so that fast-check shrinks what they chose. */
export class Tape {
  #at = 0;
  readonly #numbers: readonly number[];

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  below(bound: number): number {
    return (this.#numbers[this.#at++] ?? 0) % bound;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T; // below its length
  }
}

const WRAPPERS: readonly (readonly [readonly Instr[], readonly Instr[]])[] = [
  [[['block']], [['end']]],
  [[['loop']], [['end']]],
  [[['block', BLOCK_KIND.value, I32]], [['i32.const', 0], ['end'], ['drop']]],
  [
    [
      ['i32.const', 0],
      ['loop', BLOCK_KIND.typeIndex, TYPE.i32ToI32],
    ],
    [['end'], ['drop']],
  ],
  [
    [['i32.const', 0], ['if']],
    [['else'], ['unreachable'], ['end']],
  ],
  [[['unreachable']], []],
  [
    [
      ['f32.const', 0],
      ['i64.const', 0],
    ],
    [['drop'], ['drop']],
  ],
];

/** Code of snippets around random instructions, nested in each other, then changed in a few places. */
function codeFrom(tape: Tape): readonly Instr[] {
  let code: Instr[] = [];
  const used = new Set<OpName>();
  for (let count = 1 + tape.below(6); count > 0; count--) {
    const snippet = codeAround(tape.pick(NAMES));
    const clash = (own: Set<OpName>, other: Set<OpName>): boolean =>
      snippet.some(([name]) => own.has(name)) && [...used].some((name) => other.has(name));
    if (clash(LEGACY, MODERN) || clash(MODERN, LEGACY)) continue;
    for (const [name] of snippet) used.add(name);
    const at = tape.below(code.length + 1);
    code.splice(at, 0, ...snippet);
    if (tape.below(3) === 0) {
      const [before, after] = tape.pick(WRAPPERS);
      code = [...before, ...code, ...after];
    }
  }
  for (let count = tape.below(4); count > 0; count--) change(code, tape);
  return code;
}

function change(code: Instr[], tape: Tape): void {
  const at = tape.below(code.length);
  const instr = code[at];
  if (instr === undefined) return;
  const [name, ...immediates] = instr;
  switch (tape.below(4)) {
    case 0:
      code.splice(at, 1);
      return;
    case 1:
      code.splice(tape.below(code.length + 1), 0, instr);
      return;
    case 2: {
      const other = code[tape.below(code.length)];
      if (other !== undefined) code[at] = other;
      return;
    }
    default:
      if (immediates.length === 0 || name === 'br_table') return;
      immediates[tape.below(immediates.length)] = tape.pick(INTERESTING);
      code[at] = [name, ...immediates];
  }
}

/** Random numbers from which modules are built. */
export const tapes = fc.array(fc.nat(0xffff), { minLength: 10, maxLength: 60 });

/** A module, valid or nearly, that the numbers choose; undefined: the choice cannot be written as bytes. */
export function moduleFrom(numbers: readonly number[]): Uint8Array | undefined {
  try {
    return sample(codeFrom(new Tape(numbers)));
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The module with a few bytes changed, removed or added. */
export function mutate(bytes: Uint8Array, numbers: readonly number[]): Uint8Array {
  const tape = new Tape(numbers);
  const mutant = Array.from(bytes);
  for (let count = 1 + tape.below(2); count > 0; count--) {
    const at = 8 + tape.below(mutant.length - 8);
    const value =
      tape.below(4) === 0 ? tape.below(256) : tape.pick([0, 1, 2, 0x40, 0x7f, 0x80, 0x0b, 0x63, 0x64, 0x70, 0x6f]);
    if (tape.below(4) > 0) mutant[at] = value;
    else mutant.splice(at, tape.below(2), value);
  }
  return Uint8Array.from(mutant);
}
