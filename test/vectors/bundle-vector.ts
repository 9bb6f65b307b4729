import type { Bundle } from '../../runtime/bundle/bundle.ts';
import type { KeyPair } from '../../runtime/bundle/signature.ts';
import { parseTagged } from './tagged-json.ts';

export interface BundleVector {
  /** Digest of its OCI manifest when memory is packed without zstd. */
  readonly digest: string;
  readonly bundle: Bundle;
  readonly keys: KeyPair;
}

/** Reads the JSON of a bundle vector; `files` are a list of pairs there. */
export function readBundleVector(text: string): BundleVector {
  // vectors are our own files, and the tests compare what is read with what is decoded
  const json = parseTagged(text) as Omit<Bundle, 'files'> & KeyPair & { digest: string; files: [string, Uint8Array][] };
  const { digest, publicKey, privateKey, files, ...rest } = json;
  return { digest, keys: { publicKey, privateKey }, bundle: { ...rest, files: new Map(files) } };
}
