import { GuestExit, pending } from '../../engine/pending.ts';
import { fail } from '../errno.ts';
import { CLOCKID, SIGNAL_ACTIONS } from './constants.ts';
import type { StringList } from '../system/options.ts';
import type { WasiContext } from './context.ts';
import { define, type Result, type WasiFunction } from './define.ts';
import { RANDOM_CHUNK_BYTES } from '../system/limits.ts';

/** What clock_res_get says of every clock: the coarsest of the platforms that a worker may move between, in browsers. */
const RESOLUTION_NS = 100_000n;

/** An exit code as shells give it for a program that a signal ended. */
const SIGNAL_EXIT_BASE = 128;

function writeSizes({ memory }: WasiContext, list: StringList, countAt: number, sizeAt: number): undefined {
  memory.check(sizeAt, 4);
  memory.writeU32(countAt, list.encoded.length);
  memory.writeU32(
    sizeAt,
    list.encoded.reduce((sum, bytes) => sum + bytes.length, 0),
  );
}

function writeStrings({ memory }: WasiContext, list: StringList, pointersAt: number, bytesAt: number): undefined {
  let at = bytesAt;
  memory.check(pointersAt, list.encoded.length * 4);
  for (const [index, bytes] of list.encoded.entries()) {
    memory.writeBytes(at, bytes);
    memory.writeU32(pointersAt + index * 4, at);
    at += bytes.length;
  }
}

/** Values of a clock; the clocks of processor time are the guest's monotonic clock: time since it started. */
export function readClock({ clock }: WasiContext, clockId: number): bigint {
  if (clockId === CLOCKID.realtime) return clock.realtimeNs();
  if (clockId <= CLOCKID.thread_cputime_id) return clock.monotonicNs();
  return fail('inval');
}

function raise(signal: number): Result {
  const action = SIGNAL_ACTIONS[signal];
  if (action === undefined) fail('inval');
  if (action === 'stop') fail('notsup');
  if (action === 'end') throw new GuestExit(SIGNAL_EXIT_BASE + signal);
  return undefined;
}

function fillRandom({ memory, random }: WasiContext, address: number, sizeBytes: number): undefined {
  memory.check(address, sizeBytes);
  for (let done = 0; done < sizeBytes;) {
    const bytes = new Uint8Array(Math.min(RANDOM_CHUNK_BYTES, sizeBytes - done));
    random(bytes);
    memory.writeBytes(address + done, bytes);
    done += bytes.length;
  }
}

/** A turn of the event loop; a second execution has had its turn. */
function yieldTurn({ memory, sleep, waits }: WasiContext): Result {
  if (waits.resumed(memory.restartState()) !== undefined) return undefined;
  waits.begun++;
  const turn = sleep(0, waits.closed).then(() => 0);
  return pending(turn, { state: { operation: waits.begun } });
}

export const PROCESS_FUNCTIONS = {
  args_get: define(['i32', 'i32'], [], (wasi, argv, buffer) => writeStrings(wasi, wasi.args, argv, buffer)),
  args_sizes_get: define(['i32', 'i32'], [], (wasi, count, size) => writeSizes(wasi, wasi.args, count, size)),
  environ_get: define(['i32', 'i32'], [], (wasi, environ, buffer) => writeStrings(wasi, wasi.env, environ, buffer)),
  environ_sizes_get: define(['i32', 'i32'], [], (wasi, count, size) => writeSizes(wasi, wasi.env, count, size)),
  clock_res_get: define(['i32', 'i32'], [], (wasi, clockId, result) => {
    readClock(wasi, clockId);
    wasi.memory.writeU64(result, RESOLUTION_NS);
    return undefined;
  }),
  clock_time_get: define(['i32', 'i64', 'i32'], [], (wasi, clockId, _precision, result) => {
    wasi.memory.check(result, 8);
    wasi.memory.writeU64(result, readClock(wasi, clockId));
    return undefined;
  }),
  proc_exit: {
    ...define(['i32'], [], (_wasi, code) => {
      throw new GuestExit(code);
    }),
    results: [],
  },
  proc_raise: define(['i32'], [], (_wasi, signal) => raise(signal)),
  random_get: define(['i32', 'i32'], [], fillRandom),
  sched_yield: define([], [], yieldTurn),
} as const satisfies Record<string, WasiFunction>;
