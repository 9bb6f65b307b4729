import type { BundleInfo, BundleShelf } from '../bundle-shelf.ts';
import { bundleTenantOf, type Identity } from '../security/identity.ts';
import { DEFAULT_TENANT } from '../worker-record.ts';
import type { NodeRegistries } from './node-registries.ts';

/**
 * Takes a bundle of a registry onto the shelf, as if whoever asks had sent it. Blobs that the shelf has are not read again, unless the right is
 * narrowed to a tenant: a manifest could name blobs that others have sent.
 * @throws PluvioError `REGISTRY_…`, `BUNDLE_…`, `CREDENTIALS_FAILED`, `INVALID_ARGUMENT`, `ABORTED`
 */
export async function takeReference(
  { registries, shelf }: { readonly registries: NodeRegistries; readonly shelf: BundleShelf },
  reference: string,
  identity: Identity,
  signal: AbortSignal,
): Promise<BundleInfo> {
  const tenant = bundleTenantOf(identity);
  const known = async (digest: string): Promise<Uint8Array | undefined> =>
    (await shelf.has(digest)) ? shelf.blob(digest) : undefined;
  const { source } = await registries.pull(reference, { signal, ...(tenant === undefined ? { known } : {}) });
  return shelf.take(source, tenant ?? DEFAULT_TENANT);
}
