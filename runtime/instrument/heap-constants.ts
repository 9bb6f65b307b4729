/**
 * A module that makes immutable arrays, whose elements must be there when the array is made: numbers come from a data segment, references
 * are operands of `array.new_fixed`. One per restored snapshot that has such arrays.
 */
import { encodeModule, EXTERNREF, I32, type Import, isRef } from '../wasm/index.ts';
import { CONSTANT_EXPORTS, HEAP_EXPORTS } from './heap-abi.ts';
import { HeapAssembler, TOP_TYPES, writeFieldLoad } from './heap-code.ts';
import { HeapDraft, type HeapPlaces } from './heap-draft.ts';
import { heapLayout } from './heap-layout.ts';
import { saveMemoryImport } from './instrument-module.ts';
import type { Program } from './program.ts';
import type { RefKind } from './abi.ts';

/** Import module of the heap module's exports. */
export const HEAP_MODULE_IMPORT = 'h';

/** What a module of immutable arrays must be able to make. */
export interface ConstantArrays {
  /** Elements of all arrays of numbers and vectors. */
  readonly data: Uint8Array;
  /** Array types, with the lengths of arrays of references that are not all the same. */
  readonly types: ReadonlyMap<number, ReadonlySet<number>>;
}

/** @param kinds Hierarchies that the heap module has references of. */
export function constantsModule(
  program: Program,
  { data, types }: ConstantArrays,
  kinds: readonly RefKind[],
): Uint8Array {
  const draft = new HeapDraft(program, kinds.length);
  const imports: Import[] = kinds.map((kind) => ({
    module: HEAP_MODULE_IMPORT,
    name: HEAP_EXPORTS.refOf(kind),
    desc: { kind: 'func', typeIndex: draft.funcType([I32], [TOP_TYPES[kind]]) },
  }));
  imports.push(saveMemoryImport());
  const refOf = { any: kinds.indexOf('any'), extern: kinds.indexOf('extern'), func: kinds.indexOf('func') };
  const places: Pick<HeapPlaces, 'refOf'> = { refOf: { ...refOf, exn: kinds.indexOf('exn') } };
  for (const [type, lengths] of types) {
    const layout = heapLayout(program, type);
    if (layout?.kind !== 'array') continue;
    const { element, elementBytes } = layout;
    const define = (name: string, params: number, code: HeapAssembler): void => {
      draft.define(Array<number>(params).fill(I32), [EXTERNREF], code.op('extern.convert_any'), { name });
    };
    if (!isRef(element.storage)) {
      const code = new HeapAssembler().op('local.get', 0).op('local.get', 1).op('array.new_data', type, 0);
      define(CONSTANT_EXPORTS.data(type), 2, code);
      continue;
    }
    const same = new HeapAssembler().op('local.get', 0).op('call', places.refOf[element.refKind ?? 'any']);
    define(CONSTANT_EXPORTS.same(type), 2, same.castTo(element.storage).op('local.get', 1).op('array.new', type));
    for (const length of lengths) {
      const code = new HeapAssembler();
      for (let at = 0; at < length; at++) {
        writeFieldLoad(code.op('local.get', 0), places, element, at * elementBytes);
      }
      define(CONSTANT_EXPORTS.fixed(type, length), 1, code.op('array.new_fixed', type, length));
    }
  }
  return encodeModule({
    types: draft.types,
    imports,
    funcs: draft.funcs,
    tables: [],
    memories: [],
    globals: [],
    tags: [],
    exports: [...draft.exports],
    elements: [],
    datas: [{ mode: 'passive', memoryIndex: 0, content: data }],
    hasDataCount: true,
    customs: [],
  });
}
