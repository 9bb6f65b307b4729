/** Limits of a tenant: what all its workers together may take on one node. */
import { PluvioError } from '../../errors/index.ts';

interface LimitRow {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit: string;
}

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Each limit: its default, the range that a node may set, its unit. */
export const TENANT_LIMITS = {
  workers: { default: 1000, min: 0, max: 1_000_000, unit: 'workers' },
  memoryBytes: { default: 4 * GIB, min: MIB, max: 1024 * GIB, unit: 'bytes of memory of live workers' },
  storageBytes: { default: 16 * GIB, min: 0, max: 2 ** 46, unit: 'bytes of storage, checkpoints included' },
  fuelPerSecond: { default: 2 ** 40, min: 0, max: Number.MAX_SAFE_INTEGER, unit: 'fuel per second' },
  callsPerSecond: { default: 100_000, min: 0, max: 10_000_000, unit: 'calls per second' },
  hostCallsPerSecond: { default: 1_000_000, min: 0, max: 100_000_000, unit: 'host calls per second' },
  logBytesPerSecond: { default: 16 * MIB, min: 0, max: GIB, unit: 'bytes of log per second' },
  weight: { default: 100, min: 1, max: 10_000, unit: 'shares of the engine threads' },
} as const satisfies Record<string, LimitRow>;

export type TenantLimitName = keyof typeof TENANT_LIMITS;
export type TenantLimits = Readonly<Record<TenantLimitName, number>>;

/**
 * What holds for a tenant: its own limits, else those of the node for all tenants.
 * @throws PluvioError `LIMIT_OUT_OF_RANGE`
 */
export function resolveTenantLimits(own: Partial<TenantLimits> = {}, base: Partial<TenantLimits> = {}): TenantLimits {
  for (const name of Object.keys(own)) {
    if (!Object.hasOwn(TENANT_LIMITS, name)) {
      throw new PluvioError('LIMIT_OUT_OF_RANGE', `there is no limit "${name}" of a tenant`, { limit: name });
    }
  }
  const entries = Object.entries(TENANT_LIMITS).map(([key, row]) => {
    const name = key as TenantLimitName; // keys of TENANT_LIMITS
    const value = own[name] ?? base[name] ?? row.default;
    if (!Number.isSafeInteger(value) || value < row.min || value > row.max) {
      throw new PluvioError(
        'LIMIT_OUT_OF_RANGE',
        `limit ${name} of a tenant is ${value}; it must be a whole number from ${row.min} to ${row.max} ${row.unit}`,
        { limit: name, min: row.min, max: row.max },
      );
    }
    return [name, value] as const;
  });
  return Object.fromEntries(entries) as TenantLimits; // one entry per key, above
}
