/** Layout of the values in a record of the save memory. */
import { F64, heapOf, HEAP, I64, isRef, V128, type ValType } from '../wasm/index.ts';
import { RECORD, type RefKind } from './abi.ts';
import { type FunctionPlan, savedType } from './plan.ts';
import type { Program } from './program.ts';

/** Bytes that a value takes in a record. A reference takes four: its index in the table of its kind. */
export function savedBytes(type: ValType): number {
  if (type === I64 || type === F64) return 8;
  return type === V128 ? 16 : 4;
}

/** Which table a reference is saved in. */
export function refKind(type: ValType): RefKind {
  switch (heapOf(type)) {
    case HEAP.func:
      return 'func';
    case HEAP.extern:
      return 'extern';
    case HEAP.exn:
      return 'exn';
    default:
      return 'any';
  }
}

/** One value of a record. */
export interface RecordField {
  /** Local or slot, numbered as in the plan. */
  readonly local: number;
  readonly type: ValType;
  /** Offset from the start of the record. */
  readonly offset: number;
}

export interface RecordLayout {
  readonly fields: readonly RecordField[];
  readonly sizeBytes: number;
}

/** Where a function's records keep what. */
export function recordLayout(plan: FunctionPlan): RecordLayout {
  return layOut(
    plan.program,
    plan.layout.map((local) => [local, plan.typeOf(local)] as const),
  );
}

/** The record of a host call: its arguments. */
export function importRecordLayout(program: Program, func: number): RecordLayout {
  return layOut(
    program,
    program.funcType(func).params.map((type, index) => [index, type] as const),
  );
}

function layOut(program: Program, locals: readonly (readonly [number, ValType])[]): RecordLayout {
  let offset: number = RECORD.values;
  const fields = locals.map(([local, type]) => {
    const field = { local, type: isRef(type) ? savedType(program, type) : type, offset };
    offset += savedBytes(type);
    return field;
  });
  return { fields, sizeBytes: offset };
}
