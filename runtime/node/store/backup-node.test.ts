import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { type BlobStore, type Digest, memoryBlobStore, packBundle, parseDigest } from '../../bundle/index.ts';
import { openBlobFolder } from '../blob-folder.ts';
import { nodeCodecs } from '../codecs.ts';
import { backupNode, restoreNode } from './backup-node.ts';
import {
  addWorkers,
  bytes,
  call,
  checkpoint,
  digest,
  openTestStore,
  pendingOf,
  testFolder,
  type TestStore,
} from './testing/test-stores.ts';

const MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

/** Stores a bundle of two files; gives its manifest's digest and those of all its blobs. */
async function storeBundle(blobs: BlobStore, name: string): Promise<{ manifest: Digest; all: Digest[] }> {
  const files = new Map([['readme', bytes(`readme of ${name}`)]]);
  const packed = await packBundle({ manifest: { schemaVersion: 1, name }, module: MODULE, files }, nodeCodecs);
  for (const [part, data] of packed.blobs) await blobs.put(part, data);
  return { manifest: packed.digest, all: [...packed.blobs.keys()].sort() };
}

async function listOf(blobs: BlobStore): Promise<string[]> {
  const found: string[] = [];
  for await (const { digest } of blobs.list()) found.push(digest);
  return found.sort();
}

let folder: string;
let store: TestStore;
let blobs: BlobStore;
let target: string;
beforeEach(async () => {
  folder = await testFolder();
  target = join(folder, 'backup');
  store = await openTestStore({ dataDir: join(folder, 'data') });
  blobs = await openBlobFolder(join(folder, 'data', 'blobs'));
});

/** A node with two workers, three bundles, one blob of a worker and one that nobody needs. */
async function fill(): Promise<Digest[]> {
  const [first, second, held] = [
    await storeBundle(blobs, 'first'),
    await storeBundle(blobs, 'second'),
    await storeBundle(blobs, 'held'),
  ];
  await storeBundle(blobs, 'unneeded');
  const sideBytes = bytes('side');
  const sideDigest = parseDigest(`sha256:${Buffer.from(await nodeCodecs.sha256(sideBytes)).toString('hex')}`);
  await blobs.put(sideDigest, sideBytes);
  await store.collection('bundles').put('first', { digest: first.manifest });
  await store.collection('workers').put('a', { bundle: first.manifest, finalSide: null });
  await store.collection('workers').put('b', { bundle: first.manifest, finalSide: sideDigest });
  await store.collection('moves-in').put('m1', { bundle: held.manifest });
  await store.collection('moves-in').put('m2', { bundle: digest(77) }); // gone long ago
  await store.appendInputs('a', [call('1'), call('2')]);
  await store.commit('a', { checkpoint: checkpoint(1, { base: second.manifest }) });
  await writeFile(join(folder, 'data', 'identity.json'), '{"key":1}');
  return [...new Set([...first.all, ...second.all, ...held.all, sideDigest])].sort();
}

const backup = (change: Partial<Parameters<typeof backupNode>[0]> = {}) =>
  backupNode({ store, blobs, target, dataDir: join(folder, 'data'), files: ['identity.json', 'none'], ...change });

describe('a backup', () => {
  it('has what the node needs, and a node is laid out from it', async () => {
    const needed = await fill();
    const phases = new Set<string>();
    expect(await backup({ onProgress: ({ phase }) => phases.add(phase) })).toEqual([]);
    expect([...phases]).toEqual(['database', 'blobs', 'files']);
    expect((await readdir(target)).sort()).toEqual(['backup.json', 'blobs', 'files', 'node.sqlite']);

    const restored = join(folder, 'restored');
    await restoreNode(target, restored);
    expect(await listOf(await openBlobFolder(join(restored, 'blobs')))).toEqual(needed);
    expect(await readFile(join(restored, 'identity.json'), 'utf8')).toBe('{"key":1}');
    const again = await openTestStore({ dataDir: restored });
    expect(await again.collection('workers').list()).toEqual(await store.collection('workers').list());
    expect(await pendingOf(again, 'a', 1)).toEqual(['2 2']);
    expect(await again.checkpoint('a')).toEqual(await store.checkpoint('a'));
    expect(await again.appendInput('a', call('3'))).toEqual({ seq: 3 });
  });

  it('of a node in memory can be restored to a folder', async () => {
    const [memory, inMemory] = [await openTestStore({}), memoryBlobStore()];
    const { manifest } = await storeBundle(inMemory, 'x');
    await addWorkers(memory, 'a');
    await memory.commit('a', { checkpoint: checkpoint(0, { base: manifest }) });
    await backup({ store: memory, blobs: inMemory });
    await restoreNode(target, join(folder, 'restored'));
    const again = await openTestStore({ dataDir: join(folder, 'restored') });
    expect(await again.roots()).toEqual([manifest]);
  });

  it('is consistent though it is taken under load', async () => {
    await addWorkers(store, 'a', 'b', 'c');
    let over = false;
    let held = false;
    const used = new Set<string>();
    /** A worker whose every state is another bundle; what no state needs is deleted at once, unless blobs are held. */
    const load = async (worker: string): Promise<void> => {
      for (let at = 1; !over; at++) {
        const { manifest } = await storeBundle(blobs, `${worker}-${at}`);
        const { seq } = await store.appendInput(worker, call(`${at}`, `k${at}`));
        await store.commit(worker, {
          checkpoint: checkpoint(seq, { base: manifest }),
          settled: [{ seq, outcome: bytes(`${at}`) }],
          record: { bundle: manifest },
        });
        used.add(manifest);
        const known = [...used];
        const roots = new Set(await store.roots());
        for (const old of known) if (!held && !roots.has(old)) await blobs.delete(parseDigest(old));
      }
    };
    const loads = ['a', 'b', 'c'].map(load);
    for (let number = 1; number <= 3; number++) {
      while (used.size < number * 20) await setImmediate();
      const hold = () => {
        held = true;
        return () => {
          held = false;
        };
      };
      await backup({ target: `${target}-${number}`, hold });
    }
    over = true;
    await Promise.all(loads);
    for (let number = 1; number <= 3; number++) {
      const restored = join(folder, `restored-${number}`);
      await restoreNode(`${target}-${number}`, restored);
      const again = await openTestStore({ dataDir: restored, thread: false });
      for (const worker of ['a', 'b', 'c']) {
        const { lastSeq = 0 } = (await again.journalState(worker)) ?? {};
        for (let seq = 1; seq <= lastSeq; seq++)
          expect(await again.outcomeOf(worker, `k${seq}`)).toMatchObject({ seq });
      }
      expect(await again.damaged()).toEqual([]);
    }
  });

  it('fails when the node lacks a blob, unless that is allowed', async () => {
    const [blob = ''] = await fill();
    await blobs.delete(parseDigest(blob));
    await expect(backup()).rejects.toMatchObject({
      code: 'BACKUP_FAILED',
      message: expect.stringContaining(blob) as string,
    });
    await expect(restoreNode(target, join(folder, 'restored'))).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
    expect(await backup({ target: `${target}-2`, allowMissing: true })).toEqual([blob]);
    await restoreNode(`${target}-2`, join(folder, 'restored'));
  });

  it('goes nowhere else than into a new or empty folder', async () => {
    await fill();
    await mkdir(target);
    await backup();
    await expect(backup()).rejects.toMatchObject({ code: 'BACKUP_TARGET' });
    await expect(restoreNode(target, join(folder, 'data'))).rejects.toMatchObject({ code: 'BACKUP_TARGET' });
    await expect(backup({ target: join(target, 'backup.json') })).rejects.toMatchObject({ code: 'BACKUP_TARGET' });
    await expect(backup({ target: join(folder, 'new'), files: ['../../etc/passwd'] })).rejects.toMatchObject({
      code: 'BACKUP_DAMAGED',
    });
  });
});

describe('a damaged backup', () => {
  const blobFile = async (): Promise<string> => {
    const shards = join(target, 'blobs', 'sha256');
    const [shard = ''] = await readdir(shards);
    const [file = ''] = await readdir(join(shards, shard));
    return join(shards, shard, file);
  };
  const describeAgain = async (change: object): Promise<void> => {
    const path = join(target, 'backup.json');
    await writeFile(path, JSON.stringify({ ...(JSON.parse(await readFile(path, 'utf8')) as object), ...change }));
  };
  const DAMAGES: Readonly<Record<string, () => Promise<void>>> = {
    'its description is missing': () => rm(join(target, 'backup.json')),
    'its description is no JSON': () => writeFile(join(target, 'backup.json'), '{'),
    'its format is another': () => describeAgain({ format: 2 }),
    'a digest is none': () => describeAgain({ blobs: ['../../x'] }),
    'a blob is not listed': () => describeAgain({ blobs: [] }),
    'a file would lie elsewhere': () => describeAgain({ files: [{ path: '../x', sha256: '' }] }),
    'its database was changed': () => appendFile(join(target, 'node.sqlite'), 'x'),
    'its database is missing': () => rm(join(target, 'node.sqlite')),
    'a blob was changed': async () => appendFile(await blobFile(), 'x'),
    'a blob is missing': async () => rm(await blobFile()),
    'a file was changed': () => appendFile(join(target, 'files', 'identity.json'), 'x'),
  };

  it.each(Object.entries(DAMAGES))('is refused when %s, and nothing is laid out', async (_, damage) => {
    await fill();
    await backup();
    await damage();
    const restored = join(folder, 'restored');
    await expect(restoreNode(target, restored)).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
    expect((await readdir(folder)).filter((name) => name.startsWith('restored'))).toEqual([]);
  });
});
