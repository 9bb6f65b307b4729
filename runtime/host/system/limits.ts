import { type LimitRow, resolveLimits } from '../../limits/index.ts';

/** Limits of one WASI host: default, the largest value that a caller may ask for, unit. The smallest is 0. */
export const WASI_LIMITS = {
  /** What writing to the file tree may cost: contents, copied blocks of base files, targets of symbolic links. */
  scratchBytes: { default: 64 * 2 ** 20, max: 2 ** 30, unit: 'bytes' },
  /** Open descriptors, with standard streams and preopened directories. */
  maxOpenFiles: { default: 1024, max: 65536, unit: 'descriptors' },
  /** One path as the guest passes it; also the target of a symbolic link. */
  maxPathBytes: { default: 4096, max: 65536, unit: 'bytes' },
  /** Inodes that the guest made, and directory entries that the guest made. */
  maxInodes: { default: 65536, max: 2 ** 20, unit: 'inodes' },
  /** WASI 0.2: what the host holds for the guest besides files: resources, header fields, bodies; room for answers that are under way. */
  heldBytes: { default: 64 * 2 ** 20, max: 2 ** 30, unit: 'bytes' },
} as const satisfies Record<string, LimitRow>;

export type WasiLimitName = keyof typeof WASI_LIMITS;
export type WasiLimits = { readonly [Name in WasiLimitName]?: number };
export type ResolvedWasiLimits = { readonly [Name in WasiLimitName]: number };

/** What one poll may wait for. */
export const SUBSCRIPTIONS_MAX = 4096;
/** Random bytes that are fetched at once. */
export const RANDOM_CHUNK_BYTES = 65536;

/** Takes the limits out of what may have other fields. @throws PluvioError `LIMIT_OUT_OF_RANGE` */
export function resolveWasiLimits({
  scratchBytes,
  maxOpenFiles,
  maxPathBytes,
  maxInodes,
  heldBytes,
}: WasiLimits): ResolvedWasiLimits {
  return resolveLimits(WASI_LIMITS, { scratchBytes, maxOpenFiles, maxPathBytes, maxInodes, heldBytes });
}
