/**
 * Definitions and code of one core module in the index spaces of another that holds them all.
 *
 * Boundary: rewrites indices, nothing else; what has none is copied byte for byte. The module it comes from is checked for structure (it
 * was decoded), not for types: the result is validated as any module.
 */
import {
  BLOCK_KIND,
  ByteWriter,
  type Code,
  type CompositeType,
  type ConstExpr,
  decodeExpr,
  decodeFunction,
  encodeImmediates,
  type FunctionBody,
  heapOf,
  type HeapType,
  type ImmediateKind,
  isNullable,
  isRef,
  type Module,
  OPCODES,
  openReader,
  readByte,
  readU32,
  readU64,
  ref,
  refNull,
  type SubType,
  type ValType,
  writeLocals,
} from '../wasm/index.ts';

/** Where the items of one module are: lists by its own index, and what is added to its indices. */
export interface Placement {
  readonly types: number;
  readonly recGroups: number;
  readonly funcs: readonly number[];
  readonly tables: readonly number[];
  readonly memories: readonly number[];
  readonly globals: readonly number[];
  readonly tags: readonly number[];
  readonly elements: number;
  readonly datas: number;
}

const INDEX_KINDS = new Set<ImmediateKind>([
  'funcidx',
  'typeidx',
  'tableidx',
  'globalidx',
  'dataidx',
  'elemidx',
  'tagidx',
  'blocktype',
  'valtypes',
  'heaptype',
]);
const isMemoryKind = (kind: ImmediateKind): boolean => kind === 'memarg' || kind === 'memidx';

/** What of an instruction is to be rewritten. */
const REWRITES = { nothing: 0, memory: 1, indices: 2 } as const;
const REWRITE_OF: Uint8Array = Uint8Array.from(OPCODES, ({ immediates }) =>
  immediates.some((kind) => INDEX_KINDS.has(kind))
    ? REWRITES.indices
    : immediates.some(isMemoryKind)
      ? REWRITES.memory
      : REWRITES.nothing,
);

const heapAt = (heap: HeapType, types: number): HeapType => (heap < 0 ? heap : heap + types);

export function typeAt(type: ValType, types: number): ValType {
  if (!isRef(type)) return type;
  const heap = heapAt(heapOf(type), types);
  return isNullable(type) ? refNull(heap) : ref(heap);
}

function compositeAt(composite: CompositeType, types: number): CompositeType {
  const each = (type: ValType): ValType => typeAt(type, types);
  if (composite.kind === 'func') {
    return { kind: 'func', params: composite.params.map(each), results: composite.results.map(each) };
  }
  if (composite.kind === 'array') {
    return { kind: 'array', element: { ...composite.element, storage: each(composite.element.storage) } };
  }
  return { kind: 'struct', fields: composite.fields.map((field) => ({ ...field, storage: each(field.storage) })) };
}

export const subTypeAt = (type: SubType, { types, recGroups }: Placement): SubType => ({
  composite: compositeAt(type.composite, types),
  final: type.final,
  supers: type.supers.map((index) => index + types),
  recGroup: type.recGroup + recGroups,
  canonical: type.canonical + types,
});

/** Rewrites bodies and expressions of one module. */
export class Renumbering {
  readonly #module: Module;
  readonly #place: Placement;
  readonly #keepsMemories: boolean;
  #body: FunctionBody | undefined;

  constructor(module: Module, place: Placement) {
    this.#module = module;
    this.#place = place;
    this.#keepsMemories = place.memories.every((index, own) => index === own);
  }

  /** A body with its locals, in place. */
  body(funcIndex: number): Uint8Array {
    const { types } = this.#place;
    const body = (this.#body = decodeFunction(this.#module, funcIndex, this.#body));
    for (let local = 0; local < body.localCount; local++) body.locals[local] = typeAt(body.locals[local] ?? 0, types);
    const writer = new ByteWriter();
    writeLocals(writer, body.locals, body.paramCount, body.localCount);
    this.#write(writer, body.code);
    return writer.toBytes();
  }

  expr(expr: ConstExpr): Uint8Array {
    const writer = new ByteWriter();
    this.#write(writer, decodeExpr(this.#module, expr));
    return writer.toBytes();
  }

  #write(writer: ByteWriter, code: Code): void {
    let from = 0;
    const flush = (row: number): void => {
      if (row > from) writer.range(code.bytes, code.at[from] ?? 0, code.end[row - 1] ?? 0);
      from = row + 1;
    };
    for (let row = 0; row < code.length; row++) {
      const rewrites = REWRITE_OF[code.op[row] ?? 0];
      if (rewrites === REWRITES.nothing || (rewrites === REWRITES.memory && this.#keepsMemories)) continue;
      flush(row);
      if (rewrites === REWRITES.memory && this.#writeMemoryAccess(writer, code, row)) continue;
      this.#renumber(code, row);
      encodeImmediates(writer, code, row);
    }
    flush(code.length);
  }

  /** Gives the immediates of a row their new indices. */
  #renumber(code: Code, row: number): void {
    const { types } = this.#place;
    const { immediates } = OPCODES[code.op[row] ?? 0] ?? { immediates: [] };
    const a = code.a[row] ?? 0;
    switch (immediates[0]) {
      case 'blocktype': {
        const kind = code.blockKind[row];
        if (kind === BLOCK_KIND.typeIndex) code.a[row] = a + types;
        else if (kind === BLOCK_KIND.value) code.a[row] = typeAt(a, types);
        if (immediates[1] === 'try_table') this.#renumberClauses(code, code.b[row] ?? 0);
        return;
      }
      case 'valtypes':
        for (let at = a + 1; at <= a + (code.aux[a] ?? 0); at++) code.aux[at] = typeAt(code.aux[at] ?? 0, types);
        return;
      case 'heaptype':
        code.a[row] = heapAt(a, types);
        return;
      case 'castflags': {
        const at = (code.b[row] ?? 0) + 1;
        code.aux[at] = heapAt(code.aux[at] ?? 0, types);
        code.aux[at + 1] = heapAt(code.aux[at + 1] ?? 0, types);
        return;
      }
      default:
        code.a[row] = this.#index(immediates[0], a);
        code.b[row] = this.#index(immediates[1], code.b[row] ?? 0);
    }
  }

  /** Clauses of a `try_table`: kind, tag or -1, label. */
  #renumberClauses({ aux }: Code, at: number): void {
    const end = at + 1 + (aux[at] ?? 0) * 3;
    for (let clause = at + 1; clause < end; clause += 3) {
      const tag = aux[clause + 1] ?? 0;
      if (tag >= 0) aux[clause + 1] = this.#index('tagidx', tag);
    }
  }

  #index(kind: ImmediateKind | undefined, index: number): number {
    const place = this.#place;
    switch (kind) {
      case 'funcidx':
        return at(place.funcs, index);
      case 'tableidx':
        return at(place.tables, index);
      case 'memidx':
        return at(place.memories, index);
      case 'globalidx':
        return at(place.globals, index);
      case 'tagidx':
        return at(place.tags, index);
      case 'typeidx':
        return index + place.types;
      case 'elemidx':
        return index + place.elements;
      case 'dataidx':
        return index + place.datas;
      default:
        return index;
    }
  }

  /** An access of a memory that has another index here; false: the instruction has no offset. */
  #writeMemoryAccess(writer: ByteWriter, code: Code, row: number): boolean {
    const { immediates, prefix } = OPCODES[code.op[row] ?? 0] ?? { immediates: [], prefix: 0 };
    if (immediates[0] !== 'memarg') return false;
    const reader = openReader(code.bytes, code.at[row] ?? 0, code.end[row] ?? 0);
    readByte(reader);
    if (prefix !== 0) readU32(reader);
    writer.range(code.bytes, code.at[row] ?? 0, reader.pos);
    const align = readU32(reader);
    const memory = (align & HAS_MEMORY_INDEX) === 0 ? 0 : readU32(reader);
    writer.u32(align | HAS_MEMORY_INDEX);
    writer.u32(at(this.#place.memories, memory));
    writer.u64(readU64(reader));
    writer.range(code.bytes, reader.pos, code.end[row] ?? 0); // a lane
    return true;
  }
}

/** Bit of the alignment that announces the index of a memory. */
const HAS_MEMORY_INDEX = 0x40;

/** An index that does not exist stays one: validation names it. */
const at = (indices: readonly number[], index: number): number => indices[index] ?? 0xffff_ffff;
