import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BytePieces } from './byte-pieces.ts';

test('pieces of any length come out in order, as often as they are joined', () => {
  const piece = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 4000, maxLength: 9000 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(piece, fc.boolean()), { maxLength: 60 }), (given) => {
      const pieces = new BytePieces();
      const expected: number[] = [];
      for (const [bytes, joins] of given) {
        pieces.append(bytes.slice());
        expected.push(...bytes);
        if (joins) expect([...pieces.joined()]).toEqual(expected);
      }
      expect(pieces.sizeBytes).toBe(expected.length);
      expect([...pieces.joined()]).toEqual(expected);
      expect([...BytePieces.of(pieces.joined()).joined()]).toEqual(expected);
      pieces.clear();
      expect([pieces.sizeBytes, pieces.joined()]).toEqual([0, new Uint8Array()]);
    }),
    { numRuns: 50 },
  );
});
