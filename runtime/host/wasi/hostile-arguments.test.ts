import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HandGuest } from '../../../test/wasi/hand-guest.ts';
import { GuestExit, Pending } from '../../engine/pending.ts';
import { WASI_FUNCTIONS } from './functions.ts';

const SEED = 20_261_122;
const EDGES = [
  0, 1, 2, 3, 4, 5, 8, 16, 131_071, 131_072, 131_064, 0x7fff_ffff, -1, -8, -0x8000_0000, 65_536, 48, 1024, 1025,
];
const i32 = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...EDGES) },
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);
const i64 = fc.oneof(
  fc.constantFrom(0n, 1n, -1n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n), 131_072n),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

/** A guest with a file, a directory and a link open or at hand, and small limits. */
const OPTIONS = {
  args: ['program'],
  env: { A: 'b' },
  files: { a: 'content', 'd/e': 'x', l: { symlink: 'a' } },
  scratchBytes: 100_000,
  maxOpenFiles: 8,
};

function makeGuest(): HandGuest {
  const guest = new HandGuest(OPTIONS);
  guest.open('a');
  guest.open('d', 2);
  guest.text('a', 0);
  guest.text('d/e', 131_069);
  return guest;
}

describe.each(['wasi_snapshot_preview1', 'wasi_unstable'] as const)('%s', (module) => {
  test.each(Object.entries(WASI_FUNCTIONS))('%s answers any arguments with an errno', (name, row) => {
    const args = fc.tuple(...row.params.map((type): fc.Arbitrary<number | bigint> => (type === 'i32' ? i32 : i64)));
    const property = fc.property(fc.array(args, { minLength: 1, maxLength: 4 }), (calls) => {
      const guest = makeGuest();
      for (const values of calls) {
        try {
          const result = guest.callOf(module, name, ...values);
          if (result instanceof Pending) guest.restartState = undefined;
          else expect(result).toSatisfy((errno: number) => Number.isInteger(errno) && errno >= 0 && errno <= 76);
        } catch (error) {
          if (!(error instanceof GuestExit)) throw error;
        }
      }
      guest.moved(OPTIONS).host.close(); // what such calls leave is a state like any other
      guest.host.close();
    });
    fc.assert(property, { seed: SEED, numRuns: 60 });
  });
});

test('a call without memory gives fault', () => {
  const guest = new HandGuest();
  Object.defineProperty(guest, 'memory', { value: { buffer: new ArrayBuffer(0) } });
  expect(guest.call('clock_time_get', 0, 0n, 0)).toBe(21);
});
