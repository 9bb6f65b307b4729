import { decodeWorkerManifest, parseDigest, type WorkerManifest } from '../../runtime/bundle/index.ts';
import { LAYERS } from '../../runtime/bundle/media-types.ts';
import { decodeImageManifest } from '../../runtime/bundle/oci.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import type { PluvioClient } from '../client/index.ts';

/** The manifest of a bundle that a node has. @throws PluvioError `BLOB_NOT_FOUND`, `FORBIDDEN`, `BUNDLE_…` */
export async function fetchManifest(client: PluvioClient, bundle: string): Promise<WorkerManifest> {
  return decodeWorkerManifest(await fetchLayer(client, bundle, 'manifest'));
}

/** The module or component of a bundle that a node has. @throws PluvioError as `fetchManifest` */
export const fetchModule = (client: PluvioClient, bundle: string): Promise<Uint8Array> =>
  fetchLayer(client, bundle, 'module');

async function fetchLayer(client: PluvioClient, bundle: string, name: keyof typeof LAYERS): Promise<Uint8Array> {
  const image = decodeImageManifest(await client.bundles.getBlob(parseDigest(bundle)));
  const layer = image.layers.find(({ mediaType }) => mediaType === LAYERS[name].mediaType);
  if (layer === undefined) throw new PluvioError('BUNDLE_MALFORMED', `bundle ${bundle} has no ${name} of a worker`);
  return client.bundles.getBlob(layer.digest);
}
