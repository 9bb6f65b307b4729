/** Bundles put together by hand from layers of any content, with digests that fit: what a stranger could send. */
import type { BlobSource } from '../../runtime/bundle/blob-store.ts';
import { mapSource } from '../../runtime/bundle/blob-store.ts';
import { type Digest, digestOf } from '../../runtime/bundle/digest.ts';
import { encodeWorkerManifest } from '../../runtime/bundle/worker-manifest.ts';
import { nodeCodecs } from '../../runtime/node/codecs.ts';
import { EMPTY_MODULE } from './bundle.ts';

export interface RawLayer {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly title?: string;
  /** Claimed instead of the real one. */
  readonly sizeBytes?: number;
}

export const MODULE_LAYER: RawLayer = { mediaType: 'application/wasm', bytes: EMPTY_MODULE };
export const MANIFEST_LAYER: RawLayer = {
  mediaType: 'application/vnd.pluvio.manifest.v1+json',
  bytes: encodeWorkerManifest({ schemaVersion: 1, name: 'x' }),
};

export const fileLayer = (title: string, content = 'x'): RawLayer => ({
  mediaType: 'application/vnd.pluvio.file.v1',
  bytes: new TextEncoder().encode(content),
  title,
});

type Json = Record<string, unknown>;

/** A source of these layers; `changeManifest` and `changeConfig` may alter the OCI documents first. */
export async function assemble(
  layers: readonly RawLayer[],
  changeManifest: (json: Json) => unknown = (json) => json,
  changeConfig: (json: Json) => unknown = (json) => json,
): Promise<BlobSource> {
  const blobs = new Map<Digest, Uint8Array>();
  const add = async (bytes: Uint8Array): Promise<Digest> => {
    const digest = await digestOf(bytes, nodeCodecs);
    blobs.set(digest, bytes);
    return digest;
  };
  const addJson = async (json: unknown): Promise<{ readonly digest: Digest; readonly size: number }> => {
    const bytes = new TextEncoder().encode(JSON.stringify(json));
    return { digest: await add(bytes), size: bytes.byteLength };
  };
  const entries = [];
  for (const { mediaType, bytes, title, sizeBytes } of layers) {
    const annotations = title === undefined ? {} : { annotations: { 'org.opencontainers.image.title': title } };
    entries.push({ mediaType, digest: await add(bytes), size: sizeBytes ?? bytes.byteLength, ...annotations });
  }
  const layerDigests = entries.map(({ digest }) => digest);
  const config = await addJson(changeConfig({ architecture: 'wasm', os: 'wasip1', layerDigests }));
  const manifest = await addJson(
    changeManifest({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: 'application/vnd.pluvio.bundle.v1+json',
      config: { mediaType: 'application/vnd.wasm.config.v0+json', ...config },
      layers: entries,
    }),
  );
  return mapSource(blobs, manifest.digest);
}
