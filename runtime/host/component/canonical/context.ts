/**
 * What lifting and lowering works on: the guest's memory, its allocator, its handles.
 *
 * Boundary: addresses. What is at them is the codecs'. All that a guest can do wrong is a trap, `WebAssembly.RuntimeError`.
 */
import { limitTrap, trap } from '../../guest-trap.ts';
import type { HandleTable } from '../handle-table.ts';

/** A value of a flat type: i64 as bigint. */
export type FlatValue = number | bigint;

/** What one call may take of the host's memory, about: a guest could point to the same bytes any number of times. */
export const LIFTED_MAX_BYTES = 2 ** 26;
/** Longest list or text, in bytes (CanonicalABI.md: `MAX_LIST_BYTE_LENGTH`, `MAX_STRING_BYTE_LENGTH`). */
const LENGTH_MAX_BYTES = 2 ** 28 - 1;

/** Of the functions that have the same canonical options. */
export interface GuestSide {
  /** The memory as it is now. @throws PluvioError: there is none, a mistake in the component */
  readonly memory: () => ArrayBufferLike;
  readonly realloc: (oldAddress: number, oldBytes: number, align: number, newBytes: number) => number;
  /** There is no guest: values are written to be read again, so that all resources need handles. */
  readonly isKept?: true;
}

/** What a value has in the guest, and takes in the host. */
export interface Extent {
  readonly sizeBytes: number;
  readonly align: number;
  readonly hostBytes: number;
}

export class CanonicalContext {
  readonly handles: HandleTable;
  /** See `GuestSide`. */
  readonly isKept: boolean;
  readonly #guest: GuestSide;
  /** The memory as the views below are of it; undefined: it may have changed. */
  #buffer: ArrayBufferLike | undefined;
  #bytes: Uint8Array = new Uint8Array();
  #view: DataView = new DataView(new ArrayBuffer(0));
  #liftedBytes = 0;

  constructor(guest: GuestSide, handles: HandleTable) {
    this.#guest = guest;
    this.handles = handles;
    this.isKept = guest.isKept === true;
  }

  /** A call begins: the memory may have grown since the last one. */
  begin(): void {
    this.#liftedBytes = 0;
    this.#buffer = undefined;
  }

  get bytes(): Uint8Array {
    if (this.#buffer === undefined) this.#open();
    return this.#bytes;
  }

  get view(): DataView {
    if (this.#buffer === undefined) this.#open();
    return this.#view;
  }

  #open(): void {
    const buffer = this.#guest.memory();
    if (this.#bytes.buffer !== buffer || this.#bytes.length !== buffer.byteLength) {
      this.#bytes = new Uint8Array(buffer);
      this.#view = new DataView(buffer);
    }
    this.#buffer = buffer;
  }

  /** An address as the guest gives it, which must be aligned and have so many bytes behind it. */
  checked(address: number, sizeBytes: number, align: number): number {
    const at = address >>> 0;
    if (at % align !== 0) trap(`address ${at} must be a multiple of ${align}`);
    if (at + sizeBytes > this.bytes.length) {
      trap(`${sizeBytes} bytes at address ${at} are beyond the memory, which has ${this.bytes.length} bytes`);
    }
    return at;
  }

  /**
   * The elements at an address, checked: how many bytes they are.
   *
   * @param element What one has in the guest, and takes in the host.
   * @param hostBytes What the list itself takes in the host.
   */
  lifts(address: number, length: number, element: Extent, hostBytes: number): number {
    const count = length >>> 0;
    const sizeBytes = count * element.sizeBytes;
    if (sizeBytes > LENGTH_MAX_BYTES) {
      trap(`a list or text of ${sizeBytes} bytes is too long: it must have at most ${LENGTH_MAX_BYTES}`);
    }
    this.#liftedBytes += count * element.hostBytes + hostBytes;
    if (this.#liftedBytes > LIFTED_MAX_BYTES) {
      limitTrap(
        `the lists and texts of a call take more than ${LIFTED_MAX_BYTES} bytes of the host, which is the limit`,
      );
    }
    this.checked(address, sizeBytes, element.align);
    return sizeBytes;
  }

  /** Memory of the guest's own for so many bytes. */
  alloc(sizeBytes: number, align: number): number {
    if (sizeBytes > LENGTH_MAX_BYTES) {
      trap(`a list or text of ${sizeBytes} bytes is too long for the guest: it must have at most ${LENGTH_MAX_BYTES}`);
    }
    const at = this.#guest.realloc(0, 0, align, sizeBytes) >>> 0;
    this.#buffer = undefined;
    if (at % align !== 0) trap(`the guest's allocator gave address ${at}, which must be a multiple of ${align}`);
    if (at + sizeBytes > this.bytes.length) {
      trap(
        `the guest's allocator gave ${sizeBytes} bytes at address ${at}, beyond the memory, which has ${this.bytes.length} bytes`,
      );
    }
    return at;
  }
}
