/** The segments of every program, and its constant expressions. */
import {
  type DataDraft,
  type ElementDraft,
  F32,
  F64,
  FUNCREF,
  HEAP,
  heapOf,
  I32,
  I64,
  isDefaultable,
  isNullable,
  isRef,
  PACKED_I16,
  PACKED_I8,
  ref,
  V128,
  type ValType,
} from '../../../runtime/wasm/index.ts';
import { constantExpr, Emitter } from './emitter.ts';
import { GLOBAL, type Outline } from './outline.ts';
import type { Random } from './random.ts';

/** Passive data that arrays are made of; it is dropped rarely. */
export const DATA_SEGMENT = 0;
/** Passive data that is dropped often. */
export const DROPPED_DATA = 1;
const PASSIVE_DATAS = [64, 40];

/** Indices of the passive element segments. */
export const ELEMENT_SEGMENT = { declarative: 0, expressions: 1, functions: 2, i31: 3 } as const;
/** Items of each passive element segment. */
export const SEGMENT_ITEMS = 12;

export function elementsOf(outline: Outline, random: Random): ElementDraft[] {
  const { funcs, tables, features } = outline;
  const all = funcs.map(({ index }) => index);
  const anyFunc = (): Uint8Array =>
    random.chance(4) ? constantExpr(['ref.null', HEAP.func]) : constantExpr(['ref.func', random.pick(all)]);
  const passive = { mode: 'passive', tableIndex: 0 } as const;
  const segments: ElementDraft[] = [
    { mode: 'declarative', tableIndex: 0, type: ref(HEAP.func), items: { kind: 'funcs', funcs: all } },
    { ...passive, type: FUNCREF, items: { kind: 'exprs', exprs: random.list(SEGMENT_ITEMS, anyFunc) } },
    {
      ...passive,
      type: ref(HEAP.func),
      items: { kind: 'funcs', funcs: random.list(SEGMENT_ITEMS, () => random.pick(all)) },
    },
  ];
  if (features.gc) {
    const item = (at: number): Uint8Array => constantExpr(['i32.const', at * 3 - 7], ['ref.i31']);
    segments.push({
      ...passive,
      type: ref(HEAP.i31),
      items: { kind: 'exprs', exprs: random.list(SEGMENT_ITEMS, item) },
    });
  }
  tables.forEach(({ element, limits, funcs: held }, tableIndex) => {
    if (held.length === 0) {
      if (!features.gc || random.chance(2)) return;
      const exprs = random.list(3, () => initialValue(outline, element, outline.globals.length, random));
      const offset = addressExpr(limits.is64, random.below(5));
      segments.push({ mode: 'active', tableIndex, offset, type: element, items: { kind: 'exprs', exprs } });
      return;
    }
    const offset = addressExpr(limits.is64, 0);
    const plain = element === FUNCREF && random.chance(2);
    segments.push({
      mode: 'active',
      tableIndex,
      offset,
      type: plain ? ref(HEAP.func) : element,
      items: plain
        ? { kind: 'funcs', funcs: held }
        : { kind: 'exprs', exprs: held.map((func) => constantExpr(['ref.func', func])) },
    });
  });
  return segments;
}

const addressExpr = (is64: boolean, address: number): Uint8Array =>
  is64 ? constantExpr(['i64.const', BigInt(address)]) : constantExpr(['i32.const', address]);

export function datasOf(outline: Outline, random: Random): DataDraft[] {
  const datas: DataDraft[] = PASSIVE_DATAS.map((sizeBytes) => ({
    mode: 'passive',
    memoryIndex: 0,
    content: random.bytes(sizeBytes),
  }));
  outline.memories.forEach(({ limits, imported }, memoryIndex) => {
    if (limits.min === 0n || imported || random.chance(3)) return;
    const offset =
      limits.is64 || random.chance(2)
        ? addressExpr(limits.is64, random.below(4096))
        : constantExpr(['global.get', GLOBAL.base], ['i32.const', 5], ['i32.mul']);
    datas.push({ mode: 'active', memoryIndex, offset, content: random.bytes(random.between(1, 80)) });
  });
  return datas;
}

/** What a constant expression is written with. */
interface Initial {
  readonly outline: Outline;
  /** Chooses whether nullable references are null; undefined: all are. */
  readonly random: Random | undefined;
  /** Globals below this index may be read, if they are immutable. */
  readonly globals: number;
  readonly emitter: Emitter;
}

/** A constant expression of the type. @param globals Globals below this index may be read. */
export function initialValue(outline: Outline, type: ValType, globals: number, random: Random): Uint8Array {
  const emitter = new Emitter();
  pushInitial({ outline, random: outline.features.gc ? random : undefined, globals, emitter }, type);
  emitter.emit('end');
  return emitter.writer.toBytes();
}

function pushInitial(initial: Initial, type: ValType): void {
  const { emitter } = initial;
  switch (type) {
    case I32:
    case PACKED_I8:
    case PACKED_I16:
      return emitter.emit('i32.const', 0);
    case I64:
      return emitter.emit('i64.const', 0n);
    case F32:
      return emitter.emit('f32.const', 0);
    case F64:
      return emitter.emit('f64.const', 0n);
    case V128:
      return emitter.emit('v128.const', new Uint8Array(16));
    default:
      return pushInitialRef(initial, type);
  }
}

function pushInitialRef(initial: Initial, type: ValType): void {
  const { outline, emitter, random } = initial;
  const heap = heapOf(type);
  const known = outline.globals.flatMap((global, index) =>
    index < initial.globals && !global.mutable && outline.types.isSubtype(global.type, type) ? [index] : [],
  );
  if (known.length > 0 && random?.chance(2) === true) return emitter.emit('global.get', random.pick(known));
  const composite = heap < 0 ? undefined : outline.types.types[heap]?.composite;
  const isObject = (composite !== undefined && composite.kind !== 'func') || I31_FITS.has(heap);
  if (isNullable(type) && !(isObject && random?.chance(3) === true)) return emitter.emit('ref.null', heap);
  if (composite?.kind === 'struct') {
    const storages = composite.fields.map(({ storage }) => storage);
    if (random === undefined && storages.every((storage) => !isRef(storage) || isDefaultable(storage)))
      return emitter.emit('struct.new_default', heap);
    for (const storage of storages) pushInitial(initial, storage);
    return emitter.emit('struct.new', heap);
  }
  if (composite?.kind === 'array') {
    const length = random?.below(4) ?? 0;
    for (let at = 0; at < length; at++) pushInitial(initial, composite.element.storage);
    return emitter.emit('array.new_fixed', heap, length);
  }
  if (composite?.kind === 'func') {
    const func = outline.funcs.find(({ typeIndex }) => typeIndex === heap);
    return emitter.emit('ref.func', func?.index ?? 0);
  }
  emitter.emit('i32.const', 5);
  emitter.emit('ref.i31');
}

/** Abstract types that an i31 is of. */
const I31_FITS: ReadonlySet<number> = new Set([HEAP.any, HEAP.eq, HEAP.i31]);
