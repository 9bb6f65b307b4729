/** Writes any tree as MessagePack, also what no honest writer gives: long formats, extensions, keys twice or out of order. */
import { ByteWriter } from '../../../runtime/wasm/index.ts';
import type { Choices } from '../choices.ts';

const DEPTH_MAX = 80;
const NIL = 0xc0;

/** Parts may be shared, and multiply; beyond this everything is nil. */
const SIZE_MAX_BYTES = 2 ** 20;

class Bytes {
  readonly writer = new ByteWriter(4096);

  put(...bytes: readonly number[]): void {
    for (const byte of bytes) this.writer.byte(byte & 0xff);
  }

  all(bytes: Uint8Array): void {
    this.writer.bytes(bytes);
  }

  /** A number of `size` bytes, most significant first. */
  uint(value: bigint, size: number): void {
    for (let shift = (size - 1) * 8; shift >= 0; shift -= 8) this.put(Number((value >> BigInt(shift)) & 0xffn));
  }

  get isFull(): boolean {
    return this.writer.length > SIZE_MAX_BYTES;
  }
}

/** A head with a length: short where it fits and nothing longer was chosen. */
function head(
  out: Bytes,
  choices: Choices,
  length: number,
  fix: readonly [base: number, max: number],
  wide: number,
): void {
  if (length <= fix[1] && !choices.oneIn(60)) return out.put(fix[0] | length);
  if (length < 0x10000 && !choices.oneIn(60)) {
    out.put(wide);
    return out.uint(BigInt(length), 2);
  }
  out.put(wide + 1);
  out.uint(BigInt(choices.oneIn(60) ? choices.edge() : length), 4);
}

function number(out: Bytes, value: number): void {
  if (Number.isInteger(value) && value >= 0 && value < 0x80) return out.put(value);
  if (Number.isInteger(value) && value >= -32 && value < 0) return out.put(value);
  if (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) {
    out.put(0xce);
    return out.uint(BigInt(value), 4);
  }
  if (Number.isInteger(value) && value >= -0x8000_0000 && value < 0) {
    out.put(0xd2);
    return out.uint(BigInt.asUintN(32, BigInt(value)), 4);
  }
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  out.put(0xcb);
  out.all(bytes);
}

function text(out: Bytes, value: string, choices: Choices): void {
  const bytes = new TextEncoder().encode(value);
  head(out, choices, bytes.length, [0xa0, 31], 0xda);
  out.all(bytes);
}

function write(out: Bytes, value: unknown, choices: Choices, depth: number): void {
  if (depth > DEPTH_MAX || out.isFull || value === null || value === undefined) return out.put(NIL);
  if (choices.oneIn(2000)) return out.put(choices.pick([0xc1, 0xc7, 0xd4, 0xd6, 0xd8]), choices.below(256), 0, 0);
  if (typeof value === 'boolean') return out.put(value ? 0xc3 : 0xc2);
  if (typeof value === 'number') return number(out, value);
  if (typeof value === 'bigint') {
    out.put(value < 0n ? 0xd3 : 0xcf);
    return out.uint(BigInt.asUintN(64, value), 8);
  }
  if (typeof value === 'string') return text(out, value, choices);
  if (value instanceof Uint8Array) {
    out.put(0xc6);
    out.uint(BigInt(value.length), 4);
    return out.all(value);
  }
  if (Array.isArray(value)) {
    head(out, choices, value.length, [0x90, 15], 0xdc);
    for (const item of value) write(out, item, choices, depth + 1);
    return;
  }
  const entries = Object.entries(value as Record<string, unknown>); // all other types were dealt with
  if (!choices.oneIn(40)) entries.sort(([a], [b]) => (a < b ? -1 : 1));
  const [first] = entries;
  if (first !== undefined && choices.oneIn(100)) entries.push(first);
  head(out, choices, entries.length, [0x80, 15], 0xde);
  for (const [key, item] of entries) {
    text(out, key, choices);
    write(out, item, choices, depth + 1);
  }
}

/** The tree in MessagePack; what nests too deep (a cycle) becomes nil. */
export function looseMessagePack(tree: unknown, choices: Choices): Uint8Array {
  const out = new Bytes();
  write(out, tree, choices, 0);
  return out.writer.toBytes();
}
