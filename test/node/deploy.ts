/** Workers with a manifest, for tests. */
import { readFile } from 'node:fs/promises';
import { packBundle, type WorkerManifest, writeDrop } from '../../runtime/bundle/index.ts';
import { nodeCodecs } from '../../runtime/node/codecs.ts';
import type { WorkerInfo } from '../../runtime/node/api-types.ts';
import type { PluvioClient } from '../../sdk/client/index.ts';

/** A total that calls, messages and timers add to; see its source. */
export const ledgerModule = async (): Promise<Uint8Array> =>
  new Uint8Array(await readFile(new URL('../abi/guests/ledger.wasm', import.meta.url)));

/** What the ledger needs. */
export const LEDGER_CAPABILITIES = { 'mailbox.receive': [], 'mailbox.send': ['*'], timers: [] } as const;
/** Grants it that, to everybody. */
export const LEDGER_GRANTS = { all: LEDGER_CAPABILITIES, tenants: {} };

/** Sends a bundle and makes a worker of it. */
export async function deploy(
  client: PluvioClient,
  module: Uint8Array,
  manifest: Omit<WorkerManifest, 'schemaVersion'>,
  options: { readonly start?: boolean; readonly stdin?: 'open' | 'closed' } = {},
): Promise<WorkerInfo> {
  const packed = await packBundle(
    { manifest: { schemaVersion: 1, ...manifest }, module, files: new Map() },
    nodeCodecs,
  );
  const pieces: Uint8Array[] = [];
  for await (const piece of writeDrop(packed)) pieces.push(piece);
  const { digest } = await client.bundles.upload(Buffer.concat(pieces));
  return client.workers.create({ name: manifest.name, bundle: digest, ...options });
}

/** A ledger with a policy. */
export const deployLedger = async (
  client: PluvioClient,
  name: string,
  manifest: Partial<WorkerManifest> = {},
): Promise<WorkerInfo> =>
  deploy(client, await ledgerModule(), { name, capabilities: LEDGER_CAPABILITIES, ...manifest });

export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
