/** Media types of a bundle's parts, and how many of each there may be. docs/bundle-format.md lists them. */

export const OCI_MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
/** What registries know bundles by: the `artifactType` of their manifests. */
export const BUNDLE_ARTIFACT_TYPE = 'application/vnd.pluvio.bundle.v1+json';
export const WASM_CONFIG_TYPE = 'application/vnd.wasm.config.v0+json';

/** The layers of a bundle, in transfer order. */
export const LAYERS = {
  module: { mediaType: 'application/wasm', min: 1, max: 1 },
  manifest: { mediaType: 'application/vnd.pluvio.manifest.v1+json', min: 1, max: 1 },
  snapshot: { mediaType: 'application/vnd.pluvio.snapshot.v1+msgpack', min: 0, max: 1 },
  memoryZstd: { mediaType: 'application/vnd.pluvio.memory.v1+zstd', min: 0, max: Infinity },
  memory: { mediaType: 'application/vnd.pluvio.memory.v1', min: 0, max: Infinity },
  log: { mediaType: 'application/vnd.pluvio.log.v1', min: 0, max: 1 },
  file: { mediaType: 'application/vnd.pluvio.file.v1', min: 0, max: Infinity },
} as const satisfies Record<string, { mediaType: string; min: number; max: number }>;

export type LayerKind = keyof typeof LAYERS;

/** Annotation of a file layer: its path. Tools that pull artifacts use it as file name. */
export const TITLE_ANNOTATION = 'org.opencontainers.image.title';
/** Annotation of the bundle's descriptor in index.json: the signature. */
export const SIGNATURE_ANNOTATION = 'vnd.pluvio.signature.ed25519';
