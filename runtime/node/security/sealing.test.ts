import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AT_REST_KEYS_MAX, AtRestKeys, isEncrypted, readAtRestKeys } from './at-rest.ts';
import { generateSealingKey, openStream, SEAL_CHUNK_BYTES, sealingKeyOf, sealStream } from './sealing.ts';

const key = generateSealingKey();
const CONTEXT = 'move 1';
const HEADER_BYTES = 69;

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}
const seal = (plain: Uint8Array, context = CONTEXT): Promise<Buffer> =>
  bytesOf(sealStream([plain], key.publicKey, context));
const open = (sealed: Uint8Array, { to = key, context = CONTEXT } = {}): Promise<Buffer> =>
  bytesOf(openStream([sealed], to, context));
/** Header, then whole chunks. */
function chunksOf(sealed: Buffer): Buffer[] {
  const parts = [sealed.subarray(0, HEADER_BYTES)];
  for (let at = HEADER_BYTES; at < sealed.length;) {
    const end = at + 4 + (sealed.readUInt32BE(at) & 0x7fff_ffff);
    parts.push(sealed.subarray(at, end));
    at = end;
  }
  return parts;
}
const BROKEN = { code: 'SEAL_BROKEN' };

describe('a sealed stream', () => {
  it.each([0, 1, SEAL_CHUNK_BYTES - 1, SEAL_CHUNK_BYTES, SEAL_CHUNK_BYTES + 1, 3 * SEAL_CHUNK_BYTES])(
    'of %d bytes comes back',
    async (length) => {
      const plain = randomBytes(length);
      const sealed = await seal(plain);
      expect((await open(sealed)).equals(plain)).toBe(true);
      expect(chunksOf(sealed)).toHaveLength(1 + Math.max(1, Math.ceil(length / SEAL_CHUNK_BYTES)));
      if (length >= 32) expect(sealed.includes(plain.subarray(0, 32))).toBe(false);
    },
  );

  it('however it is cut on both ways (property)', async () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(cuts, cuts, async (before, after) => {
        const pieces = before.map((length) => randomBytes(length));
        const sealed = await bytesOf(sealStream(pieces, key.publicKey, CONTEXT));
        const parts: Buffer[] = [];
        let rest = sealed;
        for (const length of after) [parts[parts.length], rest] = [rest.subarray(0, length), rest.subarray(length)];
        const opened = await bytesOf(openStream([...parts, rest], key, CONTEXT));
        expect(opened.equals(Buffer.concat(pieces))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  it('is never the same twice', async () => {
    expect((await seal(Buffer.from('x'))).equals(await seal(Buffer.from('x')))).toBe(false);
  });
});

describe('a hostile sealed stream', () => {
  it('that ends anywhere before its end', async () => {
    const sealed = await seal(randomBytes(2 * SEAL_CHUNK_BYTES + 100));
    const [header, first, second] = chunksOf(sealed) as [Buffer, Buffer, Buffer];
    const ends = [
      0,
      3,
      HEADER_BYTES,
      HEADER_BYTES + 2,
      HEADER_BYTES + first.length,
      header.length + first.length + second.length,
    ];
    for (const end of [...ends, sealed.length - 1])
      await expect(open(sealed.subarray(0, end))).rejects.toMatchObject(BROKEN);
  });

  it('with chunks in another order, twice, left out, or of another stream', async () => {
    const [header, one, two, three] = chunksOf(await seal(randomBytes(3 * SEAL_CHUNK_BYTES))) as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ];
    const [, , foreign] = chunksOf(await seal(randomBytes(3 * SEAL_CHUNK_BYTES))) as [Buffer, Buffer, Buffer];
    for (const parts of [
      [two, one, three],
      [one, one, three],
      [one, three],
      [three],
      [one, foreign, three],
      [one, two, three, three],
    ]) {
      await expect(open(Buffer.concat([header, ...parts]))).rejects.toMatchObject(BROKEN);
    }
    expect(await open(Buffer.concat([header, one, two, three]))).toHaveLength(3 * SEAL_CHUNK_BYTES);
  });

  it('whose end is moved: the mark of the last chunk is authenticated', async () => {
    const sealed = await seal(randomBytes(SEAL_CHUNK_BYTES + 5));
    const cut = Buffer.from(sealed.subarray(0, HEADER_BYTES + 4 + SEAL_CHUNK_BYTES + 16));
    cut[HEADER_BYTES]! |= 0x80;
    await expect(open(cut)).rejects.toMatchObject(BROKEN);
  });

  it('with any bit flipped (property)', async () => {
    const sealed = await seal(randomBytes(50));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: sealed.length * 8 - 1 }), async (bit) => {
        const flipped = Buffer.from(sealed);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        const error: unknown = await open(flipped).catch((thrown: unknown) => thrown);
        expect(['SEAL_BROKEN', 'KEY_UNKNOWN']).toContain((error as { code?: string }).code);
      }),
      { numRuns: 150 },
    );
  });

  it('for another receiver or purpose, with bytes behind it, or a chunk of a size that cannot be', async () => {
    const sealed = await seal(Buffer.from('text'));
    await expect(open(sealed, { to: generateSealingKey() })).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
    await expect(open(sealed, { context: 'move 2' })).rejects.toMatchObject(BROKEN);
    await expect(open(Buffer.concat([sealed, Buffer.from([0])]))).rejects.toMatchObject(BROKEN);
    const forged = Buffer.from(sealed);
    forged.writeUInt32BE(0x7fff_ffff, HEADER_BYTES);
    await expect(open(forged)).rejects.toThrowError(/has a chunk of 2147483647 bytes/);
    forged.writeUInt32BE(15, HEADER_BYTES);
    await expect(open(forged)).rejects.toThrowError(/has a chunk of 15 bytes/);
    await expect(open(new Uint8Array(HEADER_BYTES))).rejects.toThrowError(/does not begin as one/);
    const lowOrder = Buffer.concat([
      sealed.subarray(0, HEADER_BYTES - 32),
      Buffer.alloc(32),
      sealed.subarray(HEADER_BYTES),
    ]);
    await expect(open(lowOrder)).rejects.toMatchObject(BROKEN);
  });

  it('keys that are none', async () => {
    await expect(bytesOf(sealStream([], new Uint8Array(31), ''))).rejects.toMatchObject({ code: 'KEY_INVALID' });
    expect(() => sealingKeyOf(generateKeyPairSync('ed25519').privateKey)).toThrowError(/must be X25519/);
  });
});

describe('blobs at rest', () => {
  it('are read as the vector has them', async () => {
    const file = new URL('../../../test/vectors/at-rest/at-rest.json', import.meta.url);
    const vector = JSON.parse(await readFile(file, 'utf8')) as Record<'key' | 'digest' | 'plain' | 'stored', string>; // our own file
    const keys = new AtRestKeys([Buffer.from(vector.key, 'base64url')]);
    const stored = Buffer.from(vector.stored, 'hex');
    expect(isEncrypted(stored)).toBe(true);
    expect(Buffer.from(keys.decrypt(stored, vector.digest)).toString()).toBe(vector.plain);
    for (let at = 0; at < stored.length; at++) {
      const damaged = Buffer.from(stored);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
      if (isEncrypted(damaged))
        expect(() => keys.decrypt(damaged, vector.digest)).toThrowError(/^(encrypted )?blob sha256/);
    }
  });

  const [old, young] = [randomBytes(32), randomBytes(32)];
  const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const plain = randomBytes(1000);
  const digest = digestOf(plain);
  const damaged = expect.objectContaining({ code: 'SEAL_BROKEN' }) as Error;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pluvio-at-rest-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('come back, also after a new key was put before theirs', () => {
    const stored = new AtRestKeys([old]).encrypt(plain, digest);
    expect(stored.includes(plain.subarray(0, 16))).toBe(false);
    const rotated = new AtRestKeys([young, old]);
    expect(rotated.decrypt(stored, digest)).toEqual(plain);
    const anew = rotated.encrypt(plain, digest);
    expect(new AtRestKeys([young]).decrypt(anew, digest)).toEqual(plain);
    expect(() => new AtRestKeys([old]).decrypt(anew, digest)).toThrowError(
      expect.objectContaining({ code: 'KEY_UNKNOWN' }),
    );
    expect(new AtRestKeys([old]).decrypt(new AtRestKeys([old]).encrypt(Buffer.alloc(0), 'd'), 'd')).toHaveLength(0);
  });

  it('of before the encryption are read as they are', () => {
    expect(isEncrypted(plain)).toBe(false);
    expect(new AtRestKeys([old]).decrypt(plain, digest)).toBe(plain);
  });

  it('that were altered, cut or exchanged are not given out', () => {
    const keys = new AtRestKeys([old]);
    const stored = keys.encrypt(plain, digest);
    expect(() => keys.decrypt(stored, digestOf(Buffer.from('other')))).toThrowError(damaged);
    for (const end of [4, 40, 60, stored.length - 1])
      expect(() => keys.decrypt(stored.subarray(0, end), digest)).toThrowError(damaged);
    for (let bit = 4 * 8; bit < stored.length * 8; bit += 31) {
      const flipped = Buffer.from(stored);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => keys.decrypt(flipped, digest)).toThrowError(/SEAL|was altered|has version|is encrypted with key/);
    }
  });

  it('need keys that are keys, in a file for its owner only', async () => {
    expect(() => new AtRestKeys([])).toThrowError(/at least one/);
    expect(() => new AtRestKeys([randomBytes(31)])).toThrowError(/of 32 bytes/);
    const many = Array.from({ length: AT_REST_KEYS_MAX }, () => randomBytes(32));
    expect(() => new AtRestKeys(many)).not.toThrow();
    expect(() => new AtRestKeys([...many, randomBytes(32)])).toThrowError(/at most 64/);

    const path = join(folder, 'keys.json');
    await writeFile(path, JSON.stringify({ keys: [old.toString('base64url')] }), { mode: 0o600 });
    const keys = await readAtRestKeys(path);
    expect(keys.decrypt(new AtRestKeys([old]).encrypt(plain, digest), digest)).toEqual(plain);
    await chmod(path, 0o644);
    await expect(readAtRestKeys(path)).rejects.toThrowError(/has mode 644/);
    await chmod(path, 0o600);
    for (const text of ['', '{}', `{"keys": ["${old.toString('hex')}"]}`, '{"keys": []}']) {
      await writeFile(path, text);
      const error: unknown = await readAtRestKeys(path).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'KEY_INVALID' });
      expect((error as Error).message).not.toContain(old.toString('hex'));
    }
  });
});
