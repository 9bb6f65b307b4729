import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { MoveSeal, type MoveSealOptions, type OfferedSeal, sealBundle, sealMove } from './move-seal.ts';
import { generateSigningKey } from './ed25519-keys.ts';
import { NodeIdentity } from './node-identity.ts';
import { generateSealingKey, openStream, sealedTo, sealingKeyId, sealingKeyOf } from './sealing.ts';
import { shownSealingKey } from './sealing-key.ts';

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

function sealOf(options: Partial<MoveSealOptions>, identity = new NodeIdentity(generateSigningKey())): MoveSeal {
  const key = generateSealingKey();
  const shown = shownSealingKey(key, identity);
  const own = { key, shown, identity: identity.shown.publicKey };
  return new MoveSeal({ policy: 'offered', peers: [], pinned: false, ...own, ...options });
}

const TARGET = 'http://target';
const target = new NodeIdentity(generateSigningKey());
const offeredBy = (options: Partial<MoveSealOptions> = {}): OfferedSeal | undefined => sealOf(options, target).offered;
const KNOWN = [target.shown.publicKey];

describe('a move is sealed', () => {
  it.each([
    ['never', {}, {}, false],
    ['offered', {}, {}, true],
    ['offered', {}, { policy: 'never' }, false],
    ['offered', { pinned: true }, {}, false],
    ['offered', { pinned: true }, { policy: 'required', peers: KNOWN }, true],
    ['required', { peers: KNOWN }, {}, true],
    ['required', { peers: KNOWN, pinned: true }, {}, true],
  ] as const)('by a source with %s %j to a target with %j: %s', (policy, source, there, isSealed) => {
    const key = sealOf({ policy, ...source }).keyFor(TARGET, offeredBy(there));
    expect(key !== undefined).toBe(isSealed);
  });

  it('or refused', () => {
    const errorOf = (source: Partial<MoveSealOptions>, offered: OfferedSeal | undefined): unknown => {
      try {
        return sealOf(source).keyFor(TARGET, offered);
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    const required = { policy: 'required', peers: KNOWN } as const;
    const offered = offeredBy() as OfferedSeal; // shown by a target with `offered`
    expect(errorOf(required, undefined)).toBe('SEAL_REQUIRED');
    expect(errorOf({ policy: 'never' }, offeredBy(required))).toBe('SEAL_REQUIRED');
    const stranger = [new NodeIdentity(generateSigningKey()).shown.publicKey];
    expect(errorOf({ peers: stranger }, offered)).toBe('NODE_UNTRUSTED');
    expect(errorOf({ policy: 'required', peers: stranger }, offered)).toBe('NODE_UNTRUSTED');
    expect(errorOf({}, { ...offered, identity: stranger[0] ?? '' })).toBe('KEY_INVALID');
    expect(() => sealOf({ policy: 'required' })).toThrowError(/trust\.peers is empty/);
  });

  it('and nothing else is taken where that is required', () => {
    expect(() => sealOf({ policy: 'required', peers: KNOWN }).checkPlain()).toThrowError(/not sealed/);
    for (const policy of ['never', 'offered'] as const) expect(() => sealOf({ policy }).checkPlain()).not.toThrow();
  });
});

interface SealedVectors {
  readonly privateKey: string;
  readonly publicKey: string;
  readonly keyId: string;
  readonly vectors: readonly { readonly context: string; readonly plain: string; readonly sealed: string }[];
}

describe('vectors', async () => {
  const file = new URL('../../../test/vectors/sealed/sealed.json', import.meta.url);
  const { privateKey, publicKey, keyId, vectors } = JSON.parse(await readFile(file, 'utf8')) as SealedVectors; // our own file
  const jwk = { kty: 'OKP', crv: 'X25519', x: publicKey, d: privateKey };
  const key = sealingKeyOf(createPrivateKey({ key: jwk, format: 'jwk' }));

  it.each(vectors)('$context, $plain', async ({ context, plain, sealed }) => {
    const bytes = Buffer.from(sealed, 'hex');
    expect((await bytesOf(openStream([bytes], key, context))).toString('hex')).toBe(plain);
    expect([sealedTo(bytes), sealingKeyId(key.publicKey)]).toEqual([keyId, keyId]);
    await expect(bytesOf(openStream([bytes], key, `${context}0`))).rejects.toMatchObject({ code: 'SEAL_BROKEN' });
  });

  it('are of the contexts that nodes use', async () => {
    const [, id = '', stream = ''] = /^pluvio move (\S+) (\d+)$/.exec(vectors.at(-1)?.context ?? '') ?? [];
    const seal = sealOf({ key });
    const text = Buffer.from('text');
    const sent = sealMove(streamOf(text), key.publicKey, id, Number(stream));
    expect(await bytesOf(seal.openMove(sent, id, Number(stream)))).toEqual(text);
    for (const { context, plain, sealed } of vectors) {
      const bytes = streamOf(Buffer.from(sealed, 'hex'));
      const opened = context === 'pluvio bundle' ? seal.openBundle(bytes) : seal.openMove(bytes, id, Number(stream));
      expect((await bytesOf(opened)).toString('hex')).toBe(plain);
    }
    expect(await bytesOf(seal.openBundle(sealBundle([text], key.publicKey)))).toEqual(text);
  });

  it('nothing else passes for a sealed file', () => {
    const head = Buffer.from(vectors[0]?.sealed ?? '', 'hex');
    for (const bytes of [head.subarray(0, 36), Buffer.from('PLVB'.padEnd(64)), new Uint8Array(0)])
      expect(sealedTo(bytes)).toBeUndefined();
    expect(sealedTo(head.subarray(0, 37))).toBe(keyId);
  });
});

async function* streamOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
