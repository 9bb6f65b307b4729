/** Registries and bundles for tests of the registry's client. */
import { createHash } from 'node:crypto';
import { afterEach } from 'vitest';
import { packBundle, type PackedBundle, type PackOptions } from '../../runtime/bundle/index.ts';
import { parseReference, type RegistryAccess, type RegistryReference } from '../../runtime/bundle/registry/index.ts';
import { nodeCodecs } from '../../runtime/node/codecs.ts';
import { LocalRegistry, type LocalRegistryOptions } from './local-registry.ts';

const opened: LocalRegistry[] = [];

afterEach(async () => {
  for (const registry of opened.splice(0)) await registry.close();
});

/** A registry that goes with the test. */
export async function openRegistry(options: LocalRegistryOptions = {}): Promise<LocalRegistry> {
  const registry = await LocalRegistry.open(options);
  opened.push(registry);
  return registry;
}

export const codecs = nodeCodecs;

/** Goes on at once where others would wait. */
export const NO_PAUSE: Pick<RegistryAccess, 'pause'> = { pause: () => Promise.resolve() };

export const at = (registry: LocalRegistry, rest = 'team/pi:1'): RegistryReference =>
  parseReference(`${registry.host}/${rest}`);

const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** Bytes that compress badly and are the same each time. */
export function noise(sizeBytes: number, seed: number): Uint8Array {
  const pieces: Buffer[] = [];
  for (let size = 0; size < sizeBytes; size += 32) pieces.push(createHash('sha256').update(`${seed} ${size}`).digest());
  return new Uint8Array(Buffer.concat(pieces).subarray(0, sizeBytes));
}

/** A small bundle with files of these sizes. */
export const bundleOf = (sizes: readonly number[], options: PackOptions = {}): Promise<PackedBundle> =>
  packBundle(
    {
      manifest: { schemaVersion: 1, name: 'pi' },
      module: EMPTY_MODULE,
      files: new Map(sizes.map((size, index) => [`file-${index}`, noise(size, index)])),
    },
    codecs,
    options,
  );

/** The digest of the largest blob of a bundle. */
export const largestOf = ({ blobs }: PackedBundle): string =>
  [...blobs].reduce((largest, one) => (one[1].byteLength > largest[1].byteLength ? one : largest))[0];
