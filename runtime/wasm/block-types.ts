/** Parameters and results of block types (core specification 3.2.2). */
import { BLOCK_KIND, type Code } from './code.ts';
import type { FuncType, SubType, ValType } from './types.ts';

const NO_TYPES: readonly ValType[] = [];
/** One list per type, so that asking allocates nothing. */
const singles = new Map<ValType, readonly ValType[]>();

function single(type: ValType): readonly ValType[] {
  let list = singles.get(type);
  if (list === undefined) singles.set(type, (list = [type]));
  return list;
}

/** The function type of that index, if it is one. */
export function funcTypeAt(types: readonly SubType[], index: number): FuncType | undefined {
  const composite = types[index]?.composite;
  return composite?.kind === 'func' ? composite : undefined;
}

interface TypesContext {
  readonly types: readonly SubType[];
}

/** Types that a block, loop, if, try or try_table takes from the stack. */
export function blockParamTypes(context: TypesContext, code: Code, row: number): readonly ValType[] {
  if (code.blockKind[row] !== BLOCK_KIND.typeIndex) return NO_TYPES;
  return funcTypeAt(context.types, code.a[row] ?? 0)?.params ?? NO_TYPES;
}

/** Types that a block, loop, if, try or try_table leaves on the stack. */
export function blockResultTypes(context: TypesContext, code: Code, row: number): readonly ValType[] {
  const kind = code.blockKind[row];
  if (kind === BLOCK_KIND.value) return single(code.a[row] ?? 0);
  if (kind !== BLOCK_KIND.typeIndex) return NO_TYPES;
  return funcTypeAt(context.types, code.a[row] ?? 0)?.results ?? NO_TYPES;
}
