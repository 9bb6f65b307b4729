/**
 * Unpacks a bundle out of blobs that nobody vouches for (docs/bundle-format.md).
 *
 * Invariants:
 * 1. Nothing is fetched whose size was not compared with the limits, and nothing is used whose digest was not compared.
 * 2. The signature is checked before the manifest is read.
 * 3. No more memory is taken than the limits allow, whatever sizes the bundle claims.
 */
import type { Snapshot } from '../engine/snapshot.ts';
import { withFieldErrors } from '../engine/plain-fields.ts';
import { PluvioError } from '../errors/index.ts';
import type { BlobSource } from './blob-store.ts';
import type { Bundle } from './bundle.ts';
import { checkModule, checkSources } from './bundle-checks.ts';
import { type GroupEntry, openSnapshotLayer, readSnapshotLayer, type SnapshotLayer } from './bundle-snapshot.ts';
import type { BundleCodecs } from './codecs.ts';
import { type Digest, verifyDigest } from './digest.ts';
import {
  type BundleLimitName,
  type BundleLimits,
  checkLimit,
  EXPANSION_FLOOR_BYTES,
  resolveBundleLimits,
  type ResolvedBundleLimits,
} from './limits.ts';
import type { LayerKind } from './media-types.ts';
import { checkConfig, decodeImageManifest, type Descriptor, type ImageManifest, type Layer } from './oci.ts';
import { checkPaths } from './paths.ts';
import { checkTrust, type TrustPolicy } from './signature.ts';
import { decodeWorkerManifest } from './worker-manifest.ts';

/** The limit on the size of a layer's blob, by kind. */
const LAYER_LIMITS: Readonly<Record<LayerKind, BundleLimitName>> = {
  module: 'moduleBytes',
  manifest: 'metadataBytes',
  snapshot: 'snapshotBytes',
  memoryZstd: 'blobBytes',
  memory: 'blobBytes',
  log: 'logBytes',
  file: 'fileBytes',
};

/** Groups that are expanded at the same time: as many as zlib has threads by default. */
const GROUPS_AT_ONCE = 4;

interface Unpacking {
  readonly source: BlobSource;
  readonly codecs: BundleCodecs;
  readonly limits: ResolvedBundleLimits;
}

/**
 * Unpacks and checks a bundle. Memory runs are views of unpacked groups.
 * @throws PluvioError `BUNDLE_*`, `SNAPSHOT_MALFORMED`, `SNAPSHOT_VERSION`, `BLOB_NOT_FOUND`, `UNSUPPORTED` (zstd without a codec)
 */
export async function unpackBundle(
  source: BlobSource,
  codecs: BundleCodecs,
  limits: BundleLimits = {},
  trust: TrustPolicy = {},
): Promise<Bundle> {
  const unpacking = { source, codecs, limits: resolveBundleLimits(limits) };
  const manifestBytes = await source.fetch(source.digest, unpacking.limits.metadataBytes);
  checkLimit(unpacking.limits, 'metadataBytes', manifestBytes.byteLength, 'OCI manifest');
  await verifyDigest(manifestBytes, source.digest, codecs);
  await checkTrust(manifestBytes, source.signature, trust);
  const image = readImageManifest(manifestBytes, unpacking.limits);
  checkConfig(await fetchBlob(unpacking, image.config), image.layers);

  const module = await fetchOne(unpacking, image, 'module');
  checkModule(module);
  const manifest = decodeWorkerManifest(await fetchOne(unpacking, image, 'manifest'));
  const snapshotLayer = image.layers.find(({ kind }) => kind === 'snapshot');
  const snapshot = snapshotLayer && (await unpackSnapshot(unpacking, image, snapshotLayer));
  if (!snapshotLayer && image.layers.some(({ kind }) => kind === 'memory' || kind === 'memoryZstd')) {
    throw new PluvioError('BUNDLE_MALFORMED', 'the bundle has layers of memory and no snapshot that names them');
  }
  const logLayer = image.layers.find(({ kind }) => kind === 'log');
  const log = logLayer && (await fetchBlob(unpacking, logLayer));
  const files = await unpackFiles(unpacking, image);
  withFieldErrors('BUNDLE_MANIFEST_INVALID', 'worker manifest', () => checkSources(manifest, files));
  return { manifest, module, files, ...(snapshot && { snapshot }), ...(log && { log }) };
}

/** The blobs that a bundle consists of besides its OCI manifest, each once, in transfer order. */
export function listBlobs(
  manifestBytes: Uint8Array,
  limits: BundleLimits = {},
): readonly { readonly digest: Digest; readonly sizeBytes: number }[] {
  const { config, layers } = readImageManifest(manifestBytes, resolveBundleLimits(limits));
  const all = [config, ...layers].map(({ digest, sizeBytes }) => [digest, { digest, sizeBytes }] as const);
  return [...new Map(all).values()];
}

/** Reads the OCI manifest and compares what it claims with the limits. */
function readImageManifest(bytes: Uint8Array, limits: ResolvedBundleLimits): ImageManifest {
  checkLimit(limits, 'metadataBytes', bytes.byteLength, 'OCI manifest');
  const image = decodeImageManifest(bytes);
  const { config, layers } = image;
  checkLimit(limits, 'blobs', layers.length + 2, 'bundle');
  checkLimit(limits, 'metadataBytes', config.sizeBytes, 'OCI config');
  let totalBytes = bytes.byteLength + config.sizeBytes;
  for (const layer of layers) {
    const what = `layer ${layer.digest}`;
    checkLimit(limits, LAYER_LIMITS[layer.kind], layer.sizeBytes, what);
    checkLimit(limits, 'blobBytes', layer.sizeBytes, what);
    totalBytes += layer.sizeBytes;
    checkLimit(limits, 'totalBytes', totalBytes, 'bundle');
  }
  const titles = layers.flatMap(({ title }) => (title === undefined ? [] : [title]));
  checkLimit(limits, 'files', titles.length, 'bundle');
  checkPaths(titles);
  return image;
}

/** Fetches a blob whose size was checked, and checks what came. */
async function fetchBlob({ source, codecs }: Unpacking, { digest, sizeBytes }: Descriptor): Promise<Uint8Array> {
  const bytes = await source.fetch(digest, sizeBytes);
  if (bytes.byteLength !== sizeBytes) {
    throw new PluvioError('BUNDLE_DIGEST', `blob ${digest} has ${bytes.byteLength} bytes; it must have ${sizeBytes}`, {
      digest,
    });
  }
  await verifyDigest(bytes, digest, codecs);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength); // not a Buffer, whose methods differ
}

function fetchOne(unpacking: Unpacking, { layers }: ImageManifest, kind: LayerKind): Promise<Uint8Array> {
  const layer = layers.find((candidate) => candidate.kind === kind);
  if (layer === undefined) throw new PluvioError('BUNDLE_MALFORMED', `the bundle has no layer of kind ${kind}`);
  return fetchBlob(unpacking, layer);
}

async function unpackFiles(unpacking: Unpacking, { layers }: ImageManifest): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const layer of layers) {
    if (layer.title !== undefined) files.set(layer.title, await fetchBlob(unpacking, layer));
  }
  return files;
}

async function unpackSnapshot(unpacking: Unpacking, image: ImageManifest, layer: Layer): Promise<Snapshot> {
  const opened = openSnapshotLayer(await fetchBlob(unpacking, layer));
  const memoryLayers = new Map(
    image.layers.filter(({ kind }) => kind === 'memory' || kind === 'memoryZstd').map((entry) => [entry.digest, entry]),
  );
  checkExpansion(opened, memoryLayers, unpacking.limits);
  const byDigest = await expandGroups(unpacking, opened.groups, memoryLayers);
  const contents = opened.groups.map(({ digest, contentBytes }) => {
    const content = byDigest.get(digest) ?? new Uint8Array();
    if (content.byteLength !== contentBytes) throw wrongSize(digest, content.byteLength, contentBytes);
    return content;
  });
  return readSnapshotLayer(opened, contents, unpacking.codecs);
}

/** Compares the memory that will come of the groups with the limits, before any of them is fetched. */
function checkExpansion(
  { groups }: SnapshotLayer,
  layers: ReadonlyMap<Digest, Layer>,
  limits: ResolvedBundleLimits,
): void {
  const unique = [...new Map(groups.map((group) => [group.digest, group.contentBytes])).values()];
  const memoryBytes = unique.reduce((total, bytes) => total + bytes, 0);
  const blobBytes = [...layers.values()].reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  checkLimit(limits, 'memoryBytes', memoryBytes, 'snapshot of the bundle');
  if (memoryBytes > EXPANSION_FLOOR_BYTES) {
    checkLimit(limits, 'expansion', Math.ceil(memoryBytes / Math.max(blobBytes, 1)), 'snapshot of the bundle');
  }
}

/** Fetches and expands every group once, a few at a time. */
async function expandGroups(
  unpacking: Unpacking,
  groups: readonly GroupEntry[],
  layers: ReadonlyMap<Digest, Layer>,
): Promise<Map<Digest, Uint8Array>> {
  const unique = [...new Map(groups.map((group) => [group.digest, group])).values()];
  const contents = new Map<Digest, Uint8Array>();
  for (let at = 0; at < unique.length; at += GROUPS_AT_ONCE) {
    const batch = unique.slice(at, at + GROUPS_AT_ONCE).map(async ({ digest, contentBytes }) => {
      const layer = layers.get(digest);
      if (layer === undefined) {
        throw new PluvioError('BUNDLE_MALFORMED', `the snapshot names a group ${digest} that is no memory layer`);
      }
      contents.set(digest, await expandGroup(unpacking, layer, contentBytes));
    });
    await Promise.all(batch);
  }
  return contents;
}

async function expandGroup(unpacking: Unpacking, layer: Layer, contentBytes: number): Promise<Uint8Array> {
  const { codecs } = unpacking;
  if (layer.kind === 'memory') {
    if (layer.sizeBytes !== contentBytes) throw wrongSize(layer.digest, layer.sizeBytes, contentBytes);
    return fetchBlob(unpacking, layer);
  }
  if (codecs.zstdDecompress === undefined) {
    throw new PluvioError('UNSUPPORTED', `cannot expand memory group ${layer.digest}: this platform was given no zstd`);
  }
  const bytes = await fetchBlob(unpacking, layer);
  try {
    return await codecs.zstdDecompress(bytes, contentBytes);
  } catch (cause) {
    const message = `memory group ${layer.digest} is no zstd frame of ${contentBytes} bytes`;
    throw new PluvioError('BUNDLE_MALFORMED', message, { digest: layer.digest }, { cause });
  }
}

const wrongSize = (digest: Digest, found: number, expected: number): PluvioError =>
  new PluvioError('BUNDLE_MALFORMED', `memory group ${digest} has ${found} bytes; it must have ${expected}`, {
    digest,
  });
