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

const stallsOf = async ({ client }: OpenNode): Promise<string | undefined> =>
  /^pluvio_limits_reached_total\{scope="node",limit="stallMs"\} (\d+)$/m.exec(await client.metrics())?.[1];

it('a backup that nobody reads on gives the one place for backups free', async () => {
  const node = await openNode({ dataDir: await openFolder(), limits: { stallMs: 200 } });
  await uploadLarge(node);
  const connection = await askAndLeave(node, 'POST', '/v1/node/backup');
  await expect.poll(() => stallsOf(node), { timeout: 20_000 }).toBe('1');
  // Its folder is removed first.
  const next = (): Promise<number> => node.client.backup().then(sizeOf, () => 0);
  await expect.poll(next, { timeout: 20_000 }).toBeGreaterThan(FILE_BYTES);
  connection.close();
});

it('a bundle that nobody reads on is given up, and one that is read is whole', async () => {
  const node = await openNode({ limits: { stallMs: 200 } });
  const digest = await uploadLarge(node);
  const connection = await askAndLeave(node, 'GET', `/v1/bundles/${digest}/content`);
  await expect.poll(() => stallsOf(node), { timeout: 20_000 }).toBe('1');
  connection.close();
  expect(await sizeOf(await node.client.bundles.content(digest))).toBeGreaterThan(FILE_BYTES);
});

it('a stream of events that has nothing to say goes on', async () => {
  const node = await openNode({ limits: { stallMs: 10, streams: 1 } });
  const events = node.client.events();
  const first = events.next();
  await expect.poll(async () => (await node.client.metrics()).includes('pluvio_streams 1')).toBe(true);
  // Other requests take far longer than the limit.
  for (let at = 0; at < 20; at++) await node.client.metrics();
  await node.client.workers.create({ name: 'a', module: await counterModule() });
  expect((await first).value).toMatchObject({ kind: 'created', worker: 'a' });
  expect(await stallsOf(node)).toBeUndefined();
});
