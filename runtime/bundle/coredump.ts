/**
 * A snapshot as a core dump in the format of WebAssembly's tool conventions (Coredump.md), for debuggers.
 *
 *     custom "core"           0x00 name
 *     custom "coremodules"    vec(0x00 name)
 *     custom "coreinstances"  vec(0x00 module:u32 memories:vec(u32) globals:vec(u32))
 *     custom "corestack"      0x00 thread name, vec(0x00 instance:u32 func:u32 offset:u32 locals:vec(value) stack:vec(value))
 *     memory, global, data    state, as a module has it
 *
 * Boundary: writes only. Frames go innermost first. A value is i32, i64, f32 or f64; vectors, references and dead locals are
 * written as missing, which is all that the format has for them. Tables and host state are left out.
 */
import type { Frame, InstanceState, MemoryState, Snapshot, Value } from '../engine/snapshot.ts';
import { PluvioError } from '../errors/index.ts';
import {
  ByteWriter,
  type DataDraft,
  decodeExpr,
  encodeModule,
  F32,
  F64,
  type GlobalDraft,
  HEAP,
  heapOf,
  type HeapType,
  I32,
  I64,
  isRef,
  type MemoryType,
  type Module,
  refNull,
  V128,
  type ValType,
  writeHeapType,
} from '../wasm/index.ts';
import { type FrameTypes, frameTypesOf } from './frame-types.ts';

const THREAD_NAME = 'main';
const ITEM = 0x00;
const MISSING = 0x01;
const OPCODE = {
  end: 0x0b,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
  refNull: 0xd0,
  vector: 0xfd,
} as const;
const V128_CONST = 0x0c;
const V128_BYTES = 16;

/** How the types that the format knows are written; others are missing. */
const VALUE_WRITERS: Readonly<Record<ValType, (writer: ByteWriter, value: Value) => void>> = {
  [I32]: (writer, value) => writer.s32(Number(value)),
  [I64]: (writer, value) => writer.s64(asBigint(value)),
  [F32]: (writer, value) => writer.f32bits(Number(value)),
  [F64]: (writer, value) => writer.f64bits(asBigint(value)),
};

/**
 * Encodes a snapshot as a core dump.
 * @param module The module of the worker; for a worker of several instances their modules, in the order of the instances.
 * @param name Name of the program.
 * @throws PluvioError `SNAPSHOT_MISMATCH` the snapshot does not fit the module; `INVALID_ARGUMENT` a module is missing
 */
export function encodeCoredump(snapshot: Snapshot, module: Module | readonly Module[], name: string): Uint8Array {
  const modules = 'bytes' in module ? [module] : module;
  if (modules.length !== snapshot.instances.length) {
    const message = `cannot write a core dump from ${modules.length} modules; it must be one for each of ${snapshot.instances.length} instances`;
    throw new PluvioError('INVALID_ARGUMENT', message);
  }
  const memories: MemoryType[] = [];
  const globals: GlobalDraft[] = [];
  const datas: DataDraft[] = [];
  const instances = new ByteWriter();
  instances.u32(snapshot.instances.length);
  snapshot.instances.forEach((instance, index) => {
    const source = modules[index] ?? raiseMissing(index);
    instances.byte(ITEM);
    instances.u32(index);
    writeIndices(instances, memories.length, instance.memories.length);
    writeIndices(instances, globals.length, instance.globals.length);
    datas.push(...datasOf(instance, source, memories.length));
    memories.push(...instance.memories.map((memory, at) => memoryTypeOf(memory, source, at)));
    globals.push(...instance.globals.map((value, at) => globalOf(value, source, at)));
  });
  return encodeModule({
    types: [],
    imports: [],
    funcs: [],
    tables: [],
    memories,
    globals,
    tags: [],
    exports: [],
    elements: [],
    datas,
    hasDataCount: false,
    customs: [
      { name: 'core', after: 0, content: named(name) },
      { name: 'coremodules', after: 0, content: moduleNames(modules, name) },
      { name: 'coreinstances', after: 0, content: instances.toBytes() },
      { name: 'corestack', after: 0, content: stackOf(snapshot.frames, modules) },
    ],
  });
}

const raiseMissing = (index: number): never => {
  throw new PluvioError(
    'SNAPSHOT_MISMATCH',
    `the snapshot has a frame or instance of index ${index}, which no module stands for`,
  );
};

const asBigint = (value: Value): bigint => (typeof value === 'bigint' ? value : 0n);

function named(name: string): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(ITEM);
  writer.name(name);
  return writer.toBytes();
}

function moduleNames(modules: readonly Module[], name: string): Uint8Array {
  const writer = new ByteWriter();
  writer.u32(modules.length);
  modules.forEach((_, index) => writer.bytes(named(modules.length === 1 ? name : `${name}#${index}`)));
  return writer.toBytes();
}

/** `vec(u32)` of consecutive numbers. */
function writeIndices(writer: ByteWriter, first: number, count: number): void {
  writer.u32(count);
  for (let index = 0; index < count; index++) writer.u32(first + index);
}

function stackOf(frames: readonly Frame[], modules: readonly Module[]): Uint8Array {
  const writer = new ByteWriter();
  writer.bytes(named(THREAD_NAME));
  writer.u32(frames.length);
  const typesOf = frameTypesOf(modules);
  for (const frame of frames.toReversed()) writeFrame(writer, frame, typesOf(frame));
  return writer.toBytes();
}

function writeFrame(writer: ByteWriter, frame: Frame, types: FrameTypes): void {
  writer.byte(ITEM);
  writer.u32(frame.instance);
  writer.u32(frame.func);
  writer.u32(frame.pc);
  writer.u32(frame.locals.length);
  frame.locals.forEach((value, index) => writeValue(writer, value, types.locals[index]));
  writer.u32(frame.stack.length);
  frame.stack.forEach((value, index) => writeValue(writer, value, types.stack[index]));
}

function writeValue(writer: ByteWriter, value: Value | undefined, type: ValType | undefined): void {
  const write = type === undefined ? undefined : VALUE_WRITERS[type];
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  if (type === undefined || write === undefined || !isNumber) {
    writer.byte(MISSING);
    return;
  }
  writer.byte(type);
  write(writer, value);
}

function memoryTypeOf({ pages }: MemoryState, module: Module, index: number): MemoryType {
  const declared = module.memories[index] ?? raiseMissing(index);
  return { limits: { min: BigInt(pages), max: undefined, shared: false, is64: declared.type.limits.is64 } };
}

/** The initial image as the module has it, as far as its offsets are constants, and then what differs from it. */
function datasOf(instance: InstanceState, module: Module, firstMemory: number): DataDraft[] {
  const initial = module.datas.flatMap(({ mode, memoryIndex, offset, content }): DataDraft[] => {
    if (mode !== 'active' || offset === undefined || !isConstant(module, offset)) return [];
    return [
      {
        mode,
        memoryIndex: firstMemory + memoryIndex,
        offset: module.bytes.subarray(offset.start, offset.end),
        content: module.bytes.subarray(content.start, content.end),
      },
    ];
  });
  const changed = instance.memories.flatMap((memory, index) => {
    const { is64 } = memoryTypeOf(memory, module, index).limits;
    return memory.runs.map(({ offset, bytes }): DataDraft => {
      const expression = constant(is64 ? I64 : I32, is64 ? BigInt(offset) : offset);
      return { mode: 'active', memoryIndex: firstMemory + index, offset: expression, content: bytes };
    });
  });
  return [...initial, ...changed];
}

/** Whether an expression is one constant instruction, which means the same in any module. */
function isConstant(module: Module, range: { readonly start: number; readonly end: number }): boolean {
  const opcode = module.bytes[range.start] ?? 0;
  const isNumber = opcode >= OPCODE.i32Const && opcode <= OPCODE.f64Const;
  return (isNumber || opcode === OPCODE.vector) && decodeExpr(module, range).length === 2;
}

/** A global as a constant; zero or null where the snapshot and the module's own constants do not tell. */
function globalOf(value: Value | undefined, module: Module, index: number): GlobalDraft {
  const { type, init } = module.globals[index] ?? raiseMissing(index);
  if (value === undefined && init !== undefined && isConstant(module, init)) {
    return { type: { type: type.type, mutable: false }, init: module.bytes.subarray(init.start, init.end) };
  }
  const valType = isRef(type.type) ? nullableOf(heapOf(type.type)) : type.type;
  return { type: { type: valType, mutable: false }, init: constant(valType, value) };
}

/** A type that has null. A concrete heap type is an index into types, of which a core dump has none. */
const nullableOf = (heap: HeapType): ValType => refNull(heap < 0 ? heap : HEAP.any);

/** A constant expression; a value that does not have the type is taken as zero. */
function constant(type: ValType, value: Value | undefined): Uint8Array {
  const writer = new ByteWriter(24);
  const number = typeof value === 'number' ? value : 0;
  const bigint = typeof value === 'bigint' ? value : 0n;
  switch (type) {
    case I32:
      writer.byte(OPCODE.i32Const);
      writer.s32(number);
      break;
    case I64:
      writer.byte(OPCODE.i64Const);
      writer.s64(bigint);
      break;
    case F32:
      writer.byte(OPCODE.f32Const);
      writer.f32bits(number);
      break;
    case F64:
      writer.byte(OPCODE.f64Const);
      writer.f64bits(bigint);
      break;
    case V128:
      writer.byte(OPCODE.vector);
      writer.u32(V128_CONST);
      writer.bytes(value instanceof Uint8Array ? value : new Uint8Array(V128_BYTES));
      break;
    default:
      writer.byte(OPCODE.refNull);
      writeHeapType(writer, heapOf(type));
  }
  writer.byte(OPCODE.end);
  return writer.toBytes();
}
