/**
 * Which artifacts refer to a manifest: asked of the registry's referrers API, or kept in an index under a tag made of the digest where it has
 * none (distribution specification 1.1, "Listing Referrers", "Referrers Tag Schema").
 */
import { PluvioError } from '../../errors/index.ts';
import type { BundleCodecs } from '../codecs.ts';
import { type Digest, isDigest } from '../digest.ts';
import { encodeJson, parseJson } from '../json.ts';
import { OCI_INDEX_TYPE } from '../media-types.ts';
import { descriptorJson } from '../oci.ts';
import type { Artifact } from './artifact.ts';
import { fieldOf, itemsOf } from './json-fields.ts';
import { findManifest, putManifest } from './manifests.ts';
import { failed } from './registry-errors.ts';
import { discard, type RegistrySession } from './session.ts';

const tagOf = (digest: Digest): string => digest.replace(':', '-');
/** Another push may write the index at the same time: it is read again, and written again if it lost. */
const INDEX_TRIES = 3;

/** The digests of the artifacts of a type that refer to a manifest, at most as many as the limit says. */
export async function listReferrers(
  session: RegistrySession,
  subject: Digest,
  type: string,
  codecs: BundleCodecs,
): Promise<readonly Digest[]> {
  const entries = (await askApi(session, subject, type)) ?? (await readIndex(session, subject, codecs));
  const digests = entries
    .filter((entry) => fieldOf(entry, 'artifactType') === type)
    .map((entry) => fieldOf(entry, 'digest'))
    .filter(isDigest);
  return digests.slice(0, session.limits.referrers);
}

/** What the referrers API says; undefined: the registry has none. */
async function askApi(
  session: RegistrySession,
  subject: Digest,
  type: string,
): Promise<readonly unknown[] | undefined> {
  const url = session.url(`referrers/${subject}`);
  url.searchParams.set('artifactType', type);
  const what = `list what refers to ${subject}`;
  const response = await session.send({ method: 'GET', url, what, expects: [200, 400, 404, 405] });
  if (response.status !== 200) {
    await discard(response);
    return undefined;
  }
  return entriesOf(await session.document(response, what));
}

async function readIndex(session: RegistrySession, subject: Digest, codecs: BundleCodecs): Promise<readonly unknown[]> {
  const maxBytes = session.limits.documentBytes;
  const index = await findManifest(session, tagOf(subject), { codecs, maxBytes, type: OCI_INDEX_TYPE });
  return index === undefined ? [] : entriesOf(index.bytes);
}

/** @throws PluvioError `BUNDLE_MALFORMED` */
function entriesOf(bytes: Uint8Array): readonly unknown[] {
  const entries = itemsOf(parseJson(bytes, 'index of referrers'), 'manifests');
  if (entries !== undefined) return entries;
  throw new PluvioError('BUNDLE_MALFORMED', 'the index of referrers has no list "manifests"');
}

/** Has an artifact that the registry has not noted as a referrer found by the tag of its subject. */
async function addToIndex(
  session: RegistrySession,
  subject: Digest,
  { type, manifest }: Artifact,
  codecs: BundleCodecs,
): Promise<void> {
  const isThere = (entry: unknown): boolean => fieldOf(entry, 'digest') === manifest.digest;
  for (let attempt = 0; attempt < INDEX_TRIES; attempt++) {
    const entries = await readIndex(session, subject, codecs);
    if (entries.some(isThere)) return;
    const manifests = [...entries, { ...descriptorJson(manifest), artifactType: type }];
    const bytes = encodeJson({ schemaVersion: 2, mediaType: OCI_INDEX_TYPE, manifests });
    await putManifest(session, tagOf(subject), bytes, OCI_INDEX_TYPE);
  }
  if ((await readIndex(session, subject, codecs)).some(isThere)) return;
  throw failed(`write the referrers of ${subject}`, session.registry, 'does not keep what is written');
}

/** Writes the manifest of an artifact whose blobs are there, and has it found from its subject. */
export async function putReferrer(
  session: RegistrySession,
  subject: Digest,
  artifact: Artifact,
  codecs: BundleCodecs,
): Promise<void> {
  const { notesSubject } = await putManifest(session, artifact.manifest.digest, artifact.manifestBytes);
  if (!notesSubject) await addToIndex(session, subject, artifact, codecs);
}
