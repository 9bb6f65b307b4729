/** Streams whose reader takes nothing any more: they hold their place for as long as the limit says, and no longer. */
import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { packBundle, writeDrop } from '../../runtime/bundle/index.ts';
import { nodeCodecs } from '../../runtime/node/codecs.ts';
import { requestHead } from '../abuse/attack.ts';
import { placeOf, RawConnection } from '../abuse/raw-connection.ts';
import { counterModule, openFolder, openNode, type OpenNode } from './open-nodes.ts';

/** More than lies in the buffers of a connection. */
const FILE_BYTES = 32 * 2 ** 20;

/** Uploads a bundle with a file that does not get smaller; gives its digest. */
async function uploadLarge({ client }: OpenNode): Promise<string> {
  const manifest = { schemaVersion: 1 as const, name: 'large' };
  const files = new Map([['data', new Uint8Array(randomBytes(FILE_BYTES))]]);
  const pieces: Uint8Array[] = [];
  const packed = await packBundle({ manifest, module: await counterModule(), files }, nodeCodecs);
  for await (const piece of writeDrop(packed)) pieces.push(piece);
  return (await client.bundles.upload(Buffer.concat(pieces))).digest;
}

/** Asks for something and reads nothing of the answer. */
async function askAndLeave({ url }: OpenNode, method: string, path: string): Promise<RawConnection> {
  const place = placeOf(url);
  const connection = await RawConnection.open(place);
  connection.pause();
  await connection.send(
    requestHead({ hostName: `${place.host}:${place.port}` }, method, path, { 'Content-Length': 0 }),
  );
  return connection;
}

async function sizeOf(stream: ReadableStream<Uint8Array>): Promise<number> {
  let sizeBytes = 0;
  for await (const chunk of stream) sizeBytes += chunk.length;
  return sizeBytes;
}

const hasStalled = async ({ client }: OpenNode): Promise<boolean> =>
  (await client.metrics()).includes('pluvio_limits_reached_total{scope="node",limit="stallMs"}');

it('a backup that nobody reads on gives the one place for backups free', async () => {
  const node = await openNode({ dataDir: await openFolder(), limits: { stallMs: 200 } });
  await uploadLarge(node);
  const connection = await askAndLeave(node, 'POST', '/v1/node/backup');
  await expect.poll(() => hasStalled(node), { timeout: 20_000 }).toBe(true);
  // Its folder is removed first.
  const next = async (): Promise<number> =>
    node.client
      .backup()
      .then(sizeOf)
      .catch(() => 0);
  await expect.poll(next, { timeout: 20_000 }).toBeGreaterThan(FILE_BYTES);
  connection.close();
});

it('a bundle that nobody reads on is given up', async () => {
  const node = await openNode({ limits: { stallMs: 200 } });
  const digest = await uploadLarge(node);
  const connection = await askAndLeave(node, 'GET', `/v1/bundles/${digest}/content`);
  await expect.poll(() => hasStalled(node), { timeout: 20_000 }).toBe(true);
  connection.close();
});
