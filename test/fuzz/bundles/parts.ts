/** A bundle taken apart: its documents as trees, its layers as bytes; and put together again with digests that fit. */
import { hash } from 'node:crypto';
import { encodeSignature, LAYERS, type PackedBundle } from '../../../runtime/bundle/index.ts';

export type Json = Record<string, unknown>;

export interface LayerPart {
  /** The descriptor in the OCI manifest. */
  readonly entry: Json;
  bytes: Uint8Array;
}

export interface BundleParts {
  readonly layout: Json;
  readonly index: Json;
  readonly manifest: Json;
  readonly config: Json;
  layers: LayerPart[];
}

/** A file of an archive. */
export interface ArchiveFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

const digestOf = (bytes: Uint8Array): string => `sha256:${hash('sha256', bytes, 'hex')}`;
const encode = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));
const decode = (bytes: Uint8Array | undefined): Json => JSON.parse(new TextDecoder().decode(bytes)) as Json; // packed by us

/** The parts of a packed bundle; all its own. */
export function partsOf({ manifestBytes, blobs, signature }: PackedBundle): BundleParts {
  const manifest = decode(manifestBytes);
  const bytesOf = ({ digest }: Json): Uint8Array => blobs.get(digest as never) ?? new Uint8Array(); // a digest of the bundle
  const entries = manifest['layers'] as Json[]; // packed by us
  const annotations = signature && { annotations: { 'vnd.pluvio.signature.ed25519': encodeSignature(signature) } };
  return {
    layout: { imageLayoutVersion: '1.0.0' },
    index: {
      schemaVersion: 2,
      manifests: [
        { mediaType: MANIFEST_TYPE, digest: digestOf(manifestBytes), size: manifestBytes.length, ...annotations },
      ],
    },
    manifest,
    config: decode(bytesOf(manifest['config'] as Json)), // packed by us
    layers: entries.map((entry) => ({ entry, bytes: bytesOf(entry) })),
  };
}

/** Sets the digests and sizes of all layers, and of the config, to those that they have. */
export function refreshDigests(parts: BundleParts): void {
  for (const { entry, bytes } of parts.layers) Object.assign(entry, { digest: digestOf(bytes), size: bytes.length });
  parts.manifest['layers'] = parts.layers.map(({ entry }) => entry);
  parts.config['layerDigests'] = parts.layers.map(({ entry }) => entry['digest']);
  refreshConfig(parts);
}

export function refreshConfig({ manifest, config }: BundleParts): void {
  const bytes = encode(config);
  const descriptor = manifest['config'];
  if (typeof descriptor === 'object' && descriptor !== null) {
    Object.assign(descriptor, { digest: digestOf(bytes), size: bytes.length });
  }
}

/** Sets the digest of the manifest in the index, if there still is a place for it. */
export function refreshIndex({ index, manifest }: BundleParts): void {
  const [entry] = Array.isArray(index['manifests']) ? (index['manifests'] as unknown[]) : [];
  const bytes = encode(manifest);
  if (typeof entry === 'object' && entry !== null)
    Object.assign(entry, { digest: digestOf(bytes), size: bytes.length });
}

/** The files of the bundle's archive; blobs are named by the digests that they have. */
export function filesOf({ layout, index, manifest, config, layers }: BundleParts): ArchiveFile[] {
  const blobs = new Map<string, Uint8Array>();
  for (const bytes of [encode(manifest), encode(config), ...layers.map((layer) => layer.bytes)]) {
    blobs.set(digestOf(bytes), bytes);
  }
  return [
    { name: 'oci-layout', bytes: encode(layout) },
    { name: 'index.json', bytes: encode(index) },
    ...Array.from(blobs, ([digest, bytes]) => ({ name: `blobs/sha256/${digest.slice('sha256:'.length)}`, bytes })),
  ];
}

/** The first layer of a kind. */
export const layerOf = ({ layers }: BundleParts, kind: keyof typeof LAYERS): LayerPart | undefined =>
  layers.find(({ entry }) => entry['mediaType'] === LAYERS[kind].mediaType);
