/** Changes to bytes that know nothing of a format. */
import type { Choices } from './choices.ts';

const BYTES = [0, 1, 2, 0x0b, 0x40, 0x60, 0x63, 0x64, 0x6f, 0x70, 0x7f, 0x80, 0x90, 0xc1, 0xc7, 0xdf, 0xff] as const;
/** Lengths of ranges. */
const LENGTHS = [1, 1, 1, 2, 2, 3, 4, 8, 16, 64, 300] as const;

type Change = (bytes: Uint8Array, choices: Choices, donor: Uint8Array) => Uint8Array;

/** A place in the bytes; mostly near their start, where headers are. */
const place = (bytes: Uint8Array, choices: Choices): number =>
  choices.below(Math.min(bytes.length + 1, choices.pick([16, 64, 512, 0x7fff_ffff])));

function replace(bytes: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array {
  const end = Math.min(bytes.length, at + removed);
  const result = new Uint8Array(bytes.length - (end - at) + inserted.length);
  result.set(bytes.subarray(0, at));
  result.set(inserted, at);
  result.set(bytes.subarray(end), at + inserted.length);
  return result;
}

const put = (bytes: Uint8Array, at: number, inserted: Uint8Array): Uint8Array =>
  replace(bytes, at, inserted.length, inserted);

function range(bytes: Uint8Array, choices: Choices): Uint8Array {
  const at = choices.below(bytes.length);
  return bytes.subarray(at, at + choices.pick(LENGTHS));
}

/** The number as four bytes. */
function fixed32(value: number, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, littleEndian);
  return bytes;
}

/** The number as LEB128 of up to `width` bytes, longer than it need be. */
function wideLeb(value: number, width: number): Uint8Array {
  let rest = value;
  return Uint8Array.from({ length: width }, (_, index) => {
    const byte = (rest & 0x7f) | (index === width - 1 ? 0 : 0x80);
    rest >>>= 7;
    return byte;
  });
}

const CHANGES: readonly Change[] = [
  (bytes, choices) => put(bytes, place(bytes, choices), Uint8Array.of(choices.pick(BYTES))),
  (bytes, choices) => put(bytes, place(bytes, choices), Uint8Array.of(choices.below(256))),
  (bytes, choices) => {
    const at = place(bytes, choices);
    return put(bytes, at, Uint8Array.of((bytes[at] ?? 0) ^ (1 << choices.below(8))));
  },
  (bytes, choices) => {
    const at = place(bytes, choices);
    return put(bytes, at, Uint8Array.of((bytes[at] ?? 0) + choices.pick([1, 255, 2, 254])));
  },
  (bytes, choices) => replace(bytes, place(bytes, choices), choices.pick(LENGTHS), new Uint8Array()),
  (bytes, choices) => replace(bytes, place(bytes, choices), 0, choices.bytes(choices.pick(LENGTHS))),
  (bytes, choices) => replace(bytes, place(bytes, choices), 0, range(bytes, choices)),
  (bytes, choices, donor) => replace(bytes, place(bytes, choices), choices.pick(LENGTHS), range(donor, choices)),
  (bytes, choices) => put(bytes, place(bytes, choices), fixed32(choices.edge(), choices.oneIn(2))),
  (bytes, choices) => replace(bytes, place(bytes, choices), 1, wideLeb(choices.edge(), 1 + choices.below(6))),
  (bytes, choices) => {
    const at = place(bytes, choices);
    return replace(bytes, at, 1, wideLeb(bytes[at] ?? 0, 2 + choices.below(4)));
  },
  (bytes, choices) => bytes.subarray(0, choices.below(bytes.length + 1)),
];

/** The bytes with one change; `donor` is where foreign pieces come from. */
export const changeBytes = (bytes: Uint8Array, choices: Choices, donor: Uint8Array = bytes): Uint8Array =>
  choices.pick(CHANGES)(bytes, choices, donor);
