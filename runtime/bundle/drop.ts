/**
 * A bundle as one file, `.drop`: an OCI image layout in a tar (OCI image specification, image-layout.md).
 *
 * Boundary: the archive and its index. The blobs are checked when the bundle is unpacked.
 */
import { FieldFault, inField, readArray, readRecord, readUint, withFieldErrors } from '../engine/plain-fields.ts';
import { PluvioError } from '../errors/index.ts';
import { type BlobSource, mapSource } from './blob-store.ts';
import { type Digest, hexOfDigest, parseDigest } from './digest.ts';
import { encodeJson, parseJson } from './json.ts';
import { type BundleLimits, checkLimit, resolveBundleLimits } from './limits.ts';
import { BUNDLE_ARTIFACT_TYPE, OCI_INDEX_TYPE, OCI_MANIFEST_TYPE, SIGNATURE_ANNOTATION } from './media-types.ts';
import { type Descriptor, descriptorJson, readDescriptor, readExactly } from './oci.ts';
import type { PackedBundle } from './pack.ts';
import { type BundleSignature, decodeSignature, encodeSignature } from './signature.ts';
import { readTar, type TarFile, writeTar } from './tar.ts';

const LAYOUT_FILE = 'oci-layout';
const LAYOUT_VERSION = '1.0.0';
const INDEX_FILE = 'index.json';
const BLOB_FILE = /^blobs\/sha256\/([0-9a-f]{64})$/;
const WHAT = 'bundle archive';
/** Room in an archive for headers, padding, layout and index, per blob. */
const ENTRY_OVERHEAD_BYTES = 1024;
const ARCHIVE_OVERHEAD_BYTES = 65_536;

/** What is written of a packed bundle. */
type DropContent = Pick<PackedBundle, 'digest' | 'manifestBytes' | 'signature' | 'blobs'>;

/** Writes a packed bundle; same bundle, same bytes. */
export function writeDrop(packed: DropContent): AsyncGenerator<Uint8Array, void, undefined> {
  return writeTar(filesOf(packed));
}

function* filesOf({ digest, manifestBytes, signature, blobs }: DropContent): Generator<TarFile, void, undefined> {
  const descriptor: Descriptor = { mediaType: OCI_MANIFEST_TYPE, digest, sizeBytes: manifestBytes.byteLength };
  const annotations =
    signature === undefined ? {} : { annotations: { [SIGNATURE_ANNOTATION]: encodeSignature(signature) } };
  const entry = { ...descriptorJson(descriptor), artifactType: BUNDLE_ARTIFACT_TYPE, ...annotations };
  yield { name: LAYOUT_FILE, bytes: encodeJson({ imageLayoutVersion: LAYOUT_VERSION }) };
  yield { name: INDEX_FILE, bytes: encodeJson({ schemaVersion: 2, mediaType: OCI_INDEX_TYPE, manifests: [entry] }) };
  for (const [blob, bytes] of blobs) yield { name: `blobs/sha256/${hexOfDigest(blob)}`, bytes };
}

/**
 * Reads an archive into memory. Give the result to `unpackBundle`, which checks what the blobs hold.
 * @throws PluvioError `BUNDLE_MALFORMED`, `BUNDLE_LIMIT`, `BUNDLE_PATH`, `BUNDLE_SIGNATURE`
 */
export async function readDrop(stream: AsyncIterable<Uint8Array>, limits: BundleLimits = {}): Promise<BlobSource> {
  const resolved = resolveBundleLimits(limits);
  const metadata = new Map<string, Uint8Array>();
  const blobs = new Map<Digest, Uint8Array>();
  const maxBytes = resolved.totalBytes + (resolved.blobs + 1) * ENTRY_OVERHEAD_BYTES + ARCHIVE_OVERHEAD_BYTES;
  const checkSize = (name: string, sizeBytes: number): void => {
    const isBlob = BLOB_FILE.test(plainName(name));
    checkLimit(resolved, isBlob ? 'blobBytes' : 'metadataBytes', sizeBytes, `${WHAT} file ${JSON.stringify(name)}`);
    if (isBlob) checkLimit(resolved, 'blobs', blobs.size + 1, WHAT);
  };
  for await (const { name: rawName, bytes } of readTar(stream, maxBytes, checkSize)) {
    const name = plainName(rawName);
    const hex = BLOB_FILE.exec(name)?.[1];
    if (hex === undefined && name !== LAYOUT_FILE && name !== INDEX_FILE)
      throw pathError(rawName, 'belongs to no OCI image layout');
    const digest = hex === undefined ? undefined : parseDigest(`sha256:${hex}`);
    if (digest === undefined ? metadata.has(name) : blobs.has(digest)) throw pathError(rawName, 'is there twice');
    if (digest === undefined) metadata.set(name, bytes);
    else blobs.set(digest, bytes);
  }
  checkLayout(metadata.get(LAYOUT_FILE));
  const { digest, signature } = readIndex(metadata.get(INDEX_FILE));
  return mapSource(blobs, digest, signature);
}

/** Some tar writers put './' in front. */
const plainName = (name: string): string => name.replace(/^\.\//, '');

const pathError = (name: string, fault: string): PluvioError =>
  new PluvioError('BUNDLE_PATH', `${WHAT} file ${JSON.stringify(name)} ${fault}`, { path: name });

function checkLayout(bytes: Uint8Array | undefined): void {
  if (bytes === undefined) throw new PluvioError('BUNDLE_MALFORMED', `${WHAT} has no ${LAYOUT_FILE}`);
  const json = parseJson(bytes, LAYOUT_FILE);
  withFieldErrors('BUNDLE_MALFORMED', LAYOUT_FILE, () => {
    const { imageLayoutVersion } = readRecord(json, ['imageLayoutVersion']);
    inField('imageLayoutVersion', () => readExactly(imageLayoutVersion, LAYOUT_VERSION));
  });
}

function readIndex(bytes: Uint8Array | undefined): { readonly digest: Digest; readonly signature?: BundleSignature } {
  if (bytes === undefined) throw new PluvioError('BUNDLE_MALFORMED', `${WHAT} has no ${INDEX_FILE}`);
  const json = parseJson(bytes, INDEX_FILE);
  return withFieldErrors('BUNDLE_MALFORMED', INDEX_FILE, () => {
    const index = readRecord(json, ['schemaVersion', 'manifests'], ['mediaType', 'annotations', 'artifactType']);
    inField('schemaVersion', () => readUint(index['schemaVersion'], 2, 2));
    const [entry] = inField('manifests', () => readArray(index['manifests'], 1, 1));
    return inField('manifests[0]', () => {
      const descriptor = readDescriptor(entry);
      inField('mediaType', () => readExactly(descriptor.mediaType, OCI_MANIFEST_TYPE));
      const signature = readSignature(entry);
      return signature === undefined ? { digest: descriptor.digest } : { digest: descriptor.digest, signature };
    });
  });
}

/** The signature among the annotations of an index entry; those of other tools are left alone. */
function readSignature(entry: unknown): BundleSignature | undefined {
  if (typeof entry !== 'object' || entry === null || !('annotations' in entry)) return undefined;
  const { annotations } = entry;
  if (typeof annotations !== 'object' || annotations === null) throw new FieldFault(annotations, 'an object');
  if (!Object.hasOwn(annotations, SIGNATURE_ANNOTATION)) return undefined;
  const text: unknown = Object.getOwnPropertyDescriptor(annotations, SIGNATURE_ANNOTATION)?.value;
  if (typeof text !== 'string') throw new FieldFault(text, 'a signature as text');
  return decodeSignature(text);
}
