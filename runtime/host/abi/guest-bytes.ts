/**
 * Bounds-checked access to the guest's memory.
 *
 * Invariants:
 * 1. Pointers and lengths are unsigned 32-bit numbers from the guest and never trusted: what lies outside fails with `FAULT`.
 * 2. The buffer is asked for at every access: it is another one after the memory grew, and after a restore.
 */
import type { GuestAccess } from '../../engine/types.ts';
import { PluvioError } from '../../errors/index.ts';
import { fail } from './error-codes.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A place in the guest's memory that a call may write to. */
export interface GuestBuffer {
  readonly sizeBytes: number;
  /** Copies bytes to `at` in it, as many as fit; gives how many. */
  fill(bytes: Uint8Array, at?: number): number;
}

export class GuestBytes {
  #guest: GuestAccess | undefined;

  bind(guest: GuestAccess): void {
    this.#guest = guest;
  }

  restartState(): unknown {
    return this.#guest?.restartState();
  }

  /** The bytes themselves, not a copy: valid until the guest runs. */
  #view(address: number, sizeBytes: number): Uint8Array {
    const buffer = this.#buffer();
    if (address + sizeBytes > buffer.byteLength) fail('FAULT');
    return new Uint8Array(buffer, address, sizeBytes);
  }

  #buffer(): ArrayBufferLike {
    if (this.#guest === undefined) {
      throw new PluvioError('INTERNAL', 'a host call was made before the host was bound to a guest');
    }
    try {
      return this.#guest.memory().buffer;
    } catch (error) {
      if (error instanceof PluvioError && error.code === 'LINK_FAILED') fail('FAULT');
      throw error;
    }
  }

  /** A copy. */
  read(address: number, sizeBytes: number): Uint8Array {
    return this.#view(address, sizeBytes).slice();
  }

  /** UTF-8. */
  readText(address: number, sizeBytes: number): string {
    const bytes = this.#view(address, sizeBytes);
    try {
      return decoder.decode(bytes.slice()); // a copy: shared memory cannot be decoded
    } catch {
      return fail('INVALID');
    }
  }

  buffer(address: number, sizeBytes: number): GuestBuffer {
    this.#view(address, sizeBytes);
    return {
      sizeBytes,
      fill: (bytes, at = 0) => {
        const part = bytes.subarray(0, sizeBytes - at);
        this.#view(address, sizeBytes).set(part, at);
        return part.length;
      },
    };
  }
}
