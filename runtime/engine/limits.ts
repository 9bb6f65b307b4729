import { PluvioError } from '../errors/index.ts';
import type { WorkerLimits } from './types.ts';

interface LimitRow {
  readonly default: number;
  readonly max: number;
  readonly unit: string;
}

/** Every limit of a worker: its default, the largest value that a caller may ask for, its unit. The smallest is 0. */
export const LIMITS = {
  fuel: { default: Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, unit: 'fuel' },
  memoryPages: { default: 4096, max: 65536, unit: 'pages of 64 KiB' },
  tableElements: { default: 1_000_000, max: 10_000_000, unit: 'elements' },
  stackDepth: { default: 4000, max: 20_000, unit: 'activations' },
  wallClockMs: { default: 86_400_000 * 365, max: 86_400_000 * 365, unit: 'ms' },
} as const satisfies Record<keyof WorkerLimits, LimitRow>;

/** All limits, as numbers. */
export type ResolvedLimits = { readonly [Name in keyof WorkerLimits]-?: number };

/**
 * Fills in defaults and checks every limit against its range.
 * @throws PluvioError `LIMIT_OUT_OF_RANGE`
 */
export function resolveLimits(limits: WorkerLimits = {}): ResolvedLimits {
  const resolved: Record<string, number> = {};
  for (const [name, row] of Object.entries(LIMITS)) {
    const asked = limits[name as keyof WorkerLimits]; // keys of LIMITS are those of WorkerLimits
    const value = asked === undefined ? row.default : Number(asked);
    if (!Number.isInteger(value) || value < 0 || value > row.max) {
      throw new PluvioError(
        'LIMIT_OUT_OF_RANGE',
        `limit ${name} is ${String(asked)}; it must be a whole number from 0 to ${row.max} ${row.unit}`,
        { limit: name, max: row.max },
      );
    }
    resolved[name] = value;
  }
  return resolved as ResolvedLimits; // every key was set above
}
