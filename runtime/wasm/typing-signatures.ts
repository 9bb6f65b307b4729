/** The fixed signatures of the opcode table as dense arrays, and the number of every other row's rule. */
import { OPCODES, type RuleName } from './opcode-table.ts';
import { BOTTOM, F32, F64, HEAP, I32, I64, ref, refNull, V128, type ValType } from './types.ts';

/** Stands for the address type of the memory that the row names. */
export const ADDRESS: ValType = -1;

const TOKENS: Readonly<Record<string, ValType>> = {
  i32: I32,
  i64: I64,
  f32: F32,
  f64: F64,
  v128: V128,
  addr: ADDRESS,
  eqref: refNull(HEAP.eq),
  i31ref: refNull(HEAP.i31),
  arrayref: refNull(HEAP.array),
  '(ref i31)': ref(HEAP.i31),
};

/** Most parameters of a fixed signature. */
export const MAX_PARAMS = 3;

/** Number of parameters by row. */
export const PARAM_COUNT: Uint8Array = new Uint8Array(OPCODES.length);
/** Parameters: `MAX_PARAMS` places per row. */
export const PARAMS: Int32Array = new Int32Array(OPCODES.length * MAX_PARAMS);
/** The result by row; `BOTTOM`: none. */
export const RESULT: Int32Array = new Int32Array(OPCODES.length).fill(BOTTOM);
/** 1: a row of fixed type that names a memory. */
export const USES_ADDRESS: Uint8Array = new Uint8Array(OPCODES.length);
/** Number of the rule by row; -1: the type is fixed. */
export const RULE: Int16Array = new Int16Array(OPCODES.length).fill(-1);
/** Rule names by number. */
export const RULE_NAMES: RuleName[] = [];

function parseTypes(text: string): ValType[] {
  return (text.match(/\([^)]*\)|[^\s[\]]+/g) ?? []).map((token) => {
    const type = TOKENS[token];
    if (type === undefined) throw new TypeError(`opcode table: type ${token} is unknown`);
    return type;
  });
}

function deriveFixed(op: number, signature: string): void {
  const [params = '', results = ''] = signature.split(' -> ');
  const types = parseTypes(params);
  const result = parseTypes(results)[0] ?? BOTTOM;
  PARAM_COUNT[op] = types.length;
  PARAMS.set(types, op * MAX_PARAMS);
  RESULT[op] = result;
  USES_ADDRESS[op] = signature.includes('addr') ? 1 : 0;
}

OPCODES.forEach(({ signature }, op) => {
  if (signature.startsWith('[')) return deriveFixed(op, signature);
  const name = signature as RuleName; // every signature that is not fixed names a rule
  const known = RULE_NAMES.indexOf(name);
  RULE[op] = known < 0 ? RULE_NAMES.push(name) - 1 : known;
});
