/** wasi:random; what WIT calls insecure is taken from the same source. */
import { limitTrap } from '../guest-trap.ts';
import type { InterfaceOf, Wasi2Context } from './context.ts';

/** Bytes of one call: WIT has no way to give fewer than were asked for. */
export const RANDOM_MAX_BYTES = 2 ** 24;

function randomBytes({ random }: Wasi2Context, sizeBytes: bigint): Uint8Array {
  if (sizeBytes > BigInt(RANDOM_MAX_BYTES)) {
    limitTrap(`cannot give ${sizeBytes} random bytes: it must be at most ${RANDOM_MAX_BYTES}`);
  }
  const bytes = new Uint8Array(Number(sizeBytes));
  random(bytes);
  return bytes;
}

function randomU64(wasi: Wasi2Context): bigint {
  return new DataView(randomBytes(wasi, 8n).buffer).getBigUint64(0, true);
}

export const RANDOM_INTERFACES = {
  'wasi:random/random@0.2': (wasi) => ({
    'get-random-bytes': (sizeBytes: bigint) => randomBytes(wasi, sizeBytes),
    'get-random-u64': () => randomU64(wasi),
  }),
  'wasi:random/insecure@0.2': (wasi) => ({
    'get-insecure-random-bytes': (sizeBytes: bigint) => randomBytes(wasi, sizeBytes),
    'get-insecure-random-u64': () => randomU64(wasi),
  }),
  'wasi:random/insecure-seed@0.2': (wasi) => ({
    'insecure-seed': () => [randomU64(wasi), randomU64(wasi)],
  }),
} as const satisfies Record<string, InterfaceOf>;
