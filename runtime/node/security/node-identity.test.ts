import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifySignature } from '../../bundle/index.ts';
import {
  generateSigningKey,
  keyIdOf,
  parsePublicKey,
  readKeyFile,
  seedOf,
  signingKeyOfSeed,
  writeKeyFile,
} from './ed25519-keys.ts';
import { IDENTITY_FILE, openNodeIdentity } from './node-identity.ts';
import { openSealingKey, SEALING_KEY_FILE, shownSealingKey, trustedSealingKey } from './sealing-key.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pluvio-identity-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
const invalid = expect.objectContaining({ code: 'KEY_INVALID' }) as unknown;

describe('the identity of a node', () => {
  it('is made once, for its owner only, and stays', async () => {
    const dataDir = join(folder, 'data');
    const first = await openNodeIdentity(dataDir);
    expect((await stat(join(dataDir, IDENTITY_FILE))).mode & 0o777).toBe(0o600);
    expect((await openNodeIdentity(dataDir)).shown).toEqual(first.shown);
    expect((await openNodeIdentity(undefined)).shown).not.toEqual(first.shown);
    expect(JSON.stringify(first)).not.toContain(seedOf(first.signingKey));
  });

  it('signs manifests as bundles are signed', async () => {
    const identity = await openNodeIdentity(undefined);
    const manifest = new TextEncoder().encode('{}');
    const signed = await identity.sign(manifest);
    expect(await verifySignature(manifest, signed)).toBe(true);
    expect(Buffer.from(signed.publicKey).toString('base64url')).toBe(identity.shown.publicKey);
  });

  it('that is damaged, or that others may read, is an error and not another identity', async () => {
    const dataDir = join(folder, 'damaged');
    await openNodeIdentity(dataDir);
    const path = join(dataDir, IDENTITY_FILE);
    await chmod(path, 0o640);
    await expect(openNodeIdentity(dataDir)).rejects.toThrowError(/has mode 640; only its owner may read it/);
    await chmod(path, 0o600);
    await writeFile(path, 'nonsense');
    await expect(openNodeIdentity(dataDir)).rejects.toEqual(invalid);
    await writeFile(path, 'x'.repeat(5000));
    await expect(openNodeIdentity(dataDir)).rejects.toEqual(invalid);
  });
});

describe('the sealing key of a node', () => {
  it('stays, and is vouched for by its identity', async () => {
    const dataDir = join(folder, 'sealing');
    const identity = await openNodeIdentity(dataDir);
    const key = await openSealingKey(dataDir);
    expect((await stat(join(dataDir, SEALING_KEY_FILE))).mode & 0o777).toBe(0o600);
    expect((await openSealingKey(dataDir)).publicKey).toEqual(key.publicKey);
    expect((await openSealingKey(undefined)).publicKey).not.toEqual(key.publicKey);
    const shown = shownSealingKey(key, identity);
    expect(trustedSealingKey(shown, identity.shown.publicKey)).toEqual(key.publicKey);
    const other = await openNodeIdentity(undefined);
    const otherKey = shownSealingKey(await openSealingKey(undefined), other);
    for (const forged of [otherKey, { ...shown, publicKey: otherKey.publicKey }, { ...shown, signature: '' }]) {
      expect(() => trustedSealingKey(forged, identity.shown.publicKey)).toThrowError(/is not vouched for/);
    }
    expect(() => trustedSealingKey({ ...shown, publicKey: 'x' }, identity.shown.publicKey)).toThrowError(
      /is no public key/,
    );
  });
});

describe('keys', () => {
  it('are named by their JWK thumbprint', async () => {
    const { publicText, keyId } = generateSigningKey();
    expect(keyId).toBe(await calculateJwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x: publicText }));
    // RFC 8037, appendix A.3.
    expect(keyIdOf('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo')).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  it('come back from their seed and from files, also of other tools', async () => {
    const key = generateSigningKey();
    expect(signingKeyOfSeed(seedOf(key)).publicText).toBe(key.publicText);
    const path = join(folder, 'key.pem');
    await writeKeyFile(path, key);
    expect((await readKeyFile(path)).keyId).toBe(key.keyId);
    await expect(writeKeyFile(path, generateSigningKey())).rejects.toMatchObject({ code: 'FILE_FAILED' });
    expect((await readKeyFile(path)).keyId).toBe(key.keyId);
    const made = join(folder, 'openssl.pem');
    execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', made]);
    await chmod(made, 0o600);
    expect((await readKeyFile(made)).publicKey).toHaveLength(32);
    expect(await readFile(path, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  });

  it.each(['', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}=`, `${'A'.repeat(42)}B`])(
    '%j is no public key',
    (text) => {
      expect(() => parsePublicKey(text)).toThrowError(expect.objectContaining({ code: 'KEY_INVALID' }));
    },
  );

  it('of another kind are refused', async () => {
    const path = join(folder, 'rsa.pem');
    execFileSync('openssl', ['genpkey', '-algorithm', 'x25519', '-out', path]);
    await chmod(path, 0o600);
    await expect(readKeyFile(path)).rejects.toThrowError(/the key is x25519; it must be Ed25519/);
    await expect(readKeyFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'FILE_FAILED' });
  });
});
