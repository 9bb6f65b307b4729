import { readFileSync } from 'node:fs';
import { bytesAt, callNumber, checksum, type Guest, inPackages, type Program, wordsAt } from './program.ts';

/** Calls a function of the component's interface, of bytes to bytes or an error. */
async function convert(guest: Guest, name: string, input: Uint8Array): Promise<Uint8Array> {
  const pointer = await callNumber(guest, 'cabi_realloc', [0, 0, 1, input.length]);
  new Uint8Array(guest.memory().buffer).set(input, pointer);
  const found = await callNumber(guest, `local:wasm-tools/tools#${name}`, [pointer, input.length]);
  const [failed = 0, at = 0, length = 0] = wordsAt(guest, found, 3);
  const output = bytesAt(guest, at, length);
  if ((failed & 0xff) !== 0) throw new Error(`${name}: ${new TextDecoder().decode(output)}`);
  await guest.call(`cabi_post_local:wasm-tools/tools#${name}`, [found]);
  return output;
}

export const wasmTools: Program = {
  name: 'wasm-tools',
  what: 'printer and parser: a module of half a megabyte to text and back',
  module: inPackages('@bytecodealliance/jco-transpile/vendor/wasm-tools.core.wasm'),
  memory: 'memory',
  wasi: {},
  connect: () => ({
    imports: {},
    begin: (guest, quick) => {
      const subject = quick
        ? Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
        : readFileSync(inPackages('quickjs-wasi/quickjs.wasm'));
      let found = new Uint8Array();
      return Promise.resolve({
        run: async () => {
          found = Uint8Array.from(await convert(guest, 'parse', await convert(guest, 'print', subject)));
        },
        result: () => checksum(found),
      });
    },
  }),
};
