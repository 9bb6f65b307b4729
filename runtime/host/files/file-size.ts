import { fail } from '../errno.ts';

/** An unsigned 64-bit file size or offset as a number; sizes that no file here can have fail with `fbig`. */
export function toFileSize(value: bigint): number {
  const unsigned = BigInt.asUintN(64, value);
  return unsigned > BigInt(Number.MAX_SAFE_INTEGER) ? fail('fbig') : Number(unsigned);
}
