/** Digests as OCI writes them: `sha256:` and 64 lower-case hexadecimal digits (OCI image specification, descriptor.md). */
import { FieldFault } from '../engine/plain-fields.ts';
import { PluvioError } from '../errors/index.ts';
import type { BundleCodecs } from './codecs.ts';

/** SHA-256 of some bytes, as registries write it. */
export type Digest = `sha256:${string}`;

export const DIGEST_BYTES = 32;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Whether a text is a digest. */
export const isDigest = (text: unknown): text is Digest => typeof text === 'string' && DIGEST.test(text);

/** @throws PluvioError `INVALID_ARGUMENT` */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new PluvioError(
    'INVALID_ARGUMENT',
    `${JSON.stringify(text.slice(0, 80))} is no digest; it must be sha256:<64 hex digits>`,
  );
}

/** @throws FieldFault */
export function readDigest(value: unknown): Digest {
  if (isDigest(value)) return value;
  throw new FieldFault(value, 'sha256: and 64 lower-case hexadecimal digits');
}

export const digestFromHash = (hash: Uint8Array): Digest =>
  `sha256:${Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;

/** The 32 bytes of a digest. */
export const hashOfDigest = (digest: Digest): Uint8Array =>
  Uint8Array.from({ length: DIGEST_BYTES }, (_, i) => parseInt(digest.slice(7 + 2 * i, 9 + 2 * i), 16));

export const hexOfDigest = (digest: Digest): string => digest.slice('sha256:'.length);

/** The digest of bytes. */
export async function digestOf(bytes: Uint8Array, codecs: BundleCodecs): Promise<Digest> {
  return digestFromHash(await codecs.sha256(bytes));
}

/** @throws PluvioError `BUNDLE_DIGEST` */
export async function verifyDigest(bytes: Uint8Array, digest: Digest, codecs: BundleCodecs): Promise<void> {
  const found = await digestOf(bytes, codecs);
  if (found !== digest) {
    throw new PluvioError('BUNDLE_DIGEST', `blob ${digest} has the content of ${found}`, { digest, found });
  }
}

/** Whether two pieces have the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}
