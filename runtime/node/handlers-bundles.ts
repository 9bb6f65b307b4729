import { readBlobStream, readDrop } from '../bundle/index.ts';
import { PluvioError } from '../errors/index.ts';
import { readBody } from './body.ts';
import type { BundleInfo, BundleShelf } from './bundle-shelf.ts';
import type { Handler, NodeServices, OperationCall } from './handlers.ts';
import { MEDIA } from './media-types.ts';
import { pulledStream } from './pulled-stream.ts';
import { bundleTenantOf, type Identity, identityOf } from './security/identity.ts';
import { DEFAULT_TENANT } from './worker-record.ts';

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

/**
 * Refuses a bundle that a narrowed right does not reach as one that is not there: those of other tenants and, to a right to some workers
 * only, the states of others.
 * @throws PluvioError `BLOB_NOT_FOUND`
 */
export function checkBundle(shelf: BundleShelf, identity: Identity, digest: string): void {
  if (reachesBundle(shelf, identity, shelf.get(digest))) return;
  throw new PluvioError('BLOB_NOT_FOUND', `this node keeps no bundle ${digest}`, { digest });
}

function reachesBundle(shelf: BundleShelf, identity: Identity, { digest, hasSnapshot }: BundleInfo): boolean {
  const tenant = bundleTenantOf(identity);
  if (tenant === undefined) return true;
  return shelf.isOf(digest, tenant) && (identity.workers === undefined || !hasSnapshot);
}

export function bundleHandlers({ shelf, limits, pulling }: NodeServices): Record<BundleOperation, Handler> {
  const digestOf = (params: Readonly<Record<string, string>>): string => params['digest'] ?? '';
  /** The bundle of the path, if the caller reaches it. */
  const reached = ({ params, identity }: OperationCall): string => {
    checkBundle(shelf, identityOf(identity), digestOf(params));
    return digestOf(params);
  };
  return {
    listBundles: ({ identity }) => {
      const bundles = shelf.list().filter((bundle) => reachesBundle(shelf, identityOf(identity), bundle));
      return Promise.resolve({ bundles });
    },
    uploadBundle: async ({ contentType, bytes, identity }) => {
      const narrowed = bundleTenantOf(identityOf(identity));
      const tenant = narrowed ?? DEFAULT_TENANT;
      if (contentType !== MEDIA.ociManifest) return shelf.take(await readDrop(bytes, shelf.limits), tenant);
      if (narrowed !== undefined) {
        // It would name blobs that others have sent.
        throw new PluvioError(
          'FORBIDDEN',
          'a token of a tenant or of some workers sends bundles whole, as .drop files',
        );
      }
      return shelf.adopt(await shelf.putBlob(await readBody(bytes)), 'uploaded', tenant);
    },
    getBundle: async (call) => Promise.resolve(shelf.get(reached(call))),
    getBundleContent: async (call) => {
      const body = pulledStream(shelf.content(reached(call)), pulling);
      return Promise.resolve(new Response(body, { headers: { 'content-type': MEDIA.drop } }));
    },
    deleteBundle: async (call) => shelf.delete(reached(call), bundleTenantOf(identityOf(call.identity))),
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
