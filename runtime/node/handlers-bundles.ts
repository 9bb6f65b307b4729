import { readBlobStream, readDrop } from '../bundle/index.ts';
import { PluvioError } from '../errors/index.ts';
import { readBody } from './body.ts';
import type { Handler, NodeServices } from './handlers.ts';
import { MEDIA } from './media-types.ts';

type BundleOperation =
  | 'listBundles'
  | 'uploadBundle'
  | 'getBundle'
  | 'getBundleContent'
  | 'deleteBundle'
  | 'listMissing'
  | 'getBlob'
  | 'putBlob'
  | 'putBlobs';

export function bundleHandlers({ shelf, limits }: NodeServices): Record<BundleOperation, Handler> {
  const digestOf = (params: Readonly<Record<string, string>>): string => params['digest'] ?? '';
  return {
    listBundles: () => Promise.resolve({ bundles: shelf.list() }),
    uploadBundle: async ({ contentType, bytes }) => {
      if (contentType === MEDIA.ociManifest) return shelf.adopt(await shelf.putBlob(await readBody(bytes)), 'uploaded');
      return shelf.take(await readDrop(bytes, shelf.limits));
    },
    getBundle: async ({ params }) => Promise.resolve(shelf.get(digestOf(params))),
    getBundleContent: async ({ params }) => {
      shelf.get(digestOf(params));
      return Promise.resolve(bytesResponse(shelf.content(digestOf(params)), MEDIA.drop));
    },
    deleteBundle: ({ params }) => shelf.delete(digestOf(params)),
    listMissing: async ({ json }) => {
      const { digests } = json as { digests: readonly string[] }; // checked by the schema
      const there = await Promise.all(digests.map((digest) => shelf.has(digest)));
      return { missing: digests.filter((_, index) => there[index] === false) };
    },
    getBlob: async ({ params }) => {
      const bytes = await shelf.blob(digestOf(params));
      const headers = {
        'content-type': MEDIA.octets,
        'content-length': String(bytes.length),
        'cache-control': 'immutable',
      };
      return new Response(new Uint8Array(bytes), { headers });
    },
    putBlob: async ({ params, bytes }) => {
      const body = await readBody(bytes);
      const found = await shelf.digestOf(body);
      if (found !== digestOf(params)) {
        throw new PluvioError('BUNDLE_DIGEST', `the body has the digest ${found}; the path says ${digestOf(params)}`, {
          found,
        });
      }
      await shelf.putChecked(found, body);
    },
    putBlobs: async ({ bytes }) => {
      let blobs = 0;
      let total = 0;
      const bounds = { blobBytes: limits.blobBytes, totalBytes: limits.bundleBytes };
      for await (const { digest, bytes: blob } of readBlobStream(bytes, shelf.codecs, bounds)) {
        await shelf.putChecked(digest, blob);
        blobs++;
        total += blob.length;
      }
      return { blobs, bytes: total };
    },
  };
}

function bytesResponse(chunks: AsyncGenerator<Uint8Array>, contentType: string): Response {
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const next: IteratorResult<Uint8Array, unknown> = await chunks.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: () => void chunks.return(undefined),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { 'content-type': contentType } });
}
