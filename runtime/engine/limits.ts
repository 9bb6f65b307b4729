import { type LimitRow, resolveLimits as resolveTable } from '../limits/index.ts';
import type { WorkerLimits } from './types.ts';

/** The unit of the limit `stackDepth`. */
export const STACK_UNIT_BYTES = 256;

/** Most of V8's stack of 984 KB, which no other engine undercuts. */
const STACK_DEPTH = 3600;
/** Chromium gives web workers a stack of 500 KB. */
const STACK_DEPTH_WEB_WORKER = 1800;
const inWebWorker = typeof document === 'undefined' && typeof process === 'undefined';

/** Every limit of a worker: its default, the largest value that a caller may ask for, its unit. The smallest is 0. */
export const LIMITS = {
  fuel: { default: Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, unit: 'fuel' },
  memoryPages: { default: 4096, max: 65536, unit: 'pages of 64 KiB' },
  tableElements: { default: 1_000_000, max: 10_000_000, unit: 'elements' },
  heapBytes: { default: 256 * 2 ** 20, max: 2 ** 30, unit: 'bytes' },
  /** With more than the engine has, deep recursion traps as `stack-overflow`. */
  stackDepth: {
    default: inWebWorker ? STACK_DEPTH_WEB_WORKER : STACK_DEPTH,
    max: 100_000,
    unit: 'units of 256 bytes of stack',
  },
  wallClockMs: { default: 86_400_000 * 365, max: 86_400_000 * 365, unit: 'ms' },
  fuelPerSecond: { default: Number.MAX_SAFE_INTEGER, min: 1, max: Number.MAX_SAFE_INTEGER, unit: 'fuel in a second' },
} as const satisfies Record<keyof WorkerLimits, LimitRow>;

/** What each object counts besides its fields. */
const OBJECT_HEADER_BYTES = 16;

/** What the limit `heapBytes` compares: the bytes of all objects as a snapshot has them, and a header each. */
export const heapSizeBytes = (count: number, objectBytes: number): number => count * OBJECT_HEADER_BYTES + objectBytes;

/** All limits, as numbers. */
export type ResolvedLimits = { readonly [Name in keyof WorkerLimits]-?: number };

const DEFAULTS: ResolvedLimits = resolveTable(LIMITS, {});

/**
 * Fills in what is left out and checks every limit against its range.
 * @param base What holds where `limits` says nothing; default: the defaults of LIMITS.
 * @throws PluvioError `LIMIT_OUT_OF_RANGE`
 */
export function resolveLimits(limits: WorkerLimits | undefined, base: ResolvedLimits = DEFAULTS): ResolvedLimits {
  if (limits === undefined) return base;
  const { fuel, ...rest } = limits;
  return resolveTable(LIMITS, { ...rest, fuel: fuel === undefined ? undefined : Number(fuel) }, 'limit', base);
}
