/**
 * Artifacts that refer to a bundle: its signature, and documents such as an SBOM (OCI image specification 1.1, "Guidelines for Artifact
 * Usage"). docs/registries.md is the specification.
 */
import { PluvioError } from '../../errors/index.ts';
import type { BundleCodecs } from '../codecs.ts';
import { type Digest, digestOf, isDigest } from '../digest.ts';
import { encodeJson, parseJson } from '../json.ts';
import { OCI_MANIFEST_TYPE, SIGNATURE_ANNOTATION, TITLE_ANNOTATION } from '../media-types.ts';
import { type Descriptor, descriptorJson } from '../oci.ts';
import { type BundleSignature, decodeSignature, encodeSignature } from '../signature.ts';
import { fieldOf, itemsOf } from './json-fields.ts';

export const SIGNATURE_TYPE = 'application/vnd.pluvio.signature.v1';
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';
const EMPTY = new TextEncoder().encode('{}');

/** A manifest with a subject, and the blobs that it names. */
export interface Artifact {
  readonly type: string;
  readonly manifest: Descriptor;
  readonly manifestBytes: Uint8Array;
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

export interface BundleDocument {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly title?: string;
}

const descriptorOf = async (mediaType: string, bytes: Uint8Array, codecs: BundleCodecs): Promise<Descriptor> => ({
  mediaType,
  digest: await digestOf(bytes, codecs),
  sizeBytes: bytes.byteLength,
});

async function artifactOf(
  subject: Descriptor,
  type: string,
  content: { readonly document?: BundleDocument; readonly annotations?: Readonly<Record<string, string>> },
  codecs: BundleCodecs,
): Promise<Artifact> {
  const { document, annotations } = content;
  const empty = await descriptorOf(EMPTY_TYPE, EMPTY, codecs);
  const layer = document === undefined ? empty : await descriptorOf(document.mediaType, document.bytes, codecs);
  const title = document?.title === undefined ? {} : { annotations: { [TITLE_ANNOTATION]: document.title } };
  const manifestBytes = encodeJson({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST_TYPE,
    artifactType: type,
    config: descriptorJson(empty),
    layers: [{ ...descriptorJson(layer), ...title }],
    subject: descriptorJson(subject),
    ...(annotations === undefined ? {} : { annotations }),
  });
  return {
    type,
    manifest: await descriptorOf(OCI_MANIFEST_TYPE, manifestBytes, codecs),
    manifestBytes,
    blobs: new Map([[empty.digest, EMPTY], ...(document ? [[layer.digest, document.bytes] as const] : [])]),
  };
}

/** The signature as an artifact. */
export const signatureArtifact = (
  subject: Descriptor,
  signature: BundleSignature,
  codecs: BundleCodecs,
): Promise<Artifact> =>
  artifactOf(subject, SIGNATURE_TYPE, { annotations: { [SIGNATURE_ANNOTATION]: encodeSignature(signature) } }, codecs);

/** A document as an artifact. */
export const documentArtifact = (
  subject: Descriptor,
  document: BundleDocument,
  codecs: BundleCodecs,
): Promise<Artifact> => artifactOf(subject, document.mediaType, { document }, codecs);

/**
 * The signature out of an artifact's manifest.
 * @throws PluvioError `BUNDLE_SIGNATURE`, `BUNDLE_MALFORMED`
 */
export function readSignatureArtifact(manifestBytes: Uint8Array): BundleSignature {
  const json = parseJson(manifestBytes, 'manifest of a signature');
  const text = fieldOf(fieldOf(json, 'annotations'), SIGNATURE_ANNOTATION);
  if (typeof text === 'string') return decodeSignature(text);
  throw new PluvioError('BUNDLE_SIGNATURE', `a signature of the bundle has no annotation ${SIGNATURE_ANNOTATION}`);
}

/**
 * The layer of a document's manifest.
 * @throws PluvioError `BUNDLE_MALFORMED`
 */
export function documentLayer(manifestBytes: Uint8Array): { readonly digest: Digest; readonly sizeBytes: number } {
  const [layer] = itemsOf(parseJson(manifestBytes, 'manifest of a document'), 'layers') ?? [];
  const [digest, sizeBytes] = [fieldOf(layer, 'digest'), fieldOf(layer, 'size')];
  if (isDigest(digest) && typeof sizeBytes === 'number' && Number.isSafeInteger(sizeBytes) && sizeBytes >= 0)
    return { digest, sizeBytes };
  throw new PluvioError('BUNDLE_MALFORMED', 'the manifest of a document names no layer with digest and size');
}

/** Media types of documents that say what a bundle is made of, by a field that each has. */
const SBOM_KINDS = [
  { field: 'spdxVersion', mediaType: 'application/spdx+json' },
  { field: 'bomFormat', mediaType: 'application/vnd.cyclonedx+json' },
] as const;

export const SBOM_TYPES: readonly string[] = SBOM_KINDS.map(({ mediaType }) => mediaType);

/**
 * The media type of an SBOM, by its content.
 * @throws PluvioError `INVALID_ARGUMENT`, `BUNDLE_MALFORMED`
 */
export function sbomType(bytes: Uint8Array): string {
  const json = parseJson(bytes, 'SBOM');
  const kind = SBOM_KINDS.find(({ field }) => typeof fieldOf(json, field) === 'string');
  if (kind !== undefined) return kind.mediaType;
  throw new PluvioError('INVALID_ARGUMENT', 'the SBOM is of no known kind; it must be SPDX or CycloneDX as JSON');
}
