/**
 * What the host holds for its guest, counted in bytes against one limit.
 *
 * A resource is held as long as the guest has a handle of it, or another one that is held refers to it: a pollable its stream, a stream its body.
 * What it counts follows from its fields alone (`heldBytesOf`), so that it is the same after a move.
 *
 * Boundary: counting. Who makes and gives up resources is resources.ts.
 */
import { assert } from '../../errors/index.ts';
import { heldBytesOf, RESOURCE_BYTES } from './held-bytes.ts';
import { referred } from './referred.ts';
import type { Wasi2Resource } from './resources.ts';

interface Held {
  holders: number;
  bytes: number;
}

/** What only small resources may take: whoever has filled the rest can still wait for room. */
const SPARE_MAX_BYTES = 65_536;
const SMALL_BYTES = 2 * RESOURCE_BYTES;

export class Holdings {
  readonly maxBytes: number;
  readonly #spareBytes: number;
  #usedBytes = 0;
  readonly #held = new Map<Wasi2Resource, Held>();

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
    this.#spareBytes = Math.min(SPARE_MAX_BYTES, maxBytes >> 2);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** What texts, header fields and bodies may take now. */
  get freeBytes(): number {
    return Math.max(0, this.maxBytes - this.#spareBytes - this.#usedBytes);
  }

  /** Whether a resource may be made; those that it refers to are held. */
  hasRoomFor(resource: Wasi2Resource): boolean {
    const bytes = heldBytesOf(resource);
    return bytes <= (bytes > SMALL_BYTES ? this.freeBytes : this.maxBytes - this.#usedBytes);
  }

  /** One more holds it. */
  hold(resource: Wasi2Resource): void {
    const known = this.#held.get(resource);
    if (known !== undefined) {
      known.holders++;
      return;
    }
    const bytes = heldBytesOf(resource);
    this.#held.set(resource, { holders: 1, bytes });
    this.#usedBytes += bytes;
    const inner = referred(resource);
    if (inner !== undefined) this.hold(inner);
  }

  /** One less holds it; gives what nobody holds any more. */
  letGo(resource: Wasi2Resource): Wasi2Resource[] {
    const known = this.#held.get(resource);
    assert(known !== undefined, 'a resource is given up that is not held');
    if (--known.holders > 0) return [];
    this.#held.delete(resource);
    this.#usedBytes -= known.bytes;
    const inner = referred(resource);
    return inner === undefined ? [resource] : [resource, ...this.letGo(inner)];
  }

  /** Its fields have changed, and it counts what they take now. */
  recount(resource: Wasi2Resource): void {
    const known = this.#held.get(resource);
    if (known === undefined) return; // nobody holds it any more
    const bytes = heldBytesOf(resource);
    this.#usedBytes += bytes - known.bytes;
    known.bytes = bytes;
  }

  /** Changes its fields, if there is room for what they take then; else `undo` sets them back. False: it did. */
  change(resource: Wasi2Resource, make: () => void, undo: () => void): boolean {
    const before = this.#usedBytes;
    make();
    this.recount(resource);
    if (this.#usedBytes <= Math.max(before, this.maxBytes - this.#spareBytes)) return true;
    undo();
    this.recount(resource);
    return false;
  }

  clear(): void {
    this.#held.clear();
    this.#usedBytes = 0;
  }
}
