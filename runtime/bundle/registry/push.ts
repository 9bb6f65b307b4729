/**
 * Writes a bundle into a registry.
 *
 * Invariants:
 * 1. Nothing is named that is not there: blobs come before manifests.
 * 2. The tag comes last, so that whoever reads the tag finds signature and documents.
 */
import { PluvioError } from '../../errors/index.ts';
import type { BundleCodecs } from '../codecs.ts';
import type { Digest } from '../digest.ts';
import { OCI_MANIFEST_TYPE } from '../media-types.ts';
import { decodeImageManifest } from '../oci.ts';
import type { PushedBundle } from './annotations.ts';
import { type Artifact, type BundleDocument, documentArtifact, signatureArtifact } from './artifact.ts';
import { hasBlob, type SentBlob, uploadBlob } from './blob-upload.ts';
import { inParallel } from './in-parallel.ts';
import { putManifest } from './manifests.ts';
import type { RegistryReference } from './reference.ts';
import { putReferrer } from './referrers.ts';
import { type RegistryAccess, RegistrySession } from './session.ts';

/** How a bundle is sent to a registry. */
export interface PushOptions extends RegistryAccess {
  readonly codecs: BundleCodecs;
  /** Another repository of the same registry that may have blobs of the bundle. */
  readonly mountFrom?: string;
  /** Kept beside the bundle, as artifacts that refer to it. */
  readonly documents?: readonly BundleDocument[];
  /** Told how far it is, in bytes of blobs: those that were sent, and those that need not be. */
  readonly onBytes?: (bytes: number) => void;
}

/** What became of a push. */
export interface Pushed {
  readonly digest: Digest;
  readonly blobsSent: number;
  readonly blobsMounted: number;
  /** Blobs that the repository had. */
  readonly blobsThere: number;
  /** Bytes of blobs that were sent. */
  readonly bytesSent: number;
  /** Bytes of blobs that need not be. */
  readonly bytesSpared: number;
}

/**
 * Pushes a bundle, its signature and documents.
 * @throws PluvioError `REGISTRY_…`, `INVALID_ARGUMENT` (the reference names another digest), `ABORTED`, those of the credential source
 */
export async function pushBundle(
  bundle: PushedBundle,
  reference: RegistryReference,
  options: PushOptions,
): Promise<Pushed> {
  const { digest, manifestBytes, signature } = bundle;
  const { codecs, mountFrom, documents = [], onBytes } = options;
  if (reference.digest !== undefined && reference.digest !== digest) {
    throw new PluvioError(
      'INVALID_ARGUMENT',
      `cannot push bundle ${digest} as ${reference.digest}: a reference with a digest must have that of the bundle`,
    );
  }
  const session = new RegistrySession(
    reference,
    { actions: 'pull,push', ...(mountFrom === undefined ? {} : { mountFrom }) },
    options,
  );
  const subject = { mediaType: OCI_MANIFEST_TYPE, digest, sizeBytes: manifestBytes.byteLength };
  const artifacts: Artifact[] = signature ? [await signatureArtifact(subject, signature, codecs)] : [];
  for (const document of documents) artifacts.push(await documentArtifact(subject, document, codecs));

  const blobs = new Map([...bundle.blobs].filter(([blob]) => blob !== digest));
  for (const artifact of artifacts) for (const [blob, bytes] of artifact.blobs) blobs.set(blob, bytes);
  const sent: (SentBlob & { readonly sizeBytes: number })[] = [];
  await checkThere(session, bundle);
  await inParallel([...blobs], session.limits.parallel, async ([blob, bytes]) => {
    const one = await uploadBlob(session, blob, bytes, onBytes);
    if (one.how !== 'sent') onBytes?.(bytes.byteLength);
    sent.push({ ...one, sizeBytes: bytes.byteLength });
  });

  await putManifest(session, digest, manifestBytes);
  for (const artifact of artifacts) await putReferrer(session, digest, artifact, codecs);
  if (reference.tag !== undefined) await putManifest(session, reference.tag, manifestBytes);
  return { digest, ...summaryOf(sent) };
}

/** Blobs that the bundle names and does not bring must be there. */
async function checkThere(session: RegistrySession, { manifestBytes, blobs }: PushedBundle): Promise<void> {
  const { config, layers } = decodeImageManifest(manifestBytes);
  const absent = new Set([config, ...layers].map(({ digest }) => digest).filter((digest) => !blobs.has(digest)));
  await inParallel([...absent], session.limits.parallel, async (digest) => {
    if (await hasBlob(session, digest)) return;
    const message = `cannot push: ${session.registry} no longer has blob ${digest}, which an earlier bundle has named`;
    throw new PluvioError('REGISTRY_NOT_FOUND', message, { registry: session.registry });
  });
}

function summaryOf(sent: readonly (SentBlob & { readonly sizeBytes: number })[]): Omit<Pushed, 'digest'> {
  const count = (how: SentBlob['how']): number => sent.filter((blob) => blob.how === how).length;
  const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);
  return {
    blobsSent: count('sent'),
    blobsMounted: count('mounted'),
    blobsThere: count('there'),
    bytesSent: sum(sent.map(({ sentBytes }) => sentBytes)),
    bytesSpared: sum(sent.filter(({ how }) => how !== 'sent').map(({ sizeBytes }) => sizeBytes)),
  };
}
