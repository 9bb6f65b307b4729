import { describe, expect, test } from 'vitest';
import { decodeSignature, encodeSignature, verifySignature } from './signature.ts';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

/** RFC 8032, section 7.1, test 2. */
const VECTOR = {
  message: bytes('72'),
  publicKey: bytes('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'),
  signature: bytes(
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ),
};

describe('a signature', () => {
  test('of the specification fits its message and no other', async () => {
    expect(await verifySignature(VECTOR.message, VECTOR)).toBe(true);
    expect(await verifySignature(bytes('73'), VECTOR)).toBe(false);
    expect(await verifySignature(VECTOR.message, { ...VECTOR, publicKey: new Uint8Array(31) })).toBe(false);
    expect(await verifySignature(VECTOR.message, { ...VECTOR, publicKey: new Uint8Array(32).fill(0xff) })).toBe(false);
  });

  test('comes back from its text', () => {
    const { publicKey, signature } = VECTOR;
    expect(decodeSignature(encodeSignature(VECTOR))).toEqual({ publicKey, signature });
  });

  test.each(['', 'a.b', `${'A'.repeat(43)}.${'A'.repeat(85)}`, `${'A'.repeat(43)}.${'='.repeat(86)}`])(
    '%j is no text of one',
    (text) => {
      expect(() => decodeSignature(text)).toThrow(expect.objectContaining({ code: 'BUNDLE_SIGNATURE' }));
    },
  );
});
