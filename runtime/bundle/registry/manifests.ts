/** Manifests of a registry: read and written by tag or digest. */
import { PluvioError } from '../../errors/index.ts';
import type { BundleCodecs } from '../codecs.ts';
import { type Digest, digestOf, verifyDigest } from '../digest.ts';
import { type OCI_INDEX_TYPE, OCI_MANIFEST_TYPE } from '../media-types.ts';
import { readWhole } from './body-pieces.ts';
import { failed } from './registry-errors.ts';
import { discard, type RegistrySession } from './session.ts';

export interface FetchedManifest {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
}

const isDigestText = (reference: string): reference is Digest => reference.startsWith('sha256:');
const DIGEST_HEADER = 'docker-content-digest';

export type ManifestType = typeof OCI_MANIFEST_TYPE | typeof OCI_INDEX_TYPE;

/**
 * A manifest by tag or digest; undefined: there is none.
 * @throws PluvioError `BUNDLE_DIGEST`, `BUNDLE_LIMIT`, `REGISTRY_…`
 */
export async function findManifest(
  session: RegistrySession,
  reference: string,
  { codecs, maxBytes, type = OCI_MANIFEST_TYPE }: { codecs: BundleCodecs; maxBytes: number; type?: ManifestType },
): Promise<FetchedManifest | undefined> {
  const what = `read manifest ${reference}`;
  const response = await session.send({
    method: 'GET',
    url: session.url(`manifests/${reference}`),
    what,
    expects: [200, 404],
    headers: { accept: type, 'accept-encoding': 'identity' },
  });
  if (response.status === 404) {
    await discard(response);
    return undefined;
  }
  const bytes = await readWhole(response, {
    maxBytes,
    stallMs: session.limits.stallMs,
    what: `manifest ${reference}`,
    broken: (reason, cause) => session.broken(what, reason, cause),
  });
  const told = response.headers.get(DIGEST_HEADER);
  const digest = await digestOf(bytes, codecs);
  if (isDigestText(reference)) await verifyDigest(bytes, reference, codecs);
  else if (told !== null && told !== digest) {
    const message = `manifest ${reference} has the content of ${digest}; ${session.registry} says ${JSON.stringify(told.slice(0, 80))}`;
    throw new PluvioError('BUNDLE_DIGEST', message, { digest });
  }
  return { bytes, digest };
}

/** Writes a manifest; gives whether the registry has noted its subject by itself. @throws PluvioError `REGISTRY_…` */
export async function putManifest(
  session: RegistrySession,
  reference: string,
  bytes: Uint8Array,
  type: ManifestType = OCI_MANIFEST_TYPE,
): Promise<{ readonly notesSubject: boolean }> {
  const what = `write manifest ${reference}`;
  const response = await session.send({
    method: 'PUT',
    url: session.url(`manifests/${reference}`),
    what,
    expects: [201],
    headers: { 'content-type': type },
    body: bytes,
  });
  await discard(response);
  const told = response.headers.get(DIGEST_HEADER);
  if (isDigestText(reference) && told !== null && told !== reference)
    throw failed(what, session.registry, `keeps it as ${JSON.stringify(told.slice(0, 80))}`);
  return { notesSubject: response.headers.get('oci-subject') !== null };
}
