/** Limits of what a registry may take of us: time, tries, bytes. */
import { type LimitRow, resolveLimits } from '../../limits/index.ts';

const MIB = 2 ** 20;

/** Each limit: its default, its range, its unit. */
export const REGISTRY_LIMITS = {
  /** From the end of a request to the beginning of its answer. */
  headMs: { default: 30_000, min: 1, max: 600_000, unit: 'ms' },
  /** Between two pieces of a body. */
  stallMs: { default: 30_000, min: 1, max: 600_000, unit: 'ms' },
  /** A push or pull as a whole. */
  operationMs: { default: 3_600_000, min: 1, max: 86_400_000, unit: 'ms' },
  /** Tries of one request, or of one blob without progress. */
  attempts: { default: 5, min: 1, max: 20, unit: 'tries' },
  redirects: { default: 5, min: 0, max: 20, unit: 'redirects' },
  /** A token, an index, a description of an error. */
  documentBytes: { default: 4 * MIB, min: 1024, max: 64 * MIB, unit: 'bytes' },
  /** One request of an upload. */
  chunkBytes: { default: 8 * MIB, min: 1, max: 512 * MIB, unit: 'bytes' },
  /** Blobs on their way at the same time. */
  parallel: { default: 4, min: 1, max: 32, unit: 'blobs' },
  /** Referrers of one kind that are looked at. */
  referrers: { default: 32, min: 0, max: 1024, unit: 'referrers' },
} as const satisfies Record<string, LimitRow>;

export type RegistryLimitName = keyof typeof REGISTRY_LIMITS;
/** Limits on what a registry may answer; docs/registries.md lists them. */
export type RegistryLimits = { readonly [Name in RegistryLimitName]?: number };
export type ResolvedRegistryLimits = { readonly [Name in RegistryLimitName]: number };

/** @throws PluvioError `LIMIT_OUT_OF_RANGE` */
export const resolveRegistryLimits = (limits: RegistryLimits = {}): ResolvedRegistryLimits =>
  resolveLimits(REGISTRY_LIMITS, limits);
