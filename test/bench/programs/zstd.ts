import { bytesAt, callNumber, checksum, inPackages, place, type Program, wordyText } from './program.ts';

/** The package's build has short names for everything. */
const NAMES = {
  memory: 'f',
  initialise: 'g',
  isError: 'h',
  compressBound: 'i',
  compress: 'm',
  decompress: 'r',
  malloc: 's',
} as const;
const LEVEL = 9;

/** Grows by what is missing; gives 1, or 0 if that could not be. */
export function resizeHeap(memory: WebAssembly.Memory, sizeBytes: number): number {
  const missing = (sizeBytes >>> 0) - memory.buffer.byteLength;
  try {
    if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
    return 1;
  } catch {
    return 0;
  }
}

export const zstd: Program = {
  name: 'zstd',
  what: 'compression: text to level 9 and back',
  module: inPackages('@bokuweb/zstd-wasm/dist/common/zstd.wasm'),
  memory: NAMES.memory,
  wasi: {},
  connect: (memory) => ({
    imports: {
      a: {
        a: () => undefined,
        b: () => undefined,
        c: () => undefined,
        d: () => 0,
        e: (sizeBytes: number) => resizeHeap(memory(), sizeBytes),
      },
    },
    begin: async (guest, quick) => {
      await guest.call(NAMES.initialise);
      const text = new TextEncoder().encode(wordyText(quick ? 5000 : 3_000_000));
      const bound = await callNumber(guest, NAMES.compressBound, [text.length]);
      const source = await place(guest, text, NAMES.malloc);
      const packed = await callNumber(guest, NAMES.malloc, [bound]);
      const back = await callNumber(guest, NAMES.malloc, [text.length]);
      let size = 0;
      return {
        run: async () => {
          size = await callNumber(guest, NAMES.compress, [packed, bound, source, text.length, LEVEL]);
          await callNumber(guest, NAMES.decompress, [back, text.length, packed, size]);
        },
        result: () => {
          if (checksum(bytesAt(guest, back, text.length)) !== checksum(text)) throw new Error('zstd lost something');
          return checksum(bytesAt(guest, packed, size));
        },
      };
    },
  }),
};
