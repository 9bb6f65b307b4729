import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type BlobStore, type Digest, digestOf, memoryBlobStore } from '../bundle/index.ts';
import { openBlobFolder } from './blob-folder.ts';
import { nodeCodecs } from './codecs.ts';

const bytes = new TextEncoder().encode('hello');
const digest = await digestOf(bytes, nodeCodecs);
const other: Digest = `sha256:${'0'.repeat(64)}`;
const root = await mkdtemp(join(tmpdir(), 'pluvio-blobs-'));
afterAll(() => rm(root, { recursive: true }));

let serial = 0;
const newFolder = (): string => join(root, String(serial++));
const rejection = (code: string): unknown => expect.objectContaining({ code });

async function listed(store: BlobStore): Promise<{ digest: Digest; sizeBytes: number }[]> {
  const found = [];
  for await (const entry of store.list()) found.push(entry);
  return found;
}

describe.each<[name: string, open: () => Promise<BlobStore>]>([
  ['in memory', () => Promise.resolve(memoryBlobStore())],
  ['in a folder', () => openBlobFolder(newFolder())],
])('a blob store %s', (_, open) => {
  let store: BlobStore;
  beforeEach(async () => {
    store = await open();
  });

  test('keeps, lists and deletes blobs', async () => {
    expect(await store.has(digest)).toBe(false);
    await store.put(digest, bytes);
    await store.put(digest, bytes);
    expect(await store.has(digest)).toBe(true);
    expect(await store.get(digest)).toEqual(bytes);
    expect(await listed(store)).toEqual([{ digest, sizeBytes: 5 }]);
    expect(await store.delete(digest)).toBe(true);
    expect(await store.delete(digest)).toBe(false);
    expect(await listed(store)).toEqual([]);
  });

  test('says what it does not have', async () => {
    await expect(store.get(other)).rejects.toThrow(rejection('BLOB_NOT_FOUND'));
  });

  test('takes the same blob many times at once', async () => {
    await Promise.all(Array.from({ length: 20 }, () => store.put(digest, bytes)));
    expect(await listed(store)).toEqual([{ digest, sizeBytes: 5 }]);
  });
});

describe('a folder of blobs', () => {
  const fileOf = (folder: string, blob: Digest): string => join(folder, 'sha256', blob.slice(7, 9), blob.slice(7));

  test('is there when it is opened again', async () => {
    const folder = newFolder();
    await (await openBlobFolder(folder)).put(digest, bytes);
    expect(await (await openBlobFolder(folder)).get(digest)).toEqual(bytes);
  });

  test('refuses bytes of another digest', async () => {
    const folder = newFolder();
    const store = await openBlobFolder(folder);
    await expect(store.put(other, bytes)).rejects.toThrow(rejection('BUNDLE_DIGEST'));
    expect(await store.has(other)).toBe(false);
    expect(await readdir(join(folder, 'incoming'))).toEqual([]);
  });

  test('finds a damaged blob, and takes it anew', async () => {
    const folder = newFolder();
    const store = await openBlobFolder(folder);
    await store.put(digest, bytes);
    await writeFile(fileOf(folder, digest), 'hellO');
    await expect(store.get(digest)).rejects.toThrow(rejection('BLOB_DAMAGED'));
    await store.put(digest, bytes);
    expect(await store.get(digest)).toEqual(bytes);
  });

  test('forgets what a crash left half written', async () => {
    const folder = newFolder();
    await mkdir(join(folder, 'incoming'), { recursive: true });
    await writeFile(join(folder, 'incoming', '0'), 'hel');
    const store = await openBlobFolder(folder);
    expect(await listed(store)).toEqual([]);
    await store.put(digest, bytes);
    expect(await readdir(join(folder, 'incoming'))).toEqual([]);
  });

  test('names the file that it cannot use', async () => {
    const folder = newFolder();
    await writeFile(folder, '');
    await expect(openBlobFolder(folder)).rejects.toThrow(rejection('STORE_FAILED'));
  });
});
