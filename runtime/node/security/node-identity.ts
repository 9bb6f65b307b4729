/**
 * The identity of a node: an Ed25519 key that is made at the first start and stays in the data directory.
 *
 * Invariants:
 * 1. The private key leaves the process in no message, record or answer.
 * 2. A damaged or readable key file is an error: a node never silently becomes another.
 */
import type { KeyObject } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BundleSignature, type KeyPair, signManifest } from '../../bundle/index.ts';
import { generateSigningKey, readKeyFile, type SigningKey, writeKeyFile } from './ed25519-keys.ts';

export const IDENTITY_FILE = 'identity.pem';

export class NodeIdentity {
  readonly signingKey: SigningKey;

  constructor(signingKey: SigningKey) {
    this.signingKey = signingKey;
  }

  /** What the node shows of itself. */
  get shown(): { readonly publicKey: string; readonly keyId: string } {
    return { publicKey: this.signingKey.publicText, keyId: this.signingKey.keyId };
  }

  /** Signs the manifest of a bundle that leaves this node. */
  sign(manifestBytes: Uint8Array): Promise<BundleSignature> {
    return signManifest(manifestBytes, this.keyPair);
  }

  /** As `packBundle` and `signManifest` take it. */
  get keyPair(): KeyPair {
    const privateKey = this.signingKey.privateKey.export({ format: 'der', type: 'pkcs8' });
    return { publicKey: this.signingKey.publicKey, privateKey: new Uint8Array(privateKey) };
  }
}

/**
 * Opens the identity of a data directory, or makes it. Without a directory it lasts as long as the process.
 * @throws PluvioError `KEY_INVALID`, `FILE_FAILED`
 */
export async function openNodeIdentity(dataDir: string | undefined): Promise<NodeIdentity> {
  if (dataDir === undefined) return new NodeIdentity(generateSigningKey());
  const path = join(dataDir, IDENTITY_FILE);
  await makeKeyFile(path, generateSigningKey);
  return new NodeIdentity(await readKeyFile(path));
}

/** Makes a key file unless there is something at its place. */
export async function makeKeyFile(path: string, generate: () => { readonly privateKey: KeyObject }): Promise<void> {
  const isThere = await stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT', // anything else is told by the reader
  );
  if (!isThere) await writeKeyFile(path, generate());
}
