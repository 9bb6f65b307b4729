/** Packs a bundle into blobs (docs/bundle-format.md). */
import { withFieldErrors } from '../engine/plain-fields.ts';
import type { Bundle } from './bundle.ts';
import { checkModule, checkSources, isComponent } from './bundle-checks.ts';
import { encodeSnapshotLayer } from './bundle-snapshot.ts';
import type { BundleCodecs } from './codecs.ts';
import { type Digest, digestOf } from './digest.ts';
import { type LayerKind, LAYERS, WASM_CONFIG_TYPE } from './media-types.ts';
import { type GroupCache, type MemoryGroup, packMemory, type StoredGroup } from './memory-groups.ts';
import { encodeConfig, encodeImageManifest, type Layer } from './oci.ts';
import { checkPaths } from './paths.ts';
import { type BundleSignature, type KeyPair, signManifest } from './signature.ts';
import { type KnownChunks, packSharedMemory, splitRuns } from './shared-memory.ts';
import { encodeWorkerManifest } from './worker-manifest.ts';

/** How a bundle is packed. */
export interface PackOptions {
  /** Signs the bundle. */
  readonly sign?: KeyPair;
  /** Kept by the caller between packs of one worker: memory that did not change is not compressed again. */
  readonly groupCache?: GroupCache;
  /**
   * Memory that an earlier bundle of the worker has, which the receiver has as well: it is named, and not among the blobs. Given, also empty, memory is
   * packed so that a later bundle shares what does not change, in smaller chunks.
   */
  readonly known?: KnownChunks;
}

/** A bundle as blobs, ready to be written or sent. */
export interface PackedBundle {
  /** Digest of the OCI manifest: the name of the bundle. */
  readonly digest: Digest;
  readonly manifestBytes: Uint8Array;
  /** Every blob once but for known memory, the OCI manifest first, in the order in which a receiver can use them. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
  readonly signature?: BundleSignature;
  readonly sizes: {
    /** All blobs. */
    readonly totalBytes: number;
    /** Memory as the worker has it, and as it travels. */
    readonly memoryBytes: number;
    readonly memoryBlobBytes: number;
  };
}

/**
 * Packs a bundle. Blobs may be views of the bundle's own bytes: leave those unchanged as long as the result is in use.
 * @throws PluvioError `BUNDLE_MANIFEST_INVALID`, `BUNDLE_PATH`, `BUNDLE_MALFORMED` (the module), `INVALID_ARGUMENT` (state of a host, key)
 */
export async function packBundle(
  bundle: Bundle,
  codecs: BundleCodecs,
  options: PackOptions = {},
): Promise<PackedBundle> {
  checkModule(bundle.module);
  const manifest = encodeWorkerManifest(bundle.manifest);
  checkPaths(bundle.files.keys());
  withFieldErrors('BUNDLE_MANIFEST_INVALID', 'worker manifest', () => checkSources(bundle.manifest, bundle.files));

  const blobs = new Map<Digest, Uint8Array>();
  const layers: Layer[] = [];
  const addLayer = async (kind: LayerKind, bytes: Uint8Array, title?: string): Promise<void> => {
    const digest = await digestOf(bytes, codecs);
    blobs.set(digest, bytes);
    const layer = { kind, mediaType: LAYERS[kind].mediaType, digest, sizeBytes: bytes.byteLength };
    layers.push(title === undefined ? layer : { ...layer, title });
  };

  await addLayer('module', bundle.module);
  await addLayer('manifest', manifest);
  let groups: readonly StoredGroup[] = [];
  if (bundle.snapshot !== undefined) {
    const { known, groupCache = new Map<string, MemoryGroup>() } = options;
    const snapshot = known === undefined ? bundle.snapshot : splitRuns(bundle.snapshot);
    const memory =
      known === undefined
        ? await packMemory(snapshot, codecs, groupCache)
        : await packSharedMemory(snapshot, known, codecs);
    await addLayer('snapshot', encodeSnapshotLayer(snapshot, memory));
    groups = uniqueGroups(memory.groups);
    for (const { kind, mediaType, digest, sizeBytes, bytes } of groups) {
      if (bytes !== undefined) blobs.set(digest, bytes);
      layers.push({ kind, mediaType, digest, sizeBytes });
    }
  }
  if (bundle.log !== undefined) await addLayer('log', bundle.log);
  const paths = [...bundle.files.keys()].sort();
  for (const path of paths) await addLayer('file', bundle.files.get(path) ?? new Uint8Array(), path);

  const config = encodeConfig(layers, isComponent(bundle.module));
  const configDigest = await digestOf(config, codecs);
  const manifestBytes = encodeImageManifest({
    config: { mediaType: WASM_CONFIG_TYPE, digest: configDigest, sizeBytes: config.byteLength },
    layers,
  });
  const digest = await digestOf(manifestBytes, codecs);
  const all = new Map([[digest, manifestBytes], [configDigest, config], ...blobs]);
  const sum = (sizes: Iterable<number>): number => [...sizes].reduce((total, size) => total + size, 0);
  const sizes = {
    totalBytes: sum([...all.values()].map((bytes) => bytes.byteLength)),
    memoryBytes: sum(groups.map((group) => group.contentBytes)),
    memoryBlobBytes: sum(groups.map((group) => group.sizeBytes)),
  };
  const packed = { digest, manifestBytes, blobs: all, sizes };
  return options.sign === undefined
    ? packed
    : { ...packed, signature: await signManifest(manifestBytes, options.sign) };
}

/** Regions of the same content share a blob. */
function uniqueGroups(groups: readonly StoredGroup[]): StoredGroup[] {
  return [...new Map(groups.map((group) => [group.digest, group])).values()];
}
