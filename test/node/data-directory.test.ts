/** Data directories of every version of their format are taken up, with what is in them (test/vectors/data-directory). */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readTar } from '../../runtime/bundle/tar.ts';
import { openFolder, openNode, type OpenNode } from './open-nodes.ts';

const GRANTS = { all: { kv: [], timers: [], 'mailbox.receive': [] }, tenants: {} };

/** What is in a directory. */
interface Facts {
  readonly keyId: string;
  readonly workers: readonly object[];
  readonly newest: object;
  readonly pinned: object;
  readonly log: string;
  readonly movedTo: string;
}

const VECTORS = new URL('../vectors/data-directory/', import.meta.url);

const factsOf = async (name: string): Promise<Facts> =>
  JSON.parse(await readFile(new URL(`${name}.json`, VECTORS), 'utf8')) as Facts; // our own file

/** A copy of the directory, to be worked with. */
async function unpacked(name: string): Promise<string> {
  const folder = await openFolder();
  const packed = await readFile(new URL(`${name}.tar.zst`, VECTORS));
  const archive = await promisify(zstdDecompress)(packed);
  for await (const file of readTar(Readable.from([archive]), archive.length, () => undefined)) {
    await mkdir(dirname(join(folder, file.name)), { recursive: true });
    await writeFile(join(folder, file.name), file.bytes, { mode: 0o600 });
  }
  return folder;
}

const logsOf = async ({ client }: OpenNode, name: string): Promise<string> => {
  let text = '';
  for await (const { bytes } of client.workers.logs(name)) text += new TextDecoder().decode(bytes);
  return text;
};

describe.each(['version-2'])('the data directory %s', (name) => {
  it('is taken up with its workers, their states, histories and logs', async () => {
    const { keyId, workers, newest, pinned, log, movedTo } = await factsOf(name);
    const node = await openNode({ dataDir: await unpacked(name), grants: GRANTS });
    expect((await node.client.node()).identity.keyId).toBe(keyId);
    expect(await node.client.workers.list()).toMatchObject(workers);
    const history = await node.client.workers.history('tally'); // others go with the hours
    expect(history[0]).toMatchObject(newest);
    expect(history.find(({ id }) => id === 2)).toMatchObject(pinned);
    expect(await logsOf(node, 'answer')).toBe(log);
    const moved = await fetch(`${node.url}/v1/workers/traveller`, { redirect: 'manual' });
    expect([moved.status, moved.headers.get('location')]).toEqual([308, movedTo]);
  });

  it('goes on where it was', async () => {
    const node = await openNode({ dataDir: await unpacked(name), grants: GRANTS });
    const { workers } = node.client;
    expect(await workers.callTyped('tally', 'stored')).toBe('12');
    expect(await workers.callTyped('tally', 'received')).toBe('a message');
    expect(await workers.callTyped('tally', 'add', [1])).toBe(13);
    await workers.revert('tally', { checkpoint: 2 });
    expect(await workers.callTyped('tally', 'add', [1])).toBe(6);
    await workers.resume('answer');
    await workers.sendStdin('answer', 'add 3\n', { end: true });
    expect(await workers.waitOutcome('answer')).toEqual({ kind: 'exited', code: 0 });
    expect(await logsOf(node, 'answer')).toBe('ready\ntotal 5\ntotal 8\n2 lines, total 8\n');
  });
});
