import { type PackedBundle, writeDrop } from '../../runtime/bundle/index.ts';
import type { BundleInfo, PluvioClient } from '../client/index.ts';

/** Puts a bundle onto a node. @throws PluvioError as `Bundles.upload` */
export async function uploadBundle(client: PluvioClient, packed: PackedBundle): Promise<BundleInfo> {
  const chunks: BlobPart[] = [];
  for await (const chunk of writeDrop(packed)) chunks.push(new Uint8Array(chunk));
  return client.bundles.upload(new Blob(chunks));
}
