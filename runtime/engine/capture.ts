/**
 * A worker's state as a snapshot, and a snapshot as a worker's state.
 *
 * Boundary: reads and writes an instance that does not run. Every field of a snapshot is checked before it is used: its shape by the
 * codec, frames by frames.ts, the rest here.
 */
import { PluvioError } from '../errors/index.ts';
import { hierarchyOf } from '../instrument/index.ts';
import { F32, F64, I32, I64, isRef, typeText, V128, type ValType } from '../wasm/index.ts';
import { decodeStack, encodeStack } from './frames.ts';
import { HeapWalk } from './heap-walk.ts';
import type { ModuleInstance } from './instance.ts';
import {
  captureGlobals,
  captureTable,
  droppedSegments,
  restoreDropped,
  restoreGlobals,
  restoreTables,
} from './instance-state.ts';
import { heapSizeBytes, type ResolvedLimits, STACK_UNIT_BYTES } from './limits.ts';
import type { LoadedModule } from './loaded-module.ts';
import { captureMemories } from './memory-state.ts';
import { shortened } from './plain-fields.ts';
import { RestoredReferences } from './restored-references.ts';
import type { Frame, InstanceState, MemoryRun, Snapshot, Value } from './snapshot.ts';
import type { HandleMap, HostModule } from './types.ts';
import type { EntryCall, RestoredState } from './worker-parts.ts';

/** Runs by memory. */
export type MemoryChanges = readonly (readonly MemoryRun[])[];

/** The parts of a worker that a snapshot is made of. */
export interface Capturable {
  readonly instance: ModuleInstance;
  readonly hosts: readonly HostModule[];
  readonly handles: HandleMap | undefined;
  readonly limits: ResolvedLimits;
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
  const { instance, handles, limits } = worker;
  requireMigratable(instance.module);
  const references = new HeapWalk(instance, handles, limits.heapBytes);
  try {
    return captureState(worker, state, changes, references);
  } finally {
    references.release();
  }
}

function captureState(
  worker: Capturable,
  state: RestoredState,
  changes: MemoryChanges,
  references: HeapWalk,
): Snapshot {
  const { instance } = worker;
  const frames: Frame[] = [];
  if (state.waitingCall !== undefined) frames.push(entryFrame(instance, state.waitingCall, references));
  if (state.stack !== undefined) frames.push(...decodeStack(instance, state.stack, references));
  const captured = captureInstance(instance, references, changes);
  return {
    version: captured.heap === undefined && !references.metI31 ? 1 : 3,
    instances: [captured],
    frames,
    restartState: state.restartState,
    starting: state.startPending,
    fuelUsed: BigInt(state.fuelUsed),
    hosts: Object.fromEntries(worker.hosts.map((host) => [host.name, host.snapshot()])),
  };
}

/** The call that waits for the start function, as a frame at its function's entry. */
function entryFrame(instance: ModuleInstance, call: EntryCall, references: HeapWalk): Frame {
  const { params } = instance.module.program.funcType(call.func);
  const locals = params.map((type, index) => encodeArgument(instance, type, call.args[index], references));
  return { instance: 0, func: call.func, pc: 0, locals, stack: [], caught: [] };
}

/** An argument of the JavaScript interface as bits. */
function encodeArgument(instance: ModuleInstance, type: ValType, value: unknown, references: HeapWalk): Value {
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
      return references.encode(
        value ?? null,
        hierarchyOf(instance.module.program, type),
        'an argument of the call that waits',
      );
  }
}

/** The inverse of `encodeArgument`. @throws PluvioError `SNAPSHOT_MISMATCH` */
function decodeArgument(
  type: ValType,
  value: Value | undefined,
  references: RestoredReferences,
  field: string,
): unknown {
  const view = new DataView(new ArrayBuffer(8));
  const wrong = (): PluvioError =>
    new PluvioError('SNAPSHOT_MISMATCH', `${field} does not hold a value of ${typeText(type)}`, { field });
  if (isRef(type)) return references.decode(value, type, field);
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

function captureInstance(instance: ModuleInstance, references: HeapWalk, changes: MemoryChanges): InstanceState {
  const { module } = instance.module;
  const state = {
    module: instance.module.digestBytes,
    globals: captureGlobals(instance, references),
    memories: captureMemories(instance, changes),
    tables: module.tables.map((_, index) => captureTable(instance, index, references)),
    droppedDatas: droppedSegments(instance, 'data'),
    droppedElements: droppedSegments(instance, 'elem'),
  };
  const heap = references.finish(); // last: with all that the others have met
  return heap === undefined ? state : { ...state, heap };
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
  requireStack(instance.module, snapshot, limits);
  requireHeap(state, limits);
  const references = new RestoredReferences(instance, state, handles);
  restoreTables(instance, state, references, limits);
  restoreGlobals(instance, state, references);
  restoreDropped(instance, state);
  for (const host of worker.hosts) {
    const saved = Object.hasOwn(snapshot.hosts, host.name) ? snapshot.hosts[host.name] : undefined;
    if (saved === undefined)
      throw mismatch(`snapshot has no state for host module "${host.name}", which this worker has`);
    host.restore(saved);
  }
  const unknown = Object.keys(snapshot.hosts).filter((name) => !worker.hosts.some((host) => host.name === name));
  if (unknown.length > 0)
    throw mismatch(`snapshot has state for host modules that this worker lacks: ${unknown.map(shortened).join(', ')}`);
  const restored = restoreFrames(instance, snapshot, references);
  references.release();
  return restored;
}

function requireHeap({ heap }: InstanceState, limits: ResolvedLimits): void {
  if (heap === undefined) return;
  const sizeBytes = heapSizeBytes(heap.count, heap.objects.byteLength);
  if (sizeBytes <= limits.heapBytes) return;
  throw new PluvioError(
    'SNAPSHOT_MISMATCH',
    `instances[0].heap takes ${sizeBytes} bytes, of ${heap.count} objects; limit heapBytes is ${limits.heapBytes}`,
    { field: 'instances[0].heap' },
  );
}

/** The innermost frame does not count: it may be the one that has reached the limit. */
function requireStack(module: LoadedModule, { frames }: Snapshot, limits: ResolvedLimits): void {
  const { countsDepth } = module.program.facts;
  const { importedFuncs, funcs } = module.module;
  let bytes = 0;
  for (const { func } of frames.slice(0, -1)) {
    if (func >= importedFuncs && func < funcs.length && countsDepth[func] === 1) bytes += module.plan(func).stackBytes;
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

function restoreFrames(instance: ModuleInstance, snapshot: Snapshot, references: RestoredReferences): RestoredState {
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
        decodeArgument(type, first.locals[at], references, `frames[0].locals[${at}]`),
      );
      waitingCall = { func: first.func, args };
    }
  }
  const frames = waitingCall === undefined ? snapshot.frames : rest;
  const stack =
    frames.length === 0 ? undefined : encodeStack(instance, frames, references, waitingCall === undefined ? 0 : 1);
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
