import { type LimitRow, resolveLimits } from '../../limits/index.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const DAY_MS = 86_400_000;

/** Every limit of the store. docs/durability.md lists them. */
export const STORE_LIMITS = {
  databaseBytes: { default: 64 * GIB, min: MIB, max: 1024 * GIB, unit: 'bytes of the database file' },
  cacheBytes: { default: 32 * MIB, min: MIB, max: 4 * GIB, unit: 'bytes of database pages in memory' },
  walBytes: { default: 32 * MIB, min: 64 * KIB, max: GIB, unit: 'bytes of log before it is worked into the database' },
  queueRequests: { default: 10_000, min: 1, max: 1_000_000, unit: 'requests that wait or are being done' },
  queueBytes: { default: 64 * MIB, min: 64 * KIB, max: 4 * GIB, unit: 'bytes of requests that wait or are being done' },
  groupRequests: { default: 512, min: 1, max: 10_000, unit: 'requests in one transaction' },
  groupBytes: { default: 8 * MIB, min: 64 * KIB, max: 256 * MIB, unit: 'bytes of requests in one transaction' },
  bodyBytes: { default: 16 * MIB, min: KIB, max: 256 * MIB, unit: 'bytes of one body, outcome or payload' },
  checkpointBytes: { default: 512 * MIB, min: KIB, max: 900 * MIB, unit: 'bytes of delta and side of a checkpoint' },
  readBytes: { default: 8 * MIB, min: KIB, max: 256 * MIB, unit: 'bytes of bodies in one answer' },
  mailboxInputs: { default: 100_000, min: 1, max: 10_000_000, unit: 'unsettled inputs of a worker' },
  keptMs: { default: DAY_MS, min: 0, max: 365 * DAY_MS, unit: 'ms that a settled input with a key is remembered' },
  keptInputs: { default: 10_000, min: 0, max: 1_000_000, unit: 'settled inputs with a key remembered per worker' },
  checkpointsKept: { default: 3, min: 1, max: 10_000, unit: 'newest checkpoints kept per worker' },
  checkpointHours: { default: 24, min: 0, max: 24 * 365, unit: 'hours of which one checkpoint each is kept' },
  scrubBytes: { default: 256 * MIB, min: 0, max: 64 * GIB, unit: 'bytes whose checksums are compared at opening' },
} as const satisfies Record<string, LimitRow>;

export type StoreLimitName = keyof typeof STORE_LIMITS;
export type StoreLimits = Readonly<Record<StoreLimitName, number>>;

/**
 * Fills in defaults and checks every limit against its range.
 * @throws PluvioError `LIMIT_OUT_OF_RANGE`
 */
export function resolveStoreLimits(limits: Partial<StoreLimits> = {}): StoreLimits {
  return resolveLimits(STORE_LIMITS, limits, 'store limit');
}
