/** Runs a module of which nothing is known but that it is valid, under tight limits, and takes it through a snapshot. */
import {
  createWorker,
  GuestExit,
  type HostFunction,
  type Imports,
  type LoadedModule,
  loadModule,
  type Outcome,
  pending,
  type PollDecision,
  restoreWorker,
  type Worker,
  type WorkerLimits,
  type WorkerOptions,
} from '../../../runtime/engine/index.ts';
import { PluvioError } from '../../../runtime/errors/index.ts';
import {
  F32,
  F64,
  heapOf,
  HEAP,
  I32,
  I64,
  type Import,
  isRef,
  type Limits,
  typeText,
  V128,
  type ValType,
} from '../../../runtime/wasm/index.ts';
import { Choices } from '../choices.ts';
import { mustHold, Violation } from '../target.ts';

export const RUN_LIMITS = {
  fuel: 20_000n,
  memoryPages: 64,
  tableElements: 20_000,
  stackDepth: 400,
  wallClockMs: 10_000,
} as const satisfies WorkerLimits;

/** What a hostile host function throws, and how it shows in an outcome. */
const HOST_FAULT = 'the host function failed';
const CALLS_MAX = 3;

/** Values of a type as the JavaScript interface takes them. */
function valueOf(type: ValType, choices: Choices): unknown {
  if (type === I32) return choices.edge() | 0;
  if (type === I64) return BigInt.asIntN(64, choices.oneIn(2) ? choices.bits64() : BigInt(choices.edge()));
  if (type === F32 || type === F64) return choices.pick([0, -0, 1.5, NaN, Infinity, 1e38, -1e300, choices.edge()]);
  if (isRef(type) && heapOf(type) === HEAP.i31) return choices.below(100);
  return null;
}

/** Anything a caller may pass by mistake. */
const WRONG: readonly unknown[] = [
  ...[undefined, 'x', {}, [], 1.5, NaN, 2n ** 70n, -1n, Symbol('x'), true, new Date(0)],
  { valueOf: () => fault('valueOf') },
  () => 1,
];

function fault(name: string): never {
  throw new Error(`${HOST_FAULT} in ${name}`);
}

function exit(): never {
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- an exit is no error
  throw new GuestExit(7);
}

function hostFunction(module: LoadedModule, index: number, choices: Choices): HostFunction {
  const { results } = module.program.funcType(index);
  const manner = choices.below(12);
  let calls = 0;
  return () => {
    if (manner === 0 && ++calls % 3 === 0) fault(`import ${index}`);
    if (manner === 1 && ++calls > 2) exit();
    if (manner === 2) return choices.pick(WRONG);
    const values = results.map((type) => valueOf(type, choices));
    const value = values.length > 1 ? values : values[0];
    return manner === 3 ? pending(Promise.resolve(value)) : value;
  };
}

/** An imported object of the declared type, or undefined if the engine makes none. */
function importedObject({ desc }: Import): WebAssembly.ExportValue | undefined {
  const sizes = ({ min, max, shared, is64 }: Limits): object => ({
    initial: is64 ? min : Number(min),
    ...(max === undefined ? {} : { maximum: is64 ? max : Number(max) }),
    ...(shared ? { shared } : {}),
    ...(is64 ? { address: 'i64' } : {}),
  });
  try {
    if (desc.kind === 'memory' && desc.type.limits.min <= 64n) {
      return new WebAssembly.Memory(sizes(desc.type.limits) as WebAssembly.MemoryDescriptor); // lacks 64-bit addresses
    }
    if (desc.kind === 'table' && desc.type.limits.min <= 1000n) {
      const element = heapOf(desc.type.element) === HEAP.extern ? 'externref' : 'anyfunc';
      return new WebAssembly.Table({ ...sizes(desc.type.limits), element } as WebAssembly.TableDescriptor); // as above
    }
    if (desc.kind === 'global') {
      const { type, mutable } = desc.type;
      const value = (type === I64 ? 5n : isRef(type) || type === V128 ? undefined : 5) as never; // the type's own
      return new WebAssembly.Global({ value: typeText(type) as WebAssembly.ValueType, mutable }, value);
    }
  } catch {
    // a type that the JavaScript interface has no object for
  }
  return undefined;
}

function importsOf(module: LoadedModule, choices: Choices): Imports {
  const imports: Record<string, Record<string, HostFunction | WebAssembly.ExportValue>> = {};
  let func = 0;
  for (const entry of module.module.imports) {
    const value = entry.desc.kind === 'func' ? hostFunction(module, func++, choices) : importedObject(entry);
    if (value === undefined) continue;
    const own = Object.hasOwn(imports, entry.module) ? imports[entry.module] : undefined;
    const functions = own ?? {};
    Object.defineProperty(functions, entry.name, { value, enumerable: true, configurable: true });
    Object.defineProperty(imports, entry.module, { value: functions, enumerable: true, configurable: true });
  }
  return imports;
}

/** @throws Violation if no guest can have caused it */
export function checkOutcome(outcome: Outcome): void {
  if (outcome.kind === 'limit')
    mustHold(outcome.limit !== 'wallClockMs', () => 'the clock ended what fuel should have');
  if (outcome.kind !== 'trapped') return;
  const { code, message, cause } = outcome;
  const isGuests =
    code === 'exception'
      ? message === 'the guest threw an exception that nothing caught' ||
        message.includes(HOST_FAULT) ||
        isConversion(cause) ||
        isHostRefusal(cause)
      : code !== 'unknown' && code !== 'stack-overflow';
  if (!isGuests) throw new Violation(`no guest's trap: ${code}, ${message}`, { cause });
}

/** A host module refuses what a forged snapshot left for its call. */
const isHostRefusal = (cause: unknown): boolean => cause instanceof PluvioError && cause.code !== 'INTERNAL';

/** What the interface throws when a host function gives a value of another type than it should. */
const isConversion = (cause: unknown): boolean =>
  (cause instanceof TypeError || cause instanceof SyntaxError || cause instanceof RangeError) &&
  /^(Cannot convert|Cannot mix|type incompatibility|multi-return|WebAssembly objects|iterable|.*not iterable)/i.test(
    cause.message,
  );

function argumentsFor(module: LoadedModule, func: number, choices: Choices): unknown[] {
  const { params } = module.program.funcType(func);
  if (choices.oneIn(10)) return Array.from({ length: choices.below(4) }, () => choices.pick(WRONG));
  return params.map((type) => valueOf(type, choices));
}

/** Leaves at one of the first safepoints, and takes a few slices on the way. */
function poller(choices: Choices): () => PollDecision {
  let left = choices.below(12);
  let slices = choices.below(4);
  return () => {
    if (left-- === 0) return 'stop';
    return left > 0 && slices-- > 0 ? 'slice' : 'go on';
  };
}

/** Takes the snapshot of a worker and goes on in another; where it cannot be moved it goes on where it is. */
async function throughSnapshot(module: LoadedModule, worker: Worker, options: WorkerOptions): Promise<Worker> {
  if (!module.portability.migratable) return worker;
  let bytes: Uint8Array;
  try {
    bytes = worker.snapshot();
  } catch (error) {
    if (error instanceof PluvioError && error.code === 'NOT_MIGRATABLE') return worker;
    throw error;
  }
  await worker.close();
  const twin = await restoreWorker(module, bytes, { ...options, onPoll: () => 'go on' });
  mustHold(Buffer.compare(twin.snapshot(), bytes) === 0, () => 'a restored worker gives another snapshot');
  return twin;
}

/** The way in which it ran; refusals of what was asked for are coded errors. */
export async function runModule(bytes: Uint8Array, salt: number): Promise<string> {
  const choices = new Choices(salt, 1);
  const module = await loadModule(bytes, { unwind: choices.pick(['throw', 'flag']) });
  const imports = importsOf(module, choices);
  const options: WorkerOptions = { imports, limits: RUN_LIMITS };
  const polled = choices.oneIn(2) ? { ...options, onPoll: poller(choices) } : options;
  let worker = await createWorker(module, polled);
  const funcs = module.module.exports.filter(({ kind }) => kind === 'func');
  let how = module.portability.migratable ? 'ran' : 'ran, not migratable';
  for (const { name, index } of funcs.slice(0, CALLS_MAX)) {
    let outcome = await callExport(worker, module, name, index, choices);
    if (outcome?.kind === 'stopped') {
      how = 'stopped';
      worker = await throughSnapshot(module, worker, options);
      outcome = await worker.resume();
    }
    if (outcome !== undefined) checkOutcome(outcome);
    if (worker.state !== 'idle') break;
  }
  if (worker.state === 'idle') worker = await throughSnapshot(module, worker, options);
  mustHold(worker.memoryPages <= RUN_LIMITS.memoryPages, () => `the worker has ${worker.memoryPages} pages of memory`);
  await worker.close();
  return how;
}

/** undefined: the arguments were refused. */
async function callExport(
  worker: Worker,
  module: LoadedModule,
  name: string,
  func: number,
  choices: Choices,
): Promise<Outcome | undefined> {
  try {
    return await worker.call(name, argumentsFor(module, func, choices));
  } catch (error) {
    if (error instanceof PluvioError && error.code === 'INVALID_ARGUMENT') return undefined;
    throw error;
  }
}
