/** What scenarios need of a node, and how it is found out whether it is there. */
import { readFile } from 'node:fs/promises';
import { checkWorkerManifest, packBundle, writeDrop } from '../../runtime/bundle/index.ts';
import { nodeCodecs } from '../../runtime/node/index.ts';
import type { PluvioClient } from '../../sdk/client/index.ts';

/** Gives why the node lacks it; undefined: it does not. */
type Probe = (client: PluvioClient) => Promise<string | undefined>;

/** Asks whether a manifest may have these fields. */
const manifestProbe =
  (fields: object): Probe =>
  () => {
    try {
      checkWorkerManifest({ schemaVersion: 1, name: 'probe', ...fields });
      return Promise.resolve(undefined);
    } catch (error) {
      return Promise.resolve(error instanceof Error ? error.message : String(error));
    }
  };

export const FEATURES = {
  'idempotency keys': async (client) => {
    const { paths } = (await client.openApi()) as { paths?: Record<string, unknown> };
    const calls = JSON.stringify(paths?.['/v1/workers/{name}/call/{export}'] ?? '');
    return /idempotency-key/i.test(calls) ? undefined : 'calls take no idempotency-key';
  },
  'a checkpoint with each call': manifestProbe({ checkpoint: 'each-call' }),
} as const satisfies Record<string, Probe>;
export type Feature = keyof typeof FEATURES;

/** Why a node cannot do what is needed; empty: it can. */
export async function missing(client: PluvioClient, needs: readonly Feature[]): Promise<readonly string[]> {
  const reasons = await Promise.all(needs.map((feature) => FEATURES[feature](client)));
  return reasons.filter((reason) => reason !== undefined);
}

const bytesOf = async (path: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await readFile(new URL(`../programs/${path}`, import.meta.url)));

/** Makes a worker of the ledger, with these fields in its manifest. */
export async function createLedger(client: PluvioClient, name: string, manifest: object = {}): Promise<void> {
  const module = await bytesOf('ledger/ledger.wasm');
  const checked = checkWorkerManifest({ schemaVersion: 1, name, ...manifest });
  const packed = await packBundle({ manifest: checked, module, files: new Map() }, nodeCodecs);
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeDrop(packed)) chunks.push(chunk);
  const { digest } = await client.bundles.upload(new Blob(chunks as BlobPart[])); // chunks lie in buffers of their own
  await client.workers.create({ bundle: digest, name });
}
