/**
 * The bytes of one regular file: a read-only base with copy-on-write blocks above it.
 *
 * Boundary: offsets and bytes. Charges a quota for what the guest's writing costs; knows no inodes.
 *
 * Invariants:
 * 1. Bytes below `baseLength` come from the base, unless their block is in `blocks`. `baseLength` never grows: what was cut off
 *    once reads as zero after the file grows again.
 * 2. A block holds at most BLOCK_BYTES and may be shorter than its part of the file: what it lacks are zeros. Its bytes past the
 *    end of the file are zeros.
 * 3. A range that nobody wrote to has no block: growing a file allocates nothing.
 * 4. The charge is: bytes of the file past `baseLength`, and for each block the bytes of the base that it stands in for. So a
 *    file's charge follows from its state alone and bounds its memory up to one block.
 */
import { fail } from '../errno.ts';
import type { Quota } from './quota.ts';

/** Size of a copy-on-write block in bytes. */
export const BLOCK_BYTES = 65536;
const SMALLEST_BLOCK_BYTES = 256;

export class FileContent {
  readonly base: Uint8Array;
  private baseLength: number;
  private length: number;
  private readonly blocks = new Map<number, Uint8Array>();
  /** What `writtenBlocks` gave of blocks that have not changed since: they are copied before they do. */
  private readonly given = new Map<number, Uint8Array>();
  private readonly quota: Quota;

  constructor(base: Uint8Array, quota: Quota) {
    this.base = base;
    this.baseLength = base.length;
    this.length = base.length;
    this.quota = quota;
  }

  get sizeBytes(): number {
    return this.length;
  }

  /** How many bytes at the start come from the base where no block replaces them. */
  get baseBytes(): number {
    return this.baseLength;
  }

  /** Copies bytes at `offset` into `target`; gives how many there were. */
  read(offset: number, target: Uint8Array): number {
    const count = Math.max(0, Math.min(target.length, this.length - offset));
    for (let done = 0; done < count;) {
      const at = offset + done;
      const inBlock = at % BLOCK_BYTES;
      const part = Math.min(count - done, BLOCK_BYTES - inBlock);
      this.readPart(Math.floor(at / BLOCK_BYTES), inBlock, target.subarray(done, done + part));
      done += part;
    }
    return count;
  }

  private readPart(index: number, inBlock: number, target: Uint8Array): void {
    const block = this.blocks.get(index);
    const start = index * BLOCK_BYTES + inBlock;
    const source =
      block === undefined
        ? this.base.subarray(start, Math.min(start + target.length, this.baseLength))
        : block.subarray(inBlock, inBlock + target.length);
    target.set(source);
    target.fill(0, source.length);
  }

  /**
   * Writes bytes at `offset`, as many as the quota allows; gives how many.
   * @throws Errno `nospc` if there was something to write and not one byte fits
   */
  write(offset: number, source: Uint8Array): number {
    if (source.length === 0) return 0;
    if (offset > this.length) this.growTo(offset);
    let done = 0;
    while (done < source.length) {
      const at = offset + done;
      const inBlock = at % BLOCK_BYTES;
      const wanted = Math.min(source.length - done, BLOCK_BYTES - inBlock);
      const index = Math.floor(at / BLOCK_BYTES);
      const part = this.chargeWrite(index, at, wanted, done > 0);
      if (part === 0) break;
      this.blockFor(index, inBlock + part).set(source.subarray(done, done + part), inBlock);
      done += part;
    }
    return done;
  }

  /** Grows the file to where a write is to begin, but only if at least one byte fits there. */
  private growTo(offset: number): void {
    const index = Math.floor(offset / BLOCK_BYTES);
    const copied = this.blocks.has(index) ? 0 : this.baseBytesIn(index);
    if (offset - this.length + copied + 1 > this.quota.free) fail('nospc');
    this.resize(offset);
  }

  /** Charges a write of up to `wanted` bytes within one block and grows the file over it; gives how many bytes may be written. */
  private chargeWrite(index: number, at: number, wanted: number, mayStop: boolean): number {
    const copied = this.blocks.has(index) ? 0 : this.baseBytesIn(index);
    const inside = Math.max(0, Math.min(wanted, this.length - at));
    const room = this.quota.free - copied;
    const part = room < 0 ? 0 : inside + Math.min(wanted - inside, room);
    if (part === 0 && mayStop) return 0;
    this.quota.take(copied + Math.max(part - inside, part === 0 ? 1 : 0));
    this.length = Math.max(this.length, at + part);
    return part;
  }

  /** How many bytes of the base lie in that block of the file. */
  private baseBytesIn(index: number): number {
    return Math.max(0, Math.min(BLOCK_BYTES, this.baseLength - index * BLOCK_BYTES));
  }

  /** The block, made from the base if there is none, with room for `needed` bytes. */
  private blockFor(index: number, needed: number): Uint8Array {
    const old = this.blocks.get(index);
    const isGiven = this.given.delete(index);
    if (old !== undefined && old.length >= needed && !isGiven) return old;
    const start = index * BLOCK_BYTES;
    const kept = old ?? this.base.subarray(start, start + this.baseBytesIn(index));
    let capacity = SMALLEST_BLOCK_BYTES;
    while (capacity < Math.max(needed, kept.length)) capacity *= 2;
    const block = new Uint8Array(capacity);
    block.set(kept);
    this.blocks.set(index, block);
    return block;
  }

  /**
   * Sets the size; new bytes are zeros.
   * @throws Errno `nospc`
   */
  resize(sizeBytes: number): void {
    if (sizeBytes >= this.length) {
      this.quota.take(sizeBytes - this.length);
    } else {
      const before = this.chargeBytes();
      this.shrink(sizeBytes);
      this.quota.give(before - this.chargeBytes());
    }
    this.length = sizeBytes;
  }

  private shrink(sizeBytes: number): void {
    this.length = sizeBytes;
    this.baseLength = Math.min(this.baseLength, sizeBytes);
    for (const [index, block] of this.blocks) {
      const kept = sizeBytes - index * BLOCK_BYTES;
      if (kept <= 0) {
        this.blocks.delete(index);
        this.given.delete(index);
      } else if (kept < block.length) {
        this.blockFor(index, block.length).fill(0, kept);
      }
    }
  }

  /** What this file costs the quota, see invariant 4. */
  chargeBytes(): number {
    let charge = this.length - this.baseLength;
    for (const index of this.blocks.keys()) charge += this.baseBytesIn(index);
    return charge;
  }

  /** The blocks that were written, by ascending index, without trailing zeros. Their bytes are never changed: a block is copied before. */
  writtenBlocks(): [index: number, bytes: Uint8Array][] {
    return [...this.blocks]
      .sort(([a], [b]) => a - b)
      .map(([index, block]) => {
        const bytes = this.given.get(index) ?? withoutZerosBehind(block);
        this.given.set(index, bytes);
        return [index, bytes];
      });
  }

  /**
   * Takes up the state of a snapshot. The caller has checked that indices ascend, that every block lies inside the file, and that
   * `baseBytes` is at most the base's length and the size.
   * @throws Errno `nospc` if it does not fit the quota
   */
  load(sizeBytes: number, baseBytes: number, blocks: readonly (readonly [number, Uint8Array])[]): void {
    this.quota.give(this.chargeBytes());
    this.blocks.clear();
    this.given.clear();
    this.length = sizeBytes;
    this.baseLength = baseBytes;
    for (const [index, bytes] of blocks) this.blocks.set(index, new Uint8Array(bytes));
    this.quota.take(this.chargeBytes());
  }
}

/** A view. */
function withoutZerosBehind(block: Uint8Array): Uint8Array {
  let end = block.length;
  while (end > 0 && block[end - 1] === 0) end--;
  return block.subarray(0, end);
}
