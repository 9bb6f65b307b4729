/**
 * Blobs of one worker: bytes by name, in blocks.
 *
 * Invariants:
 * 1. Blocks are never changed in place: a snapshot refers to them and copies nothing.
 * 2. All blocks of a blob but the last have BLOCK_BYTES; the last has 1 to BLOCK_BYTES. An empty blob has none.
 */
import { fail } from './error-codes.ts';
import type { GuestBuffer } from './guest-bytes.ts';
import { ENTRY_BYTES } from './limits.ts';
import { type NamePage, SortedNames, utf8Bytes } from './sorted-names.ts';
import type { StorageMeter } from './storage-meter.ts';

export const BLOCK_BYTES = 65_536;
/** A size is the result of a call. */
const BLOB_MAX_BYTES = 0x7fff_ffff;

const NOTHING = new Uint8Array();

interface Blob {
  sizeBytes: number;
  readonly blocks: Uint8Array[];
}

const entryBytes = (name: string): number => ENTRY_BYTES + utf8Bytes(name);

export class Blobs {
  readonly #meter: StorageMeter;
  readonly #maxCount: number;
  readonly #blobs = new Map<string, Blob>();
  readonly #names = new SortedNames(this.#blobs);

  constructor(meter: StorageMeter, maxCount: number) {
    this.#meter = meter;
    this.#maxCount = maxCount;
  }

  get count(): number {
    return this.#blobs.size;
  }

  sizeBytes(name: string): number | undefined {
    return this.#blobs.get(name)?.sizeBytes;
  }

  /** @throws AbiFault `INVALID` there would be a hole, `QUOTA` */
  write(name: string, offset: number, data: Uint8Array): void {
    const found = this.#blobs.get(name);
    const sizeBytes = found?.sizeBytes ?? 0;
    const newSizeBytes = Math.max(sizeBytes, offset + data.length);
    if (offset > sizeBytes) fail('INVALID');
    if (newSizeBytes > BLOB_MAX_BYTES || (found === undefined && this.#blobs.size >= this.#maxCount)) fail('QUOTA');
    this.#meter.charge(newSizeBytes - sizeBytes + (found === undefined ? entryBytes(name) : 0));
    const blob: Blob = found ?? { sizeBytes: 0, blocks: [] };
    for (let done = 0; done < data.length;) {
      const index = Math.floor((offset + done) / BLOCK_BYTES);
      const start = (offset + done) % BLOCK_BYTES;
      const part = data.subarray(done, done + BLOCK_BYTES - start);
      blob.blocks[index] = overwritten(blob.blocks[index] ?? NOTHING, start, part);
      done += part.length;
    }
    blob.sizeBytes = newSizeBytes;
    if (found !== undefined) return;
    this.#blobs.set(name, blob);
    this.#names.added(name);
  }

  /** Copies from `offset` on, as much as fits; undefined: there is no such blob. */
  read(name: string, offset: number, buffer: GuestBuffer): number | undefined {
    const blob = this.#blobs.get(name);
    if (blob === undefined) return undefined;
    const count = Math.max(0, Math.min(buffer.sizeBytes, blob.sizeBytes - offset));
    for (let done = 0; done < count;) {
      const start = (offset + done) % BLOCK_BYTES;
      const block = blob.blocks[Math.floor((offset + done) / BLOCK_BYTES)] ?? NOTHING;
      done += buffer.fill(block.subarray(start, start + count - done), done);
    }
    return count;
  }

  delete(name: string): boolean {
    const blob = this.#blobs.get(name);
    if (blob === undefined) return false;
    this.#meter.charge(-blob.sizeBytes - entryBytes(name));
    this.#blobs.delete(name);
    this.#names.removed(name);
    return true;
  }

  page(prefix: string, cursor: string, limit: number): NamePage {
    return this.#names.page(prefix, cursor, limit);
  }

  /** Name and blocks of each, by name. */
  get entries(): readonly (readonly [name: string, blocks: readonly Uint8Array[]])[] {
    return this.#names.all.map((name) => [name, [...(this.#blobs.get(name)?.blocks ?? [])]]);
  }

  /** Takes up checked state, in place of nothing; the bytes are its own from now on. */
  restore(entries: Iterable<readonly [name: string, blocks: readonly Uint8Array[]]>): void {
    for (const [name, blocks] of entries) {
      const sizeBytes = blocks.reduce((sum, block) => sum + block.length, 0);
      this.#meter.count(sizeBytes + entryBytes(name));
      this.#blobs.set(name, { sizeBytes, blocks: [...blocks] });
    }
    this.#names.forget();
  }
}

/** A block with these bytes from `start` on. */
function overwritten(block: Uint8Array, start: number, part: Uint8Array): Uint8Array {
  if (start === 0 && part.length >= block.length) return new Uint8Array(part);
  const made = new Uint8Array(Math.max(block.length, start + part.length));
  made.set(block);
  made.set(part, start);
  return made;
}
