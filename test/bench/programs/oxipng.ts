import { bytesAt, callNumber, checksum, inPackages, type Program, sequence, wordsAt } from './program.ts';

const LEVEL = 2;

/** Pixels in red, green, blue and alpha: gradients, edges and some noise. */
function picture(side: number): Uint8Array {
  const next = sequence(3);
  const pixels = new Uint8Array(side * side * 4);
  for (let at = 0; at < pixels.length; at += 4) {
    const x = (at / 4) % side;
    const y = Math.floor(at / 4 / side);
    const inside = (x - side / 2) ** 2 + (y - side / 2) ** 2 < (side / 3) ** 2;
    pixels.set(inside ? [x & 0xff, y & 0xff, 128, 255] : [(x * y) >> 8, 200 + next(8), (x + y) >> 1, 255], at);
  }
  return pixels;
}

export const oxipng: Program = {
  name: 'oxipng',
  what: 'image codec: a picture to an optimised PNG file',
  module: inPackages('@jsquash/oxipng/codec/pkg/squoosh_oxipng_bg.wasm'),
  memory: 'memory',
  wasi: {},
  connect: () => ({
    imports: {
      wbg: {
        __wbindgen_throw: () => {
          throw new Error('oxipng failed');
        },
      },
    },
    begin: async (guest, quick) => {
      const side = quick ? 16 : 512;
      const pixels = picture(side);
      const source = await callNumber(guest, '__wbindgen_malloc', [pixels.length, 1]);
      new Uint8Array(guest.memory().buffer).set(pixels, source);
      const found = await callNumber(guest, '__wbindgen_add_to_stack_pointer', [-16]);
      return {
        run: async () => {
          await guest.call('optimise_raw', [found, source, pixels.length, side, side, LEVEL, 0, 0]);
        },
        result: () => {
          const [pointer = 0, length = 0] = wordsAt(guest, found, 2);
          return checksum(bytesAt(guest, pointer, length));
        },
      };
    },
  }),
};
