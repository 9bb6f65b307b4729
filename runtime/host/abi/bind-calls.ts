/**
 * Host calls as functions that the engine can link: reads the arguments as the table says, checks the capability, turns faults into codes.
 *
 * Invariants:
 * 1. Whatever a guest passes, a call gives a code, or throws a PluvioError of a forged snapshot: nothing else leaves it.
 * 2. A capability is checked before any argument is looked at, a scope before anything is done.
 */
import { Pending } from '../../engine/pending.ts';
import type { HostFunction } from '../../engine/types.ts';
import { PluvioError } from '../../errors/index.ts';
import { CALLS } from './calls.ts';
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

type Read = (memory: GuestBytes, first: number | bigint, second: number) => unknown;

/** How a parameter is read. */
function readerOf(param: Param, limits: AbiContext['limits']): Read {
  if ('max' in param) {
    const maxBytes = limits[param.max];
    const read = READ_BYTES[param.type];
    return (memory, pointer, length) => (length > maxBytes ? fail('TOO_LARGE') : read(memory, Number(pointer), length));
  }
  return READ_OTHERS[param.type];
}

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

/** An argument as a number of the type that the table says, whatever type the module declared. */
const toI32 = (value: unknown): number =>
  typeof value === 'bigint' ? Number(BigInt.asUintN(32, value)) : typeof value === 'number' ? value >>> 0 : 0;
const toI64 = (value: unknown): bigint =>
  typeof value === 'bigint' ? value : Number.isFinite(value) ? BigInt(Math.trunc(value as number)) : 0n; // finite: a number

function bindCall(abi: AbiContext, name: HostCallName): HostFunction {
  const row: HostCallRow = HOST_CALLS[name];
  const run = CALLS[name] as (abi: AbiContext, ...args: readonly unknown[]) => number | bigint | Pending | undefined; // read by the row
  const readers = row.params.map((param) => readerOf(param, abi.limits));
  const scopedAt = row.params.findIndex((param) => param.name === row.scoped);

  const readArguments = (args: readonly unknown[]): unknown[] => {
    let at = 0;
    return row.params.map((param, index) => {
      const [first, second] = WASM_TYPES[param.type] as readonly ('i32' | 'i64')[];
      const value = first === 'i64' ? toI64(args[at++]) : toI32(args[at++]);
      return readers[index]?.(abi.memory, value, second === undefined ? 0 : toI32(args[at++]));
    });
  };

  const perform = (args: readonly unknown[]): number | bigint | Pending => {
    const { capability } = row;
    if (capability !== undefined && !abi.grants.has(capability)) fail('DENIED');
    const values = readArguments(args);
    if (capability !== undefined && scopedAt >= 0 && !abi.grants.covers(capability, String(values[scopedAt])))
      fail('DENIED');
    return run(abi, ...values) ?? 0;
  };

  const asResult = (result: number | bigint): number | bigint => (row.result === 'ns' ? BigInt(result) : result);

  return (...args: unknown[]): unknown => {
    const recorded = abi.waits.enter(abi.memory.restartState());
    if (recorded !== undefined) return asResult(recorded);
    const delayMs = abi.waits.isResumed ? 0 : abi.callRate.use(1);
    let result: number | bigint | Pending;
    try {
      result = perform(args);
      if (abi.waits.isResumed) throw notWaiting(name);
    } catch (error) {
      if (!(error instanceof AbiFault)) throw error;
      result = codeOf(error.name);
    }
    if (result instanceof Pending) return result;
    // What gives an i64 is not held up: the next call pays for it.
    return delayMs > 0 && row.result !== 'ns' ? abi.waits.delay(Number(result), delayMs) : asResult(result);
  };
}

const notWaiting = (name: string): PluvioError =>
  new PluvioError('SNAPSHOT_MALFORMED', `restartState belongs to the call ${name}; it must be one that waits`);

/** All host calls over one context. */
export function bindCalls(abi: AbiContext): Record<HostCallName, HostFunction> {
  const names = Object.keys(HOST_CALLS) as HostCallName[]; // keys of the table
  return Object.fromEntries(names.map((name) => [name, bindCall(abi, name)])) as Record<HostCallName, HostFunction>; // one per name
}
