/**
 * Ed25519 keys (RFC 8032) as files, text and JWKs.
 *
 * Boundary: node:crypto. A private key is kept as PKCS #8 in PEM, as other tools write it; a public key is shown as base64url of its
 * 32 bytes, and named by its JWK thumbprint (RFC 7638).
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PluvioError } from '../../errors/index.ts';

export const PUBLIC_KEY_BYTES = 32;
const PUBLIC_KEY_TEXT = /^[A-Za-z0-9_-]{43}$/;
const KEY_FILE_MAX_BYTES = 4096;
/** What stands before the seed in PKCS #8 (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface SigningKey {
  readonly privateKey: KeyObject;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** base64url of the public key. */
  readonly publicText: string;
  readonly keyId: string;
}

export const publicKeyText = (publicKey: Uint8Array): string => Buffer.from(publicKey).toString('base64url');

/** @throws PluvioError `KEY_INVALID` */
export function parsePublicKey(text: string): Uint8Array {
  const bytes = PUBLIC_KEY_TEXT.test(text) ? Buffer.from(text, 'base64url') : undefined;
  if (bytes?.length !== PUBLIC_KEY_BYTES || publicKeyText(bytes) !== text) {
    const message = `"${text.slice(0, 60)}" is no public key; it must be 32 bytes in base64url, 43 characters`;
    throw new PluvioError('KEY_INVALID', message);
  }
  return new Uint8Array(bytes);
}

/** The thumbprint of the key as a JWK (RFC 7638 and 8037), base64url. */
export function keyIdOf(publicText: string): string {
  return createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${publicText}"}`).digest('base64url');
}

/** @throws PluvioError `KEY_INVALID` */
export function publicKeyObject(publicText: string): KeyObject {
  parsePublicKey(publicText);
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicText }, format: 'jwk' });
}

export function signingKeyOf(privateKey: KeyObject): SigningKey {
  if (privateKey.asymmetricKeyType !== 'ed25519') {
    throw new PluvioError('KEY_INVALID', `the key is ${privateKey.asymmetricKeyType}; it must be Ed25519`);
  }
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { privateKey, publicKey: parsePublicKey(x), publicText: x, keyId: keyIdOf(x) };
}

export const generateSigningKey = (): SigningKey => signingKeyOf(generateKeyPairSync('ed25519').privateKey);

/** The 32 bytes that a private key is made of, base64url. */
export const seedOf = ({ privateKey }: SigningKey): string => privateKey.export({ format: 'jwk' }).d ?? '';

/** @throws PluvioError `KEY_INVALID` */
export function signingKeyOfSeed(seed: string): SigningKey {
  const bytes = parsePublicKey(seed); // as long and as written as a public key
  const der = Buffer.concat([PKCS8_HEAD, bytes]);
  return signingKeyOf(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

/**
 * Reads a private key that only its owner may read.
 * @throws PluvioError `KEY_INVALID`, `FILE_FAILED`
 */
export const readKeyFile = async (path: string): Promise<SigningKey> => signingKeyOf(await readPrivateKey(path));

/**
 * Reads a private key of any kind that only its owner may read.
 * @throws PluvioError `KEY_INVALID`, `FILE_FAILED`
 */
export async function readPrivateKey(path: string): Promise<KeyObject> {
  const bytes = await readOwnerOnly(path, KEY_FILE_MAX_BYTES);
  try {
    return createPrivateKey({ key: bytes, format: 'pem' });
  } catch (cause) {
    throw new PluvioError('KEY_INVALID', `${path} holds no private key in PEM (PKCS #8)`, { path }, { cause });
  }
}

/**
 * Reads a small file whose permissions keep others off.
 * @throws PluvioError `KEY_INVALID`, `FILE_FAILED`
 */
export async function readOwnerOnly(path: string, maxBytes: number): Promise<Buffer> {
  try {
    const { mode, size } = await stat(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const found = (mode & 0o777).toString(8);
      throw new PluvioError('KEY_INVALID', `${path} has mode ${found}; only its owner may read it: chmod 600`, {
        path,
      });
    }
    if (size > maxBytes)
      throw new PluvioError('KEY_INVALID', `${path} has ${size} bytes; at most ${maxBytes}`, { path });
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof PluvioError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PluvioError('FILE_FAILED', `cannot read key ${path}: ${reason}`, { path }, { cause });
  }
}

/**
 * Writes a new private key; a file that is there is left alone.
 * @throws PluvioError `FILE_FAILED`
 */
export async function writeKeyFile(path: string, { privateKey }: { readonly privateKey: KeyObject }): Promise<void> {
  const text = privateKey.export({ format: 'pem', type: 'pkcs8' });
  const temporary = `${path}.${process.pid}.part`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(temporary, path); // fails where a file is: neither a torn nor a replaced key
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PluvioError('FILE_FAILED', `cannot write key ${path}: ${reason}`, { path }, { cause });
  } finally {
    await rm(temporary, { force: true });
  }
}
