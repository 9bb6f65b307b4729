/** Limits of a tenant: what all its workers together may take on one node. */
import { PluvioError } from '../../errors/index.ts';
import { type AskedLimits, type LimitRow, resolveLimits } from '../../limits/index.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

export interface TenantLimitRow extends LimitRow {
  /** What happens when it is reached. */
  readonly reached: string;
}

const REFUSED = 'refused with `TENANT_LIMIT` (429)';

/** Each limit: the range that an operator may set, its unit. To begin with a tenant may have what the node has. */
export const TENANT_LIMITS = {
  workers: { default: 100_000, min: 0, max: 100_000, unit: 'workers', reached: `a new worker is ${REFUSED}` },
  liveWorkers: {
    default: 100_000,
    min: 1,
    max: 100_000,
    unit: 'workers in memory',
    reached: `what needs one more in memory is ${REFUSED}; inputs of the journal wait until another has left memory`,
  },
  memoryBytes: {
    default: 4096 * GIB,
    min: MIB,
    max: 4096 * GIB,
    unit: 'bytes of memory of live workers',
    reached: `a worker that needs them to begin is ${REFUSED}; \`memory.grow\` gives -1`,
  },
  storageBytes: {
    default: 2 ** 46,
    min: 0,
    max: 2 ** 46,
    unit: 'bytes of key-value and blob storage',
    reached: 'the guest gets `QUOTA`',
  },
  bundleBytes: { default: 2 ** 46, min: 0, max: 2 ** 46, unit: 'bytes of bundles', reached: `a bundle is ${REFUSED}` },
  fuelPerSecond: {
    default: Number.MAX_SAFE_INTEGER,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    unit: 'fuel per second',
    reached: 'the next turn of each of its workers comes later',
  },
  callsPerSecond: {
    default: 10_000_000,
    min: 1,
    max: 10_000_000,
    unit: 'calls, messages and HTTP requests per second',
    reached: `the call is ${REFUSED}`,
  },
  streams: {
    default: 10_000,
    min: 0,
    max: 10_000,
    unit: 'open log and event streams',
    reached: `the stream is ${REFUSED}`,
  },
} as const satisfies Record<string, TenantLimitRow>;

export type TenantLimitName = keyof typeof TENANT_LIMITS;
export type TenantLimits = Readonly<Record<TenantLimitName, number>>;
export type AskedTenantLimits = AskedLimits<TenantLimitName>;

/**
 * What holds for a tenant: its own limits, else those of the node for all tenants.
 * @throws PluvioError `LIMIT_OUT_OF_RANGE`
 */
export const resolveTenantLimits = (own: AskedTenantLimits = {}, base: AskedTenantLimits = {}): TenantLimits =>
  resolveLimits(TENANT_LIMITS, own, 'tenant limit', base);

/** What is beyond a limit of a tenant is refused with that. */
export function tenantLimitError(
  tenant: string,
  limit: TenantLimitName,
  max: number,
  retryAfterMs: number,
): PluvioError {
  const { unit } = TENANT_LIMITS[limit];
  return new PluvioError('TENANT_LIMIT', `tenant "${tenant}" has its limit ${limit}, ${max} ${unit}`, {
    tenant,
    limit,
    max,
    retryAfterMs,
  });
}
