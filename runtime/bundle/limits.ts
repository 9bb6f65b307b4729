/** Limits that hold while a bundle is unpacked, before memory is taken for what it claims. */
import { PluvioError } from '../errors/index.ts';
import { type LimitRow, resolveLimits } from '../limits/index.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Each limit: its default, the largest value that a receiver may set, its unit. */
export const BUNDLE_LIMITS = {
  totalBytes: { default: GIB, max: 16 * GIB, unit: 'bytes of all blobs' },
  blobBytes: { default: 512 * MIB, max: 2 * GIB, unit: 'bytes of one blob' },
  blobs: { default: 20_000, max: 100_000, unit: 'blobs' },
  metadataBytes: { default: 4 * MIB, max: 64 * MIB, unit: 'bytes of one JSON document' },
  moduleBytes: { default: 256 * MIB, max: GIB, unit: 'bytes' },
  snapshotBytes: { default: 256 * MIB, max: GIB, unit: 'bytes without memory' },
  memoryBytes: { default: GIB, max: 16 * GIB, unit: 'bytes of memory, uncompressed' },
  logBytes: { default: 16 * MIB, max: GIB, unit: 'bytes' },
  files: { default: 4096, max: 10_000, unit: 'files' },
  fileBytes: { default: 256 * MIB, max: 2 * GIB, unit: 'bytes of one file' },
  expansion: { default: 200, max: 100_000, unit: 'bytes of memory per byte of its blobs' },
} as const satisfies Record<string, LimitRow>;

/** A limit on what a bundle may hold. */
export type BundleLimitName = keyof typeof BUNDLE_LIMITS;
/** Limits on what a bundle may hold; docs/bundle-format.md lists them. */
export type BundleLimits = { readonly [Name in BundleLimitName]?: number };
export type ResolvedBundleLimits = { readonly [Name in BundleLimitName]: number };

/** So much memory may come of small blobs before the limit `expansion` counts. */
export const EXPANSION_FLOOR_BYTES = 64 * MIB;

/** @throws PluvioError `LIMIT_OUT_OF_RANGE` */
export const resolveBundleLimits = (limits: BundleLimits = {}): ResolvedBundleLimits =>
  resolveLimits(BUNDLE_LIMITS, limits);

/** @throws PluvioError `BUNDLE_LIMIT` */
export function checkLimit(limits: ResolvedBundleLimits, limit: BundleLimitName, found: number, what: string): void {
  if (found <= limits[limit]) return;
  const { unit } = BUNDLE_LIMITS[limit];
  throw new PluvioError('BUNDLE_LIMIT', `${what} has ${found} ${unit}; limit ${limit} is ${limits[limit]}`, {
    limit,
    max: limits[limit],
    found,
  });
}
