/** Bundles between files and nodes, with progress. */
import { ReadableStream } from 'node:stream/web';
import { sealBundle } from '../../runtime/node/security/index.ts';
import type { BundleInfo, PluvioClient } from '../client/index.ts';
import { Progress } from './progress.ts';
import { writeFileWhole } from './whole-file.ts';

/** Fetches a bundle of a node into a file, sealed where a key is given; gives the size of the file. @throws PluvioError `FILE_FAILED`, `NODE_UNREACHABLE`, the node's codes */
export async function saveBundle(
  client: PluvioClient,
  bundle: BundleInfo,
  path: string,
  showsProgress: boolean,
  sealTo?: Uint8Array,
): Promise<number> {
  const progress = new Progress(`fetching ${path}`, bundle.sizeBytes, showsProgress);
  const drop = progress.watch(await client.bundles.content(bundle.digest));
  return writeFileWhole(path, sealTo === undefined ? drop : sealBundle(drop, sealTo));
}

const CHUNK_BYTES = 65_536;

/** Sends a bundle to a node. @throws PluvioError `NODE_UNREACHABLE`, the node's codes */
export async function sendBundle(
  client: PluvioClient,
  chunks: AsyncIterable<Uint8Array>,
  sizeBytes: number,
  showsProgress: boolean,
  sealed = false,
): Promise<BundleInfo> {
  const progress = new Progress('sending', sizeBytes, showsProgress);
  const body = ReadableStream.from(progress.watch(pieces(chunks)));
  return client.bundles.upload(body as globalThis.ReadableStream<Uint8Array>, { sealed }); // Node's own class, typed twice
}

/** The same bytes in pieces of bounded size, so that progress moves. */
async function* pieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; at += CHUNK_BYTES) yield chunk.subarray(at, at + CHUNK_BYTES);
  }
}
