import { PluvioError } from '../../errors/index.ts';
import type { BundleCodecs } from '../codecs.ts';
import { resolveBundleLimits } from '../limits.ts';
import { type KnownChunks, readKnownChunks, snapshotLayerOf } from '../shared-memory.ts';
import { downloadBlob } from './blob-download.ts';
import { findManifest } from './manifests.ts';
import type { RegistryReference } from './reference.ts';
import { type RegistryAccess, RegistrySession } from './session.ts';

/** What an earlier bundle may be like so that there is nothing to share with it. */
const NO_BASE: ReadonlySet<string> = new Set([
  'BUNDLE_MALFORMED',
  'BUNDLE_VERSION',
  'BUNDLE_LIMIT',
  'SNAPSHOT_MALFORMED',
  'SNAPSHOT_VERSION',
]);

/**
 * The memory that a bundle in a registry has, of which its manifest and snapshot layer alone are read. Nothing, if there is no such bundle
 * or none with memory.
 * @throws PluvioError `REGISTRY_…`, `BUNDLE_DIGEST`, `ABORTED`, those of the credential source
 */
export async function fetchKnownChunks(
  base: RegistryReference,
  { codecs, ...access }: RegistryAccess & { readonly codecs: BundleCodecs },
): Promise<KnownChunks> {
  const session = new RegistrySession(base, { actions: 'pull' }, access);
  const { metadataBytes, snapshotBytes } = resolveBundleLimits();
  try {
    const manifest = await findManifest(session, base.digest ?? base.tag ?? '', { codecs, maxBytes: metadataBytes });
    const layer = manifest && snapshotLayerOf(manifest.bytes);
    if (manifest === undefined || layer === undefined || layer.sizeBytes > snapshotBytes) return new Map();
    const bytes = await downloadBlob(session, layer.digest, { codecs, maxBytes: layer.sizeBytes });
    return readKnownChunks(manifest.bytes, bytes);
  } catch (error) {
    if (error instanceof PluvioError && NO_BASE.has(error.code)) return new Map();
    throw error;
  }
}
