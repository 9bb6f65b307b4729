/**
 * Bounds-checked access to the guest's memory.
 *
 * Boundary: addresses are unsigned 32-bit numbers from the guest and never trusted.
 *
 * Invariants:
 * 1. What lies outside the memory fails with `fault`; nothing is read or written then.
 * 2. The buffer is asked for at every access: it is another one after the memory grew, and after a restore.
 * 3. Nothing is allocated by a size that the guest gave before it was checked against the memory and a limit.
 */
import type { GuestAccess } from '../../engine/types.ts';
import { PluvioError } from '../../errors/index.ts';
import { fail } from '../errno.ts';
import { IOVECS_MAX, TRANSFER_MAX_BYTES } from './transfer-limits.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const IOVEC_BYTES = 8;

export class GuestMemory {
  private guest: GuestAccess | undefined;
  private view = new DataView(new ArrayBuffer(0));

  bind(guest: GuestAccess): void {
    this.guest = guest;
  }

  /** What an earlier execution of the call in progress left, see `GuestAccess.restartState`. */
  restartState(): unknown {
    return this.guest?.restartState();
  }

  /** A view of the whole memory in which `sizeBytes` at `address` exist. */
  private checked(address: number, sizeBytes: number): DataView<ArrayBufferLike> {
    const buffer = this.buffer();
    if (this.view.buffer !== buffer) this.view = new DataView(buffer as ArrayBuffer); // a shared one is as good for a view
    if (address + sizeBytes > buffer.byteLength) fail('fault');
    return this.view;
  }

  private buffer(): ArrayBufferLike {
    if (this.guest === undefined)
      throw new PluvioError('INTERNAL', 'a WASI function was called before the host was bound to a guest');
    try {
      return this.guest.memory().buffer;
    } catch (error) {
      if (error instanceof PluvioError && error.code === 'LINK_FAILED') fail('fault');
      throw error;
    }
  }

  /** Fails with `fault` if any of these bytes does not exist. */
  check(address: number, sizeBytes: number): void {
    this.checked(address, sizeBytes);
  }

  /** The bytes themselves, not a copy: valid until the memory grows. */
  bytes(address: number, sizeBytes: number): Uint8Array {
    return new Uint8Array(this.checked(address, sizeBytes).buffer, address, sizeBytes);
  }

  readU8(address: number): number {
    return this.checked(address, 1).getUint8(address);
  }

  readU16(address: number): number {
    return this.checked(address, 2).getUint16(address, true);
  }

  readU32(address: number): number {
    return this.checked(address, 4).getUint32(address, true);
  }

  readU64(address: number): bigint {
    return this.checked(address, 8).getBigUint64(address, true);
  }

  writeU8(address: number, value: number): void {
    this.checked(address, 1).setUint8(address, value);
  }

  writeU16(address: number, value: number): void {
    this.checked(address, 2).setUint16(address, value, true);
  }

  writeU32(address: number, value: number): void {
    this.checked(address, 4).setUint32(address, value, true);
  }

  writeU64(address: number, value: bigint): void {
    this.checked(address, 8).setBigUint64(address, value, true);
  }

  writeBytes(address: number, bytes: Uint8Array): void {
    this.bytes(address, bytes.length).set(bytes);
  }

  /**
   * UTF-8 text of at most `maxBytes`.
   * @throws Errno `fault`, `nametoolong`, `ilseq` if it is not UTF-8, `inval` if it holds a NUL
   */
  readPath(address: number, sizeBytes: number, maxBytes: number): string {
    const bytes = this.bytes(address, sizeBytes);
    if (sizeBytes > maxBytes) fail('nametoolong');
    let text: string;
    try {
      text = decoder.decode(bytes.slice()); // a copy: shared memory cannot be decoded
    } catch {
      fail('ilseq');
    }
    if (text.includes('\0')) fail('inval');
    return text;
  }

  /**
   * The buffers of an iovec or ciovec array, checked, as views in order; the list itself is at most IOVECS_MAX long.
   * @throws Errno `fault`, `inval` if there are too many or too much
   */
  readVectors(address: number, count: number): Uint8Array[] {
    if (count > IOVECS_MAX) fail('inval');
    this.check(address, count * IOVEC_BYTES);
    const vectors: Uint8Array[] = [];
    let total = 0;
    for (let index = 0; index < count; index++) {
      const at = address + index * IOVEC_BYTES;
      const vector = this.bytes(this.readU32(at), this.readU32(at + 4));
      total += vector.length;
      if (total > TRANSFER_MAX_BYTES) fail('inval');
      vectors.push(vector);
    }
    return vectors;
  }
}
