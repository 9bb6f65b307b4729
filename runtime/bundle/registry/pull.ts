/**
 * Reads a bundle out of a registry that nobody vouches for.
 *
 * Invariants:
 * 1. The signature is checked before any other blob is read, and what the manifest claims is compared with the limits.
 * 2. What is given out has the digests that the manifest names.
 */
import { PluvioError } from '../../errors/index.ts';
import { type BlobSource, mapSource } from '../blob-store.ts';
import type { BundleCodecs } from '../codecs.ts';
import { type Digest, equalBytes, verifyDigest } from '../digest.ts';
import { type BundleLimits, resolveBundleLimits } from '../limits.ts';
import { type BundleSignature, checkTrust, type TrustPolicy, verifySignature } from '../signature.ts';
import { listBlobs } from '../unpack.ts';
import { documentLayer, readSignatureArtifact, SIGNATURE_TYPE } from './artifact.ts';
import { downloadBlob } from './blob-download.ts';
import { inParallel } from './in-parallel.ts';
import { findManifest } from './manifests.ts';
import { type RegistryReference, referenceText } from './reference.ts';
import { listReferrers } from './referrers.ts';
import { type RegistryAccess, RegistrySession } from './session.ts';

/** How a bundle is fetched from a registry. */
export interface PullOptions extends RegistryAccess {
  readonly codecs: BundleCodecs;
  readonly bundleLimits?: BundleLimits;
  readonly trust?: TrustPolicy;
  /** A blob that need not be read from the registry; undefined: it must. */
  readonly known?: (digest: Digest) => Promise<Uint8Array | undefined>;
  /** Told once how many bytes will be read. */
  readonly onTotal?: (bytes: number) => void;
  /** Told of bytes as they are read. */
  readonly onBytes?: (bytes: number) => void;
}

/** What came from a registry. */
export interface Pulled {
  /** All blobs, checked against their digests; for `unpackBundle`. */
  readonly source: BlobSource;
  readonly manifestBytes: Uint8Array;
  /** Every blob, the manifest first. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
  readonly bytesReceived: number;
}

const notFound = (reference: RegistryReference, what: string): PluvioError =>
  new PluvioError('REGISTRY_NOT_FOUND', `cannot pull ${referenceText(reference)}: ${what}`, {
    registry: reference.registry,
  });

/**
 * Pulls a bundle with its signature. What its blobs hold is checked by `unpackBundle`.
 * @throws PluvioError `REGISTRY_…`, `BUNDLE_…`, `ABORTED`, those of the credential source
 */
export async function pullBundle(reference: RegistryReference, options: PullOptions): Promise<Pulled> {
  const { codecs, trust = {}, bundleLimits = {}, known } = options;
  const session = new RegistrySession(reference, { actions: 'pull' }, options);
  const { metadataBytes } = resolveBundleLimits(bundleLimits);
  const { digest, bytes } = await manifestOf(session, reference, { codecs, maxBytes: metadataBytes });
  const blobList = listBlobs(bytes, bundleLimits);
  const signature = await signatureOf(session, digest, bytes, { codecs, trust });
  await checkTrust(bytes, signature, trust);

  const found = new Map<Digest, Uint8Array>();
  for (const blob of blobList) {
    const there = await known?.(blob.digest);
    if (there === undefined) continue;
    await verifyDigest(there, blob.digest, codecs);
    found.set(blob.digest, there);
  }
  const wanted = blobList.filter((blob) => !found.has(blob.digest));
  const bytesReceived = wanted.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  options.onTotal?.(bytesReceived);
  await inParallel(wanted, session.limits.parallel, async (blob) => {
    const { onBytes } = options;
    found.set(blob.digest, await downloadBlob(session, blob.digest, { codecs, maxBytes: blob.sizeBytes, onBytes }));
  });
  const inOrder = blobList.map((blob) => [blob.digest, found.get(blob.digest) ?? new Uint8Array()] as const);
  const blobs = new Map([[digest, bytes], ...inOrder]);
  return { source: mapSource(blobs, digest, signature), manifestBytes: bytes, blobs, bytesReceived };
}

async function manifestOf(
  session: RegistrySession,
  reference: RegistryReference,
  limits: { readonly codecs: BundleCodecs; readonly maxBytes: number },
): Promise<{ readonly digest: Digest; readonly bytes: Uint8Array }> {
  const manifest = await findManifest(session, reference.digest ?? reference.tag ?? '', limits);
  if (manifest === undefined) throw notFound(reference, `${session.registry} has no such manifest`);
  return manifest;
}

/**
 * The signature that counts: one that fits and is trusted, else the first there is, which the check of trust then refuses or takes.
 * @throws PluvioError `BUNDLE_SIGNATURE`, `BUNDLE_MALFORMED`, `REGISTRY_…`
 */
async function signatureOf(
  session: RegistrySession,
  digest: Digest,
  manifestBytes: Uint8Array,
  { codecs, trust }: { readonly codecs: BundleCodecs; readonly trust: TrustPolicy },
): Promise<BundleSignature | undefined> {
  let first: BundleSignature | undefined;
  for (const referrer of await listReferrers(session, digest, SIGNATURE_TYPE, codecs)) {
    const artifact = await findManifest(session, referrer, { codecs, maxBytes: session.limits.documentBytes });
    if (artifact === undefined) continue;
    const signature = readSignatureArtifact(artifact.bytes);
    const isTrusted = trust.keys?.some((key) => equalBytes(key, signature.publicKey)) ?? true;
    if (isTrusted && (await verifySignature(manifestBytes, signature))) return signature;
    first ??= signature;
  }
  return first;
}

/**
 * A document that refers to a bundle, by its media type; the newest that the registry names first.
 * @throws PluvioError `REGISTRY_NOT_FOUND`, `REGISTRY_…`, `BUNDLE_…`
 */
export async function pullDocument(
  reference: RegistryReference,
  subject: Digest,
  mediaTypes: readonly string[],
  { codecs, ...access }: RegistryAccess & { readonly codecs: BundleCodecs },
): Promise<{ readonly mediaType: string; readonly bytes: Uint8Array }> {
  const session = new RegistrySession(reference, { actions: 'pull' }, access);
  const maxBytes = session.limits.documentBytes;
  for (const mediaType of mediaTypes) {
    for (const referrer of await listReferrers(session, subject, mediaType, codecs)) {
      const artifact = await findManifest(session, referrer, { codecs, maxBytes });
      if (artifact === undefined) continue;
      const layer = documentLayer(artifact.bytes);
      const limits = { codecs, maxBytes: Math.min(maxBytes, layer.sizeBytes) };
      return { mediaType, bytes: await downloadBlob(session, layer.digest, limits) };
    }
  }
  throw notFound(reference, `nothing of the kind ${mediaTypes.join(' or ')} refers to ${subject}`);
}
