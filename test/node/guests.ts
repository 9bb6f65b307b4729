/** Guests of campaigns and benchmarks, on a node. */
import { readFile } from 'node:fs/promises';
import { packBundle, type WorkerManifest, writeDrop } from '../../runtime/bundle/index.ts';
import { nodeCodecs } from '../../runtime/node/index.ts';
import type { PluvioClient } from '../../sdk/client/index.ts';

/** A program of test/programs/exports. */
export type Guest = 'ledger' | 'echo' | 'echo-number' | 'mailbox-ledger' | 'mailbox-sender';
/** What a manifest says beyond the name. */
export type ManifestFields = Omit<WorkerManifest, 'schemaVersion' | 'name'>;

/** Puts a guest with its manifest on a node, by that name; gives the digest of the bundle. */
export async function uploadGuest(
  client: PluvioClient,
  guest: Guest,
  fields: ManifestFields = {},
  name: string = guest,
): Promise<string> {
  const module = new Uint8Array(await readFile(new URL(`../programs/exports/${guest}.wasm`, import.meta.url)));
  const manifest: WorkerManifest = { schemaVersion: 1, name, ...fields };
  const packed = await packBundle({ manifest, module, files: new Map() }, nodeCodecs);
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeDrop(packed)) chunks.push(chunk);
  const { digest } = await client.bundles.upload(new Blob(chunks as BlobPart[])); // chunks lie in buffers of their own
  return digest;
}

/** Makes a worker of a guest, from a bundle of its own: bundles of two workers in the same state are two. */
export async function deployGuest(
  client: PluvioClient,
  name: string,
  guest: Guest,
  fields: ManifestFields = {},
): Promise<void> {
  await client.workers.create({ name, bundle: await uploadGuest(client, guest, fields, name) });
}
