/** Validity of types (core specification 3.2). */
import { itemAt } from './item-at.ts';
import { isSubtype } from './subtype.ts';
import { typeText } from './type-text.ts';
import {
  type CompositeType,
  type FieldType,
  heapOf,
  isRef,
  type Limits,
  type MemoryType,
  type SubType,
  type TableType,
  type ValType,
} from './types.ts';
import { PluvioError } from '../errors/index.ts';
import { inPath, overLimit } from './wasm-error.ts';
import { WASM_LIMITS } from './wasm-limits.ts';

/** `MODULE_INVALID` for what has no single offset. */
export const invalidModule = (message: string): PluvioError => new PluvioError('MODULE_INVALID', message);

/** Checks that a value type names only type indices below `limit`. */
export function checkValType(type: ValType, limit: number): void {
  if (isRef(type) && heapOf(type) >= limit) {
    throw invalidModule(`${typeText(type)}: type ${heapOf(type)} does not exist here, there are ${limit}`);
  }
}

const fieldsOf = (composite: CompositeType): readonly FieldType[] =>
  composite.kind === 'struct' ? composite.fields : composite.kind === 'array' ? [composite.element] : [];

function checkComposite(composite: CompositeType, limit: number): void {
  if (composite.kind !== 'func') for (const { storage } of fieldsOf(composite)) checkValType(storage, limit);
  else for (const type of [...composite.params, ...composite.results]) checkValType(type, limit);
}

interface TypesContext {
  readonly types: readonly SubType[];
}

function fieldMatches(context: TypesContext, sub: FieldType, sup: FieldType): boolean {
  if (sub.mutable !== sup.mutable || !isSubtype(context, sub.storage, sup.storage)) return false;
  return !sub.mutable || isSubtype(context, sup.storage, sub.storage);
}

const allMatch = (context: TypesContext, sub: readonly ValType[], sup: readonly ValType[]): boolean =>
  sub.length === sup.length && sub.every((type, index) => isSubtype(context, type, sup[index] ?? 0));

/** Whether a composite type may be declared a subtype of another (3.3.7). */
function compositeMatches(context: TypesContext, sub: CompositeType, sup: CompositeType): boolean {
  if (sub.kind === 'func') {
    return (
      sup.kind === 'func' && allMatch(context, sup.params, sub.params) && allMatch(context, sub.results, sup.results)
    );
  }
  if (sub.kind !== sup.kind) return false;
  const [subFields, supFields] = [fieldsOf(sub), fieldsOf(sup)];
  return supFields.every((field, index) => {
    const own = subFields[index];
    return own !== undefined && fieldMatches(context, own, field);
  });
}

function checkSupers(context: TypesContext, index: number, depths: number[]): void {
  const { supers, composite } = itemAt(context.types, index);
  depths[index] = 0;
  if (supers.length > 1) throw invalidModule(`${supers.length} supertypes, at most 1 is accepted`);
  const [superIndex] = supers;
  if (superIndex === undefined) return;
  if (superIndex >= index) throw invalidModule(`supertype ${superIndex} must come before the type`);
  const superType = itemAt(context.types, superIndex);
  if (superType.final) throw invalidModule(`supertype ${superIndex} is final`);
  if (!compositeMatches(context, composite, superType.composite)) {
    throw invalidModule(`the type does not match its supertype ${superIndex}`);
  }
  depths[index] = (depths[superIndex] ?? 0) + 1;
  if (depths[index] > WASM_LIMITS.subtypeDepth) {
    throw invalidModule(`subtyping depth ${depths[index]}, at most ${WASM_LIMITS.subtypeDepth} is accepted`);
  }
}

/** Checks the type section: references, supertypes. */
export function checkTypes(context: TypesContext): void {
  const { types } = context;
  const depths: number[] = [];
  for (let start = 0, end = 0; start < types.length; start = end) {
    while (end < types.length && itemAt(types, end).recGroup === itemAt(types, start).recGroup) end++;
    for (const pass of [
      (index: number) => checkComposite(itemAt(types, index).composite, end),
      (index: number) => checkSupers(context, index, depths),
    ]) {
      for (let index = start; index < end; index++) {
        inPath(
          () => `type[${index}]`,
          () => pass(index),
        );
      }
    }
  }
}

/** Largest bounds that the specification has, by address type (3.2.7, 3.2.8); what engines accept lies below. */
const BOUNDS = {
  elements: { i32: 0xffff_ffffn, i64: 0xffff_ffff_ffff_ffffn },
  pages: { i32: 0x1_0000n, i64: 0x1_0000_0000_0000n },
} as const;

function checkLimits({ min, max, is64 }: Limits, unit: keyof typeof BOUNDS): void {
  const bound = BOUNDS[unit][is64 ? 'i64' : 'i32'];
  if (min > bound) throw invalidModule(`minimum of ${min} ${unit}, at most ${bound} are valid`);
  if (max === undefined) return;
  if (max > bound) throw invalidModule(`maximum of ${max} ${unit}, at most ${bound} are valid`);
  if (max < min) throw invalidModule(`maximum of ${max} ${unit} is below the minimum of ${min}`);
}

function requireAtMost(limit: string, found: bigint, accepted: bigint): void {
  if (found > accepted) throw overLimit(limit, Number(found), Number(accepted));
}

export function checkTableType({ element, limits }: TableType, typeCount: number): void {
  checkValType(element, typeCount);
  checkLimits(limits, 'elements');
  requireAtMost('table elements', limits.min, WASM_LIMITS.tableElements);
  if (limits.shared) throw invalidModule('a table cannot be shared');
}

export function checkMemoryType({ limits }: MemoryType): void {
  const accepted = limits.is64 ? WASM_LIMITS.memoryPages64 : WASM_LIMITS.memoryPages32;
  checkLimits(limits, 'pages');
  requireAtMost('memory pages', limits.max ?? limits.min, accepted);
  if (limits.shared && limits.max === undefined) throw invalidModule('a shared memory must have a maximum');
}
