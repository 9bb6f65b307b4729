import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openModuleCache } from './module-cache.ts';
import { FolderRecords, MemoryRecords, type RecordStore } from './record-store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pluvio-stores-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const STORES: Record<string, () => Promise<RecordStore>> = {
  MemoryRecords: () => Promise.resolve(new MemoryRecords()),
  FolderRecords: () => FolderRecords.open(folder),
};

describe.each(Object.entries(STORES))('%s', (_, open) => {
  it('keeps the last document of each key', async () => {
    const records = await open();
    await Promise.all([records.put('a', { n: 1 }), records.put('a', { n: 2 }), records.put('b', [true])]);
    expect(await records.list()).toEqual([
      ['a', { n: 2 }],
      ['b', [true]],
    ]);
    await records.delete('a');
    await records.delete('never');
    expect(await records.list()).toEqual([['b', [true]]]);
  });
});

describe('FolderRecords', () => {
  it('finds its documents again and clears what an interrupted write left', async () => {
    await (await FolderRecords.open(folder)).put('a', 1);
    await writeFile(join(folder, 'b.0.part'), '{"half":');
    expect(await (await FolderRecords.open(folder)).list()).toEqual([['a', 1]]);
    expect(await readdir(folder)).toEqual(['a.json']);
  });

  it('names a file that is not JSON', async () => {
    const records = await FolderRecords.open(folder);
    await writeFile(join(folder, 'a.json'), '{');
    await expect(records.list()).rejects.toMatchObject({
      code: 'STORE_FAILED',
      details: { path: join(folder, 'a.json') },
    });
  });

  it('takes no key that could leave its folder', async () => {
    const records = await FolderRecords.open(folder);
    for (const key of ['../a', '', 'a/b', '.hidden'])
      await expect(records.put(key, 1)).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('openModuleCache', () => {
  it('gives back what was put, also to the next process', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    await (await openModuleCache(folder)).put('key of a module', bytes);
    const cache = await openModuleCache(folder);
    expect(Uint8Array.from((await cache.get('key of a module')) ?? [])).toEqual(bytes);
    expect(await cache.get('another')).toBeUndefined();
  });

  it('treats a damaged file as absent', async () => {
    const cache = await openModuleCache(folder);
    await cache.put('key', Uint8Array.of(1, 2, 3));
    const [name = ''] = await readdir(folder);
    await writeFile(join(folder, name), Buffer.alloc(35));
    expect(await cache.get('key')).toBeUndefined();
  });
});
