import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { FolderRecords } from '../record-store.ts';
import { call, digest, openTestStore, testFolder } from './testing/test-stores.ts';
import { upgradeFolders } from './upgrade-folders.ts';
import { WireWriter } from './wire.ts';
import { resolveStoreLimits } from './limits.ts';

/** A record of the layout with folders. */
const worker = (name: string, change: object = {}): object => ({
  version: 1,
  name,
  kind: 'reactor',
  module: '0'.repeat(64),
  bundle: digest(1),
  createdMs: 5,
  notMigratable: [],
  fresh: false,
  clean: true,
  running: false,
  ended: false,
  outcome: null,
  checkpoint: { bundle: digest(2), atMs: 7, fuelUsed: '99', memoryPages: 3, resumable: true },
  stdinOpen: false,
  finalSide: null,
  fuelUsed: '99',
  memoryPages: 3,
  ...change,
});
const gone = { version: 1, name: 'gone', movedTo: 'http://there', moveId: 'm1', atMs: 3 };

let dataDir: string;
const documents = {
  workers: [
    ['a', worker('a')],
    ['b', worker('b', { fresh: true, checkpoint: null })],
    ['gone', gone],
  ],
  bundles: [['1'.padStart(64, '0'), { digest: digest(1), signature: null }]],
  'moves-in': [['move-1', { state: 'committed' }]],
  'moves-out': [],
} as const;

beforeEach(async () => {
  dataDir = await testFolder();
  for (const [folder, records] of Object.entries(documents)) {
    const store = await FolderRecords.open(join(dataDir, folder));
    for (const [key, document] of records) await store.put(key, document);
  }
});

async function expectTakenOver(): Promise<void> {
  const store = await openTestStore({ dataDir });
  for (const [folder, records] of Object.entries(documents)) {
    expect(await store.collection(folder).list()).toEqual(records);
  }
  expect(await store.history('a')).toEqual([
    {
      id: 1,
      parent: null,
      base: digest(2),
      atMs: 7,
      fuelUsed: '99',
      memoryPages: 3,
      resumable: true,
      inputSeq: 0,
      pinned: false,
      sizeBytes: 0,
    },
  ]);
  expect(await store.history('b')).toEqual([]);
  expect(await store.journalState('gone')).toBeUndefined();
  expect(await store.roots()).toEqual([digest(2)]);
  expect(await store.damaged()).toEqual([]);
  expect(await store.appendInput('a', call('x'))).toEqual({ seq: 1 });
  await store.close();
  expect((await readdir(dataDir)).sort()).toEqual([
    'bundles.before-store',
    'moves-in.before-store',
    'moves-out.before-store',
    'store',
    'workers.before-store',
  ]);
  expect(JSON.parse(await readFile(join(dataDir, 'workers.before-store', 'a.json'), 'utf8'))).toEqual(worker('a'));
}

describe('a data directory of folders', () => {
  it('is taken over once, and kept', async () => {
    await expectTakenOver();
    const store = await openTestStore({ dataDir });
    await store.collection('bundles').put('new', 1);
    await store.close();
    expect(await (await openTestStore({ dataDir })).collection('bundles').get('new')).toBe(1);
  });

  it('is taken over after a crash before the transaction', async () => {
    const limits = resolveStoreLimits();
    const crash = upgradeFolders(
      dataDir,
      () => new WireWriter(limits),
      () => Promise.reject(new Error('crash')),
    );
    await expect(crash).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expectTakenOver();
  });

  it('is taken over after a crash between the transaction and the new names', async () => {
    await expectTakenOver();
    // As it was before any folder, or only some, had its new name.
    for (const folder of ['workers', 'moves-in'])
      await rename(join(dataDir, `${folder}.before-store`), join(dataDir, folder));
    const store = await openTestStore({ dataDir });
    expect(await store.journalState('a')).toMatchObject({ lastSeq: 1 });
    await store.close();
    expect((await readdir(dataDir)).filter((name) => !name.endsWith('.before-store'))).toEqual(['store']);
  });

  it('is taken over but for files that cannot be read, which are listed', async () => {
    await writeFile(join(dataDir, 'workers', 'torn.json'), '{"version":1,');
    await writeFile(join(dataDir, 'bundles', 'torn.json'), '');
    await writeFile(join(dataDir, 'workers', 'half.json.0.part'), '{');
    const store = await openTestStore({ dataDir });
    expect((await store.damaged()).map(({ worker, code }) => [worker, code])).toEqual([
      ['bundles/torn', 'STORE_DAMAGED'],
      ['torn', 'STORE_DAMAGED'],
    ]);
    expect(await store.collection('workers').keys()).toEqual(['a', 'b', 'gone']);
  });

  it('moves aside without being read again when an earlier version has made new ones', async () => {
    await expectTakenOver();
    await mkdir(join(dataDir, 'workers'));
    await writeFile(join(dataDir, 'workers', 'a.json'), '{"old":true}');
    const store = await openTestStore({ dataDir });
    expect(await store.collection('workers').get('a')).toEqual(worker('a'));
    expect(await readdir(dataDir)).toContain('workers.before-store-1');
  });
});
