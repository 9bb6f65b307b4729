/**
 * Ed25519 signatures (RFC 8032) over the bytes of a bundle's OCI manifest, which names everything else by digest.
 *
 * Boundary: WebCrypto. A signature is detached: it travels beside the manifest, and signing changes no digest.
 */
import { PluvioError } from '../errors/index.ts';
import { unshared } from './codecs.ts';
import { equalBytes } from './digest.ts';

const ALGORITHM = 'Ed25519';
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Keys for signing bundles. */
export interface KeyPair {
  /** The raw public key, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The private key as PKCS #8. */
  readonly privateKey: Uint8Array;
}

/** A signature of the manifest of a bundle: Ed25519, RFC 8032. */
export interface BundleSignature {
  readonly publicKey: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/** Whose bundles a receiver takes. A signature that does not fit is refused whatever it says. */
export interface TrustPolicy {
  /** Raw public keys; undefined: a signature of any key will do. */
  readonly keys?: readonly Uint8Array[];
  /** Whether unsigned bundles are refused. Default: false. */
  readonly signatureRequired?: boolean;
}

/** A new key pair for signing. */
export async function generateKeyPair(): Promise<KeyPair> {
  const pair = await crypto.subtle.generateKey({ name: ALGORITHM }, true, ['sign', 'verify']);
  if (!('publicKey' in pair))
    throw new PluvioError('UNSUPPORTED', 'cannot make an Ed25519 key: WebCrypto gave no key pair');
  return {
    publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)),
    privateKey: new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey)),
  };
}

/** @throws PluvioError `INVALID_ARGUMENT` the key pair is damaged or its halves do not belong together */
export async function signManifest(manifestBytes: Uint8Array, keys: KeyPair): Promise<BundleSignature> {
  try {
    const key = await crypto.subtle.importKey('pkcs8', unshared(keys.privateKey), ALGORITHM, false, ['sign']);
    const signature = new Uint8Array(await crypto.subtle.sign(ALGORITHM, key, unshared(manifestBytes)));
    const signed = { publicKey: keys.publicKey, signature };
    if (await verifySignature(manifestBytes, signed)) return signed;
  } catch (cause) {
    throw new PluvioError('INVALID_ARGUMENT', 'cannot sign: the private key must be Ed25519 as PKCS #8', {}, { cause });
  }
  throw new PluvioError('INVALID_ARGUMENT', 'cannot sign: the public key does not belong to the private key');
}

/** Whether the signature is that of its key over these bytes. */
export async function verifySignature(manifestBytes: Uint8Array, signed: BundleSignature): Promise<boolean> {
  if (signed.publicKey.byteLength !== PUBLIC_KEY_BYTES || signed.signature.byteLength !== SIGNATURE_BYTES) return false;
  try {
    const key = await crypto.subtle.importKey('raw', unshared(signed.publicKey), ALGORITHM, false, ['verify']);
    return await crypto.subtle.verify(ALGORITHM, key, unshared(signed.signature), unshared(manifestBytes));
  } catch {
    return false; // bytes that are no point of the curve
  }
}

/**
 * Applies a policy to a manifest and its signature.
 * @throws PluvioError `BUNDLE_SIGNATURE`, `BUNDLE_UNSIGNED`, `BUNDLE_UNTRUSTED`
 */
export async function checkTrust(
  manifestBytes: Uint8Array,
  signed: BundleSignature | undefined,
  trust: TrustPolicy = {},
): Promise<void> {
  if (signed === undefined) {
    if (trust.signatureRequired !== true) return;
    throw new PluvioError('BUNDLE_UNSIGNED', 'the bundle has no signature; this receiver asks for one');
  }
  if (!(await verifySignature(manifestBytes, signed))) {
    throw new PluvioError('BUNDLE_SIGNATURE', 'the signature of the bundle does not fit its manifest');
  }
  if (trust.keys !== undefined && !trust.keys.some((key) => equalBytes(key, signed.publicKey))) {
    const publicKey = toText(signed.publicKey);
    throw new PluvioError('BUNDLE_UNTRUSTED', `the bundle is signed with the key ${publicKey}, which is not trusted`, {
      publicKey,
    });
  }
}

/** The text form: public key and signature as base64url without padding, with a dot between them. */
export const encodeSignature = ({ publicKey, signature }: BundleSignature): string =>
  `${toText(publicKey)}.${toText(signature)}`;

/** @throws PluvioError `BUNDLE_SIGNATURE` */
export function decodeSignature(text: string): BundleSignature {
  const match = /^([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{86})$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new PluvioError('BUNDLE_SIGNATURE', 'the signature is not of the form <public key>.<signature> in base64url');
  }
  return { publicKey: fromText(match[1]), signature: fromText(match[2]) };
}

const toText = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

const fromText = (text: string): Uint8Array =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
