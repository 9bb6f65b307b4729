/** Instructions of fixed type by what they give, taken from the opcode table. */
import { BOTTOM, isRef, OPCODES, type OpName, type ValType } from '../../../runtime/wasm/index.ts';
import {
  PARAM_COUNT,
  PARAMS,
  MAX_PARAMS,
  RESULT,
  RULE,
  USES_ADDRESS,
} from '../../../runtime/wasm/typing-signatures.ts';
import { EXACT_ALIGN, LANE_COUNT, NATURAL_ALIGN } from '../../../runtime/wasm/opcode-table.ts';
import type { Features } from './outline.ts';

export interface Instruction {
  readonly name: OpName;
  /** Without the address of an access. */
  readonly params: readonly ValType[];
  readonly result: ValType;
  /** What is written to memory or read from it; 0: no access. */
  readonly accessBytes: number;
  readonly naturalAlign: number;
  readonly exactAlign: boolean;
  readonly lanes: number;
  readonly needs: 'simd' | 'gc' | 'atomics' | undefined;
}

const PREFIX_NEEDS: Readonly<Record<number, Instruction['needs']>> = { 0xfb: 'gc', 0xfd: 'simd', 0xfe: 'atomics' };
const VECTOR = /(?:[if]\d+x\d+|v128)\./;
/** Written by hand, or not at all: constants, what waits for other threads. */
const APART = /\.const$|^nop$|^atomic\.fence$|^memory\.|^ref\.eq$/;

const ALL: readonly Instruction[] = OPCODES.flatMap((row, op) => {
  if (RULE[op] !== -1 || APART.test(row.name)) return [];
  const count = PARAM_COUNT[op] ?? 0;
  const params = Array.from(PARAMS.subarray(op * MAX_PARAMS, op * MAX_PARAMS + count));
  const accesses = USES_ADDRESS[op] === 1;
  return [
    {
      name: row.name as OpName, // rows are named so
      params: accesses ? params.slice(1) : params,
      result: RESULT[op] ?? BOTTOM,
      accessBytes: row.accessBytes,
      naturalAlign: NATURAL_ALIGN[op] ?? 0,
      exactAlign: EXACT_ALIGN[op] === 1,
      lanes: LANE_COUNT[op] ?? 0,
      needs: PREFIX_NEEDS[row.prefix] ?? (VECTOR.test(row.name) ? 'simd' : undefined),
    },
  ];
});

const allowed = ({ needs }: Instruction, features: Features): boolean => needs === undefined || features[needs];

function grouped(
  instructions: readonly Instruction[],
): (features: Features, result: ValType) => readonly Instruction[] {
  const known = new Map<string, readonly Instruction[]>();
  return (features, result) => {
    const key = `${features.simd} ${features.gc} ${features.atomics} ${result}`;
    let found = known.get(key);
    if (found === undefined) {
      found = instructions.filter((row) => row.result === result && allowed(row, features));
      known.set(key, found);
    }
    return found;
  };
}

/** Operations that touch no memory; those on references apart. */
export const operations = grouped(ALL.filter(({ accessBytes, params }) => accessBytes === 0 && !params.some(isRef)));
/** Accesses that give a value: loads, and the atomic ones that also store. */
export const loads = grouped(ALL.filter(({ accessBytes, result }) => accessBytes > 0 && result !== BOTTOM));
/** Accesses that give none. */
export const stores = grouped(ALL.filter(({ accessBytes, result }) => accessBytes > 0 && result === BOTTOM));

const FLOAT_RESULT = /^(?<shape>f32x4|f64x2|f32|f64)\.(?:relaxed_)?(?<operation>[a-z]+)/;
/** What does not choose bits of a NaN itself: it moves them, or its result is none. */
const KEEPS_BITS =
  /^(?:abs|neg|copysign|reinterpret|convert|splat|replace|extract|pmin|pmax|eq|ne|lt|gt|le|ge|load|const)$/;

/** The shape of an operation's result if an engine may choose the bits of a NaN in it. */
export function nanShape(name: OpName): 'f32' | 'f64' | 'f32x4' | 'f64x2' | undefined {
  const { shape, operation = '' } = FLOAT_RESULT.exec(name)?.groups ?? {};
  return shape === undefined || KEEPS_BITS.test(operation) ? undefined : (shape as 'f32'); // one of the pattern's words
}
