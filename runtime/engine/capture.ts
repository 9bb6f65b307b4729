/**
 * A worker's state as a snapshot, and a snapshot as a worker's state.
 *
 * Boundary: reads and writes an instance that does not run. Every field of a snapshot is checked before it is used: its shape by the
 * codec, frames by frames.ts, the rest here.
 */
import { PluvioError } from '../errors/index.ts';
import { droppedName, EXPORTS, refKind, SAVE, savedGlobals, savedType } from '../instrument/index.ts';
import { decodeExpr, F32, F64, I32, I64, isRef, OP, typeText, V128, type ValType } from '../wasm/index.ts';
import { decodeRef, decodeStack, encodeRef, encodeStack } from './frames.ts';
import type { ModuleInstance } from './instance.ts';
import { type ResolvedLimits, STACK_UNIT_BYTES } from './limits.ts';
import type { LoadedModule } from './loaded-module.ts';
import { captureMemories } from './memory-state.ts';
import { shortened } from './plain-fields.ts';
import {
  type Frame,
  type InstanceState,
  type MemoryRun,
  type RefValue,
  type Snapshot,
  type TableState,
  type Value,
} from './snapshot.ts';
import type { HandleMap, HostModule } from './types.ts';
import type { EntryCall, RestoredState } from './worker-parts.ts';

/** Runs by memory. */
export type MemoryChanges = readonly (readonly MemoryRun[])[];

/** The parts of a worker that a snapshot is made of. */
export interface Capturable {
  readonly instance: ModuleInstance;
  readonly hosts: readonly HostModule[];
  readonly handles: HandleMap | undefined;
}

/** @throws PluvioError `NOT_MIGRATABLE` */
export function requireMigratable({ portability }: LoadedModule): void {
  if (portability.migratable) return;
  throw new PluvioError('NOT_MIGRATABLE', `the module's state cannot be captured: ${portability.reasons.join('; ')}`, {
    reasons: portability.reasons,
  });
}

/**
 * @param changes What the snapshot says of the memories; the runs become its own.
 * @throws PluvioError `NOT_MIGRATABLE`
 */
export function captureWorker(worker: Capturable, state: RestoredState, changes: MemoryChanges): Snapshot {
  const { instance, handles } = worker;
  requireMigratable(instance.module);
  const frames: Frame[] = [];
  if (state.waitingCall !== undefined) frames.push(entryFrame(instance, state.waitingCall, handles));
  if (state.stack !== undefined) frames.push(...decodeStack(instance, state.stack, handles));
  return {
    version: 1,
    instances: [captureInstance(instance, handles, changes)],
    frames,
    restartState: state.restartState,
    starting: state.startPending,
    fuelUsed: BigInt(state.fuelUsed),
    hosts: Object.fromEntries(worker.hosts.map((host) => [host.name, host.snapshot()])),
  };
}

/** The call that waits for the start function, as a frame at its function's entry. */
function entryFrame(instance: ModuleInstance, call: EntryCall, handles: HandleMap | undefined): Frame {
  const { params } = instance.module.program.funcType(call.func);
  const locals = params.map((type, index) => encodeArgument(instance, type, call.args[index], handles));
  return { instance: 0, func: call.func, pc: 0, locals, stack: [], caught: [] };
}

/** An argument of the JavaScript interface as bits. */
function encodeArgument(
  instance: ModuleInstance,
  type: ValType,
  value: unknown,
  handles: HandleMap | undefined,
): Value {
  const view = new DataView(new ArrayBuffer(8));
  switch (type) {
    case I32:
      return Number(value) | 0;
    case I64:
      return BigInt.asIntN(64, BigInt(value as bigint)); // the interface takes nothing else
    case F32:
      view.setFloat32(0, Number(value));
      return view.getUint32(0);
    case F64:
      view.setFloat64(0, Number(value));
      return view.getBigUint64(0);
    default:
      return encodeRef(
        instance,
        value ?? null,
        refKind(savedType(instance.module.program, type)),
        handles,
        'an argument of the call that waits',
      );
  }
}

/** The inverse of `encodeArgument`. @throws PluvioError `SNAPSHOT_MISMATCH` */
function decodeArgument(
  instance: ModuleInstance,
  type: ValType,
  value: Value | undefined,
  handles: HandleMap | undefined,
  field: string,
): unknown {
  const view = new DataView(new ArrayBuffer(8));
  const wrong = (): PluvioError =>
    new PluvioError('SNAPSHOT_MISMATCH', `${field} does not hold a value of ${typeText(type)}`, { field });
  if (isRef(type)) return decodeRef(instance, value, type, handles, field);
  if (type === I64 || type === F64) {
    if (typeof value !== 'bigint') throw wrong();
    if (type === I64) return value;
    view.setBigUint64(0, BigInt.asUintN(64, value));
    return view.getFloat64(0);
  }
  if (typeof value !== 'number' || type === V128) throw wrong();
  if (type === I32) return value | 0;
  view.setUint32(0, value >>> 0);
  return view.getFloat32(0);
}

function captureInstance(
  instance: ModuleInstance,
  handles: HandleMap | undefined,
  changes: MemoryChanges,
): InstanceState {
  const { module } = instance.module;
  return {
    module: instance.module.digestBytes,
    globals: captureGlobals(instance, handles),
    memories: captureMemories(instance, changes),
    tables: module.tables.map((_, index) => captureTable(instance, index, handles)),
    droppedDatas: dropped(instance, 'data'),
    droppedElements: dropped(instance, 'elem'),
  };
}

function dropped(instance: ModuleInstance, kind: 'data' | 'elem'): number[] {
  const { datas, elements } = instance.module.module;
  const segments: readonly { readonly mode: string }[] = kind === 'data' ? datas : elements;
  return segments.flatMap(({ mode }, index) => {
    const global = instance.exports[droppedName(kind, index)] as WebAssembly.Global; // made by the instrumenter
    return mode === 'passive' && global.value !== 0 ? [index] : [];
  });
}

function captureGlobals(instance: ModuleInstance, handles: HandleMap | undefined): (Value | undefined)[] {
  const { program, module } = instance.module;
  const values: (Value | undefined)[] = module.globals.map(() => undefined);
  instance.thread.reserve(SAVE.records + 16 * module.globals.length);
  instance.service(EXPORTS.saveGlobals)();
  const view = instance.thread.saveView();
  for (const { index, type, offset } of savedGlobals(program)) values[index] = readBits(view, offset, type);
  module.globals.forEach((global, index) => {
    const { type, mutable } = global.type;
    if (!isRef(type) || !mutable || global.imported) return;
    values[index] = encodeRef(
      instance,
      instance.global(index).value,
      refKind(savedType(program, type)),
      handles,
      `global ${index}`,
    );
  });
  return values;
}

function readBits(view: DataView, at: number, type: ValType): Value {
  if (type === I32) return view.getInt32(at, true);
  if (type === I64) return view.getBigInt64(at, true);
  if (type === F32) return view.getUint32(at, true);
  if (type === F64) return view.getBigUint64(at, true);
  return new Uint8Array(view.buffer.slice(at, at + 16));
}

/** In a table's image: what active segments put there is not known without running their expressions, so it counts as changed. */
const UNKNOWN_FUNC = -1;

/** The functions that active segments put into a table of that length, by slot; none: null. */
function tableImage(instance: ModuleInstance, table: number, length: number): Map<number, number> {
  const { module } = instance.module;
  const image = new Map<number, number>();
  for (const segment of module.elements) {
    if (segment.mode !== 'active' || segment.tableIndex !== table || segment.offset === undefined) continue;
    const code = decodeExpr(module, segment.offset);
    if (code.length !== 2 || code.op[0] !== OP['i32.const']) {
      for (let slot = 0; slot < length; slot++) image.set(slot, UNKNOWN_FUNC);
      continue;
    }
    const start = code.a[0] ?? 0;
    if (segment.items.kind === 'funcs') segment.items.funcs.forEach((func, at) => image.set(start + at, func));
    else {
      segment.items.exprs.forEach((expr, at) => {
        const item = decodeExpr(module, expr);
        if (item.op[0] === OP['ref.func']) image.set(start + at, item.a[0] ?? 0);
        else if (item.op[0] === OP['ref.null']) image.delete(start + at);
        else image.set(start + at, UNKNOWN_FUNC);
      });
    }
  }
  return image;
}

function captureTable(instance: ModuleInstance, index: number, handles: HandleMap | undefined): TableState {
  const { module, program } = instance.module;
  const table = instance.table(index);
  const length = Number(table.length);
  const declared = module.tables[index];
  const visible =
    declared?.imported === true || module.exports.some((entry) => entry.kind === 'table' && entry.index === index);
  if (!program.facts.changesTables && !visible) return { length, runs: [] };
  const image = tableImage(instance, index, length);
  const at = (slot: number): number => (declared?.type.limits.is64 === true ? BigInt(slot) : slot) as number; // bigint for i64 addresses
  const kind = refKind(savedType(program, declared?.type.element ?? 0));
  const runs: { offset: number; values: RefValue[] }[] = [];
  for (let slot = 0; slot < length; slot++) {
    const value = encodeRef(instance, table.get(at(slot)), kind, handles, `table ${index}, element ${slot}`);
    const same =
      value === null
        ? !image.has(slot) && declared?.init === undefined
        : value.kind === 'func' && image.get(slot) === value.index;
    if (same) continue;
    const last = runs[runs.length - 1];
    if (last !== undefined && last.offset + last.values.length === slot) last.values.push(value);
    else runs.push({ offset: slot, values: [value] });
  }
  return { length, runs };
}

/** The one instance that a snapshot of this module must have. @throws PluvioError `SNAPSHOT_MISMATCH` */
export function requireInstance(module: LoadedModule, snapshot: Snapshot): InstanceState {
  const [state] = snapshot.instances;
  if (state === undefined || snapshot.instances.length !== 1) {
    throw new PluvioError(
      'SNAPSHOT_MISMATCH',
      `snapshot has ${snapshot.instances.length} instances; a worker of one module has 1`,
    );
  }
  if (!sameBytes(state.module, module.digestBytes)) {
    throw new PluvioError(
      'SNAPSHOT_MISMATCH',
      `instances[0].module is not the digest of this module, ${module.digest}`,
    );
  }
  return state;
}

/**
 * Fills an initialised instance, whose memories are restored, and its host modules from a snapshot.
 * @throws PluvioError `SNAPSHOT_MISMATCH`, `STACK_TOO_DEEP`, `NOT_MIGRATABLE`
 */
export function restoreState(worker: Capturable, snapshot: Snapshot, limits: ResolvedLimits): RestoredState {
  const { instance, handles } = worker;
  const mismatch = (message: string): PluvioError => new PluvioError('SNAPSHOT_MISMATCH', message);
  const state = requireInstance(instance.module, snapshot);
  restoreTables(instance, state, handles, limits);
  restoreGlobals(instance, state, handles);
  restoreDropped(instance, state);
  requireStack(instance.module, snapshot, limits);
  for (const host of worker.hosts) {
    const saved = Object.hasOwn(snapshot.hosts, host.name) ? snapshot.hosts[host.name] : undefined;
    if (saved === undefined)
      throw mismatch(`snapshot has no state for host module "${host.name}", which this worker has`);
    host.restore(saved);
  }
  const unknown = Object.keys(snapshot.hosts).filter((name) => !worker.hosts.some((host) => host.name === name));
  if (unknown.length > 0)
    throw mismatch(`snapshot has state for host modules that this worker lacks: ${unknown.map(shortened).join(', ')}`);
  return restoreFrames(instance, snapshot, handles);
}

/** The innermost frame does not count: it may be the one that has reached the limit. */
function requireStack(module: LoadedModule, { frames }: Snapshot, limits: ResolvedLimits): void {
  const { recursive } = module.program.facts;
  const { importedFuncs, funcs } = module.module;
  let bytes = 0;
  for (const { func } of frames.slice(0, -1)) {
    if (func >= importedFuncs && func < funcs.length && recursive[func] === 1) bytes += module.plan(func).stackBytes;
  }
  const limit = limits.stackDepth * STACK_UNIT_BYTES;
  if (bytes <= limit) return;
  throw new PluvioError(
    'STACK_TOO_DEEP',
    `snapshot has ${frames.length} frames, of about ${bytes} bytes; limit stackDepth is ${limits.stackDepth}, ${limit} bytes`,
  );
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a === b || (a.length === b.length && a.every((byte, at) => byte === b[at]));

function restoreFrames(instance: ModuleInstance, snapshot: Snapshot, handles: HandleMap | undefined): RestoredState {
  const mismatch = (message: string): PluvioError => new PluvioError('SNAPSHOT_MISMATCH', message);
  const { module, program } = instance.module;
  const [first, ...rest] = snapshot.frames;
  let waitingCall: EntryCall | undefined;
  if (snapshot.starting) {
    if (module.startFunc === undefined) throw mismatch('starting is true; the module has no start function');
    if (first !== undefined) {
      if (first.func >= module.funcs.length || first.pc !== 0)
        throw mismatch("frames[0] must be a call at its function's entry while starting");
      const { params } = program.funcType(first.func);
      if (first.locals.length !== params.length)
        throw mismatch(
          `frames[0].locals has ${first.locals.length} values; the function has ${params.length} parameters`,
        );
      const args = params.map((type, at) =>
        decodeArgument(instance, type, first.locals[at], handles, `frames[0].locals[${at}]`),
      );
      waitingCall = { func: first.func, args };
    }
  }
  const frames = waitingCall === undefined ? snapshot.frames : rest;
  const stack =
    frames.length === 0 ? undefined : encodeStack(instance, frames, handles, waitingCall === undefined ? 0 : 1);
  // A tail call puts another function in the start function's place, of the same results: none.
  if (waitingCall !== undefined && frames[0] !== undefined && program.funcType(frames[0].func).results.length > 0) {
    throw mismatch(
      `frames[1].func is ${frames[0].func}, which has results; while starting it must be one without, as the start function is`,
    );
  }
  return {
    stack,
    restartState: snapshot.restartState,
    startPending: snapshot.starting,
    waitingCall,
    entryFunc: first?.func ?? -1,
    // more than any limit allows is as much as the highest one: nothing is left
    fuelUsed: Math.min(Number(snapshot.fuelUsed), Number.MAX_SAFE_INTEGER),
  };
}

function restoreTables(
  instance: ModuleInstance,
  state: InstanceState,
  handles: HandleMap | undefined,
  limits: ResolvedLimits,
): void {
  const { tables } = instance.module.module;
  const mismatch = (message: string): PluvioError => new PluvioError('SNAPSHOT_MISMATCH', message);
  if (state.tables.length !== tables.length) {
    throw mismatch(`instances[0].tables has ${state.tables.length} tables; the module has ${tables.length}`);
  }
  const total = state.tables.reduce((sum, { length }) => sum + length, 0);
  if (total > Math.max(limits.tableElements, instance.tableElements)) {
    throw mismatch(`instances[0].tables need ${total} elements; limit tableElements is ${limits.tableElements}`);
  }
  state.tables.forEach(({ length, runs }, index) => {
    const field = `instances[0].tables[${index}]`;
    const table = instance.table(index);
    const type = tables[index]?.type;
    if (type === undefined) return;
    const missing = length - Number(table.length);
    const { max, is64 } = type.limits;
    if (missing < 0 || (max !== undefined && BigInt(length) > max)) {
      throw mismatch(
        `${field}.length is ${length}; the module allows ${String(type.limits.min)} to ${String(max ?? 'any')}`,
      );
    }
    const at = (slot: number): number => (is64 ? BigInt(slot) : slot) as number; // bigint for i64 addresses
    if (missing > 0) table.grow(at(missing), null);
    runs.forEach(({ offset, values }, run) => {
      values.forEach((value, step) => {
        const slot = offset + step;
        const path = `${field}.runs[${run}].values[${step}]`;
        if (slot >= length) throw mismatch(`${path} lies at element ${slot}; the table has ${length}`);
        table.set(at(slot), decodeRef(instance, value, type.element, handles, path));
      });
    });
  });
}

function restoreGlobals(instance: ModuleInstance, state: InstanceState, handles: HandleMap | undefined): void {
  const { module, program } = instance.module;
  const mismatch = (field: string, expected: string): PluvioError =>
    new PluvioError('SNAPSHOT_MISMATCH', `${field} does not hold ${expected}`, { field });
  if (state.globals.length !== module.globals.length) {
    throw mismatch('instances[0].globals', `${module.globals.length} values`);
  }
  instance.thread.reserve(SAVE.records + 16 * module.globals.length);
  const view = instance.thread.saveView();
  for (const { index, type, offset } of savedGlobals(program)) {
    const value = state.globals[index];
    const wrong = (): PluvioError => mismatch(`instances[0].globals[${index}]`, `a value of ${typeText(type)}`);
    if (type === V128) {
      if (!(value instanceof Uint8Array) || value.length !== 16) throw wrong();
      new Uint8Array(view.buffer).set(value, offset);
    } else if (type === I32 || type === F32) {
      if (typeof value !== 'number' || !Number.isInteger(value) || (type === I32 ? value | 0 : value >>> 0) !== value)
        throw wrong();
      view.setUint32(offset, value >>> 0, true);
    } else {
      if (typeof value !== 'bigint' || (type === I64 ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)) !== value)
        throw wrong();
      view.setBigUint64(offset, BigInt.asUintN(64, value), true);
    }
  }
  instance.service(EXPORTS.loadGlobals)();
  module.globals.forEach((global, index) => {
    const { type, mutable } = global.type;
    if (!isRef(type) || !mutable || global.imported) return;
    instance.global(index).value = decodeRef(
      instance,
      state.globals[index],
      type,
      handles,
      `instances[0].globals[${index}]`,
    );
  });
}

function restoreDropped(instance: ModuleInstance, state: InstanceState): void {
  const { datas, elements } = instance.module.module;
  const drop = (
    kind: 'data' | 'elem',
    field: string,
    list: readonly number[],
    segments: readonly { readonly mode: string }[],
  ): void => {
    for (const index of list) {
      if (segments[index]?.mode !== 'passive') {
        throw new PluvioError(
          'SNAPSHOT_MISMATCH',
          `${field} names segment ${index}; the module has no passive segment of that index`,
          { field },
        );
      }
      instance.service(EXPORTS.helper(kind === 'data' ? `dropData:${index}` : `dropElem:${index}`))();
    }
  };
  drop('data', 'instances[0].droppedDatas', state.droppedDatas, datas);
  drop('elem', 'instances[0].droppedElements', state.droppedElements, elements);
}
