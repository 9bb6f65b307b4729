/** States of workers on disk, encrypted. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ConfiguredNode, startConfigured } from './configured-node.ts';
import { deploy } from './deploy.ts';
import { largeModule, openFolder } from './open-nodes.ts';

const keyOf = (letter: string): string => Buffer.alloc(32, letter).toString('base64url');

async function writeKeys(folder: string, letters: string): Promise<void> {
  const keys = Array.from(letters, keyOf);
  await writeFile(join(folder, 'rest.keys'), JSON.stringify({ keys }), { mode: 0o600 });
}

/** Bytes of the memory that `fill` leaves: numbers of a generator, which do not compress, in the middle of it. */
function marker(): Buffer {
  let x = 1;
  const numbers = Array.from({ length: 500_004 }, () => (x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0)).slice(
    -4,
  );
  const bytes = Buffer.alloc(16);
  numbers.forEach((number, at) => bytes.writeUInt32LE(number, at * 4));
  return bytes;
}

/** Files below a folder that have the bytes. */
async function filesWith(folder: string, bytes: Buffer): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found: string[] = [];
  for (const file of files) if ((await readFile(file)).includes(bytes)) found.push(file);
  return found;
}

/** A worker with a memory that is kept in the store and as a bundle. */
async function keep(node: ConfiguredNode): Promise<void> {
  await deploy(node.client(), await largeModule(), { name: 'large', checkpoint: 'each-call' });
  await node.client().workers.call('large', 'fill');
  await node.client().workers.snapshot('large');
  await node.client().workers.call('large', 'work', [5]);
}

const ENCRYPTED = { encryption: { keyFile: 'rest.keys' } };
const sumOf = (node: ConfiguredNode): Promise<unknown> => node.client().workers.call('large', 'run', [7]);

describe('the memory of a worker', () => {
  it('is nowhere on disk in plain where keys are given, and comes back with them', async () => {
    const plain = await startConfigured({});
    await keep(plain);
    const sum = await sumOf(plain);
    await plain.close();
    const places = (await filesWith(plain.dataDir, marker())).map((path) => path.slice(plain.dataDir.length + 1));
    for (const part of ['blobs', 'store'])
      expect(
        places.some((path) => path.startsWith(part)),
        part,
      ).toBe(true);

    const folder = await openFolder();
    await writeKeys(folder, 'a');
    const first = await startConfigured(ENCRYPTED, { folder });
    await keep(first);
    await first.close();
    expect(await filesWith(first.dataDir, marker())).toEqual([]);
    await writeKeys(folder, 'ba'); // a new one encrypts, the old one still decrypts
    const second = await startConfigured(ENCRYPTED, { folder });
    await second.client().workers.fork('large', { name: 'twin' });
    expect(await sumOf(second)).toEqual(sum);
    expect(await second.client().workers.call('twin', 'run', [7])).toEqual(sum);
    await second.close();
    expect(await filesWith(first.dataDir, marker())).toEqual([]);
  });

  it('is taken over from a node without keys, and kept encrypted from then on', async () => {
    const folder = await openFolder();
    await writeKeys(folder, 'a');
    const first = await startConfigured({}, { folder });
    await keep(first);
    await first.close();
    const second = await startConfigured(ENCRYPTED, { folder });
    expect(await second.client().workers.call('large', 'work', [5])).toMatchObject({ kind: 'returned' });
  });

  it.each([
    ['another key', { ...ENCRYPTED }],
    ['no key', {}],
  ])('keeps a node with %s from starting', async (_, config) => {
    const folder = await openFolder();
    await writeKeys(folder, 'a');
    await (await startConfigured(ENCRYPTED, { folder })).close();
    await writeKeys(folder, 'c');
    await expect(startConfigured(config, { folder })).rejects.toMatchObject({ code: 'KEY_UNKNOWN' });
    await writeKeys(folder, 'ca');
    await startConfigured(ENCRYPTED, { folder });
  });
});
