/**
 * Host calls as functions that the engine can link: reads the arguments as the table says, checks the capability, turns faults into codes.
 *
 * Invariants:
 * 1. Whatever a guest passes, a call gives a code, or throws a PluvioError of a forged snapshot: nothing else leaves it.
 * 2. A capability is checked before any argument is looked at, a scope before anything is done.
 */
import { Pending } from '../../engine/pending.ts';
import type { HostFunction } from '../../engine/types.ts';
import { assert, PluvioError } from '../../errors/index.ts';
import { boundFunctions } from '../bound-functions.ts';
import { CALLS } from './calls.ts';
import type { CapabilityName } from './capabilities.ts';
import type { AbiContext } from './context.ts';
import { AbiFault, codeOf, fail } from './error-codes.ts';
import type { GuestBytes } from './guest-bytes.ts';
import { HOST_CALLS, type HostCallName, type HostCallRow, type Param, type ParamType } from './host-call-table.ts';
import { parseJsonObject } from './json-object.ts';
import { DURATION_MAX_MS } from './limits.ts';
import { isName } from './name-syntax.ts';

/** What a parameter of that type is in WebAssembly. */
export const WASM_TYPES = {
  text: ['i32', 'i32'],
  name: ['i32', 'i32'],
  json: ['i32', 'i32'],
  bytes: ['i32', 'i32'],
  buffer: ['i32', 'i32'],
  u32: ['i32'],
  ms: ['i64'],
  timeout: ['i64'],
} as const satisfies Record<ParamType, readonly ('i32' | 'i64')[]>;

type Limits = AbiContext['limits'];
type Read = (memory: GuestBytes, first: number | bigint, second: number, limits: Limits) => unknown;

/** Reads what lies in the memory, as it is or as text. */
const READ_BYTES = {
  bytes: (memory, pointer, length) => memory.read(pointer, length),
  text: (memory, pointer, length) => memory.readText(pointer, length),
  name: (memory, pointer, length) => {
    const name = memory.readText(pointer, length);
    return isName(name) ? name : fail('INVALID');
  },
  json: (memory, pointer, length) => parseJsonObject(memory.readText(pointer, length)),
} as const satisfies Record<string, (memory: GuestBytes, pointer: number, length: number) => unknown>;

const READ_OTHERS = {
  buffer: (memory, pointer, length) => memory.buffer(Number(pointer), length),
  u32: (_memory, value) => value,
  ms: (_memory, value) => (value < 0 || value > DURATION_MAX_MS ? fail('INVALID') : Number(value)),
  timeout: (_memory, value) => (value < 0 ? null : value > DURATION_MAX_MS ? fail('INVALID') : Number(value)),
} as const satisfies Record<string, Read>;

function readerOf(param: Param): Read {
  if (!('max' in param)) return READ_OTHERS[param.type];
  const { max, type } = param;
  const read = READ_BYTES[type];
  return (memory, pointer, length, limits) =>
    length > limits[max] ? fail('TOO_LARGE') : read(memory, Number(pointer), length);
}

/** An argument as a number of the type that the table says, whatever type the module declared. */
const toI32 = (value: unknown): number =>
  typeof value === 'bigint' ? Number(BigInt.asUintN(32, value)) : typeof value === 'number' ? value >>> 0 : 0;
const toI64 = (value: unknown): bigint =>
  typeof value === 'bigint' ? value : Number.isFinite(value) ? BigInt(Math.trunc(value as number)) : 0n; // finite: a number

type CallResult = number | bigint | Pending;

/** A row of the table, made ready once for all hosts. */
interface ReadyCall {
  readonly name: HostCallName;
  readonly capability: CapabilityName | undefined;
  readonly params: readonly { readonly read: Read; readonly isLong: boolean; readonly isPair: boolean }[];
  /** Index of the argument that scopes are compared with; -1: none. */
  readonly scopedAt: number;
  readonly isLong: boolean;
  readonly run: (abi: AbiContext, ...args: readonly unknown[]) => CallResult | undefined;
}

const NAMES: ReadonlySet<HostCallName> = new Set(Object.keys(HOST_CALLS) as HostCallName[]); // keys of the table

function ready(name: HostCallName): ReadyCall {
  const row: HostCallRow = HOST_CALLS[name];
  return {
    name,
    capability: row.capability,
    params: row.params.map((param) => {
      const [first, second] = WASM_TYPES[param.type] as readonly ('i32' | 'i64')[];
      return { read: readerOf(param), isLong: first === 'i64', isPair: second !== undefined };
    }),
    scopedAt: row.params.findIndex((param) => param.name === row.scoped),
    isLong: row.result === 'ns',
    run: CALLS[name] as ReadyCall['run'], // called with what the row says
  };
}

const READY_CALLS: ReadonlyMap<string, ReadyCall> = new Map([...NAMES].map((name) => [name, ready(name)]));

function perform(abi: AbiContext, call: ReadyCall, args: readonly unknown[]): CallResult {
  const { capability, scopedAt } = call;
  if (capability !== undefined && !abi.grants.has(capability)) fail('DENIED');
  let at = 0;
  const values = call.params.map(({ read, isLong, isPair }) => {
    const value = isLong ? toI64(args[at++]) : toI32(args[at++]);
    return read(abi.memory, value, isPair ? toI32(args[at++]) : 0, abi.limits);
  });
  if (capability !== undefined && scopedAt >= 0 && !abi.grants.covers(capability, String(values[scopedAt])))
    fail('DENIED');
  const result = call.run(abi, ...values) ?? 0;
  if (!abi.waits.isResumed) return result;
  throw new PluvioError(
    'SNAPSHOT_MALFORMED',
    `restartState belongs to the call ${call.name}; it must be one that waits`,
  );
}

function invoke(abi: AbiContext, call: ReadyCall, args: readonly unknown[]): CallResult {
  const { waits, services } = abi;
  const recorded = waits.enter(abi.memory.restartState());
  if (recorded !== undefined) return call.isLong ? BigInt(recorded) : recorded;
  const delayMs = waits.isResumed ? 0 : abi.callRate.use(1);
  if (delayMs > 0) services.limited?.('hostCallsPerSecond');
  let result: CallResult;
  try {
    result = perform(abi, call, args);
  } catch (error) {
    if (!(error instanceof AbiFault)) throw error;
    result = codeOf(error.name);
  }
  if (result instanceof Pending) return result;
  // What gives an i64 is not held up: the next call pays for it.
  if (call.isLong) return BigInt(result);
  return delayMs > 0 ? waits.delay(Number(result), delayMs) : result;
}

/** All host calls over one context. */
export const bindCalls = (abi: AbiContext): Record<HostCallName, HostFunction> =>
  boundFunctions(NAMES, (name) => {
    const call = READY_CALLS.get(name);
    assert(call !== undefined, `${name} is no host call`);
    return (...args: unknown[]): unknown => invoke(abi, call, args);
  });
