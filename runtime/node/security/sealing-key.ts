/** The sealing key of a node: X25519, in the data directory, its public half signed by the node's identity. */
import { sign, verify } from 'node:crypto';
import { join } from 'node:path';
import { PluvioError } from '../../errors/index.ts';
import { parsePublicKey, publicKeyObject, publicKeyText, readPrivateKey } from './ed25519-keys.ts';
import { makeKeyFile, type NodeIdentity } from './node-identity.ts';
import { generateSealingKey, type SealingKey, sealingKeyOf } from './sealing.ts';

export const SEALING_KEY_FILE = 'sealing.pem';
const CONTEXT = 'pluvio sealing key\n';

/** What a node shows of it. */
export interface ShownSealingKey {
  /** base64url. */
  readonly publicKey: string;
  /** Of the node's identity, base64url. */
  readonly signature: string;
}

/**
 * Opens the sealing key of a data directory, or makes it. Without a directory it lasts as long as the process.
 * @throws PluvioError `KEY_INVALID`, `FILE_FAILED`
 */
export async function openSealingKey(dataDir: string | undefined): Promise<SealingKey> {
  if (dataDir === undefined) return generateSealingKey();
  const path = join(dataDir, SEALING_KEY_FILE);
  await makeKeyFile(path, generateSealingKey);
  return sealingKeyOf(await readPrivateKey(path));
}

export function shownSealingKey({ publicKey }: SealingKey, { signingKey }: NodeIdentity): ShownSealingKey {
  const text = publicKeyText(publicKey);
  const signature = sign(null, Buffer.from(CONTEXT + text), signingKey.privateKey);
  return { publicKey: text, signature: signature.toString('base64url') };
}

/**
 * The key to seal to, if the node of that identity vouches for it.
 * @throws PluvioError `KEY_INVALID`
 */
export function trustedSealingKey({ publicKey, signature }: ShownSealingKey, identityKey: string): Uint8Array {
  const bytes = parsePublicKey(publicKey);
  const data = Buffer.from(CONTEXT + publicKey);
  if (verify(null, data, publicKeyObject(identityKey), Buffer.from(signature, 'base64url'))) return bytes;
  throw new PluvioError('KEY_INVALID', `the sealing key ${publicKey} is not vouched for by the node ${identityKey}`);
}
