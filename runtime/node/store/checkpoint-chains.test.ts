import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { databasePath } from './open-store.ts';
import {
  addWorkers,
  bytes,
  checkpoint,
  CORES,
  digest,
  openTestStore,
  TestClock,
  testFolder,
  textOf,
} from './testing/test-stores.ts';
import type { NodeStore, StoredCheckpoint } from './types.ts';

const HOUR_MS = 3_600_000;
const CAREFUL = { limits: { checkpointsKept: 1, checkpointHours: 0 } };

/** Adds checkpoints of which each is what the text says: whole, or a change of the one before. */
async function addChain(store: NodeStore, worker: string, ...kinds: readonly ('whole' | 'change')[]): Promise<void> {
  for (const kind of kinds) {
    const newest = (await store.history(worker))[0]?.id ?? 0;
    const delta = bytes(`${kind} ${newest + 1}`);
    const change = kind === 'change' ? { parent: newest } : {};
    await store.commit(worker, { checkpoint: checkpoint(0, { delta, ...change }) });
  }
}

/** What a state is made of, the whole one first. */
const layersOf = (stored: StoredCheckpoint | undefined): (string | null)[] =>
  stored === undefined ? [] : [...stored.below, stored].map(({ delta }) => textOf(delta));

const idsOf = async (store: NodeStore, worker = 'a'): Promise<number[]> =>
  (await store.history(worker)).map(({ id }) => id);

describe.each(Object.entries(CORES))('chains of checkpoints, %s', (_, open) => {
  it('come back with all that they stand on', async () => {
    const store = await open();
    await addWorkers(store, 'a');
    await addChain(store, 'a', 'whole', 'change', 'change', 'whole', 'change');
    expect(layersOf(await store.checkpoint('a'))).toEqual(['whole 4', 'change 5']);
    expect(layersOf(await store.checkpoint('a', 4))).toEqual(['whole 4']);
    expect(layersOf(await store.checkpoint('a', 3))).toEqual(['whole 1', 'change 2', 'change 3']);
    expect(layersOf(await store.checkpoint('a', 2))).toEqual(['whole 1', 'change 2']);
    const history = await store.history('a');
    expect(history.map(({ id, parent, sizeBytes }) => [id, parent, sizeBytes])).toEqual([
      [5, 4, 'change 5'.length],
      [4, null, 'whole 4'.length],
      [3, 2, 'change 3'.length],
      [2, 1, 'change 2'.length],
      [1, null, 'whole 1'.length],
    ]);
  });

  it('go on from the newest checkpoint of the same base alone', async () => {
    const store = await open();
    await addWorkers(store, 'a', 'b');
    await addChain(store, 'a', 'whole', 'whole');
    await store.commit('b', { checkpoint: checkpoint(0, { delta: null }) });
    const wrong = [
      ['a', { parent: 1 }],
      ['a', { parent: 3 }],
      ['a', { parent: 0 }],
      ['a', { parent: 2, base: digest(7) }],
      ['a', { parent: 2, delta: null }],
      ['b', { parent: 1 }], // the state of a bundle
    ] as const;
    for (const [worker, change] of wrong) {
      const commit = { checkpoint: checkpoint(0, change), record: { name: 'changed' } };
      await expect(store.commit(worker, commit)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    expect(await idsOf(store)).toEqual([2, 1]);
    expect(await store.collection('workers').get('a')).toEqual({ name: 'a' });
    await addChain(store, 'a', 'change');
    expect(layersOf(await store.checkpoint('a'))).toEqual(['whole 2', 'change 3']);
  });

  it('stay as long as something stands on them, and no longer', async () => {
    const store = await open(CAREFUL);
    await addWorkers(store, 'a');
    await addChain(store, 'a', 'whole', 'change', 'change');
    expect(await idsOf(store)).toEqual([3, 2, 1]);
    await addChain(store, 'a', 'whole');
    expect(await idsOf(store)).toEqual([4]);
    await addChain(store, 'a', 'change', 'whole', 'whole');
    expect(await idsOf(store)).toEqual([7]);
  });

  it('are kept up to one that is pinned in their middle', async () => {
    const store = await open(CAREFUL);
    await addWorkers(store, 'a');
    await addChain(store, 'a', 'whole', 'change', 'change', 'change');
    await store.pinCheckpoint('a', 3, true);
    await addChain(store, 'a', 'whole');
    expect(await idsOf(store)).toEqual([5, 3, 2, 1]);
    expect(layersOf(await store.checkpoint('a', 3))).toEqual(['whole 1', 'change 2', 'change 3']);
    await store.pinCheckpoint('a', 2, true);
    await store.pinCheckpoint('a', 3, false);
    await addChain(store, 'a', 'change');
    expect(await idsOf(store)).toEqual([6, 5, 2, 1]);
    await store.pinCheckpoint('a', 2, false);
    await addChain(store, 'a', 'whole');
    expect(await idsOf(store)).toEqual([7]);
  });

  it('are kept up to the one of an hour, and go with it', async () => {
    const clock = new TestClock();
    const store = await open({ clock, limits: { checkpointsKept: 1, checkpointHours: 2 } });
    await addWorkers(store, 'a');
    const add = async (change: object = {}): Promise<void> => {
      await store.commit('a', { checkpoint: checkpoint(0, { atMs: clock.ms, ...change }) });
    };
    await add(); // 1 is that of its hour
    clock.ms += HOUR_MS / 2;
    await add({ parent: 1 }); // 2
    clock.ms += HOUR_MS / 2;
    await add({ parent: 2 }); // 3 is that of its hour
    await add({ parent: 3 }); // 4
    await add(); // 5
    expect(await idsOf(store)).toEqual([5, 3, 2, 1]);
    clock.ms += 2 * HOUR_MS;
    await add(); // 6
    clock.ms += HOUR_MS;
    await add(); // 7
    expect(await idsOf(store)).toEqual([7, 6]);
  });

  it('go with their worker, and leave nothing to one that comes after it', async () => {
    const store = await open();
    await addWorkers(store, 'a');
    await addChain(store, 'a', 'whole', 'change', 'change');
    await store.collection('workers').delete('a');
    await addWorkers(store, 'a');
    await addChain(store, 'a', 'whole', 'whole', 'change');
    expect((await store.history('a')).map(({ parent }) => parent)).toEqual([2, null, null]);
    expect(layersOf(await store.checkpoint('a'))).toEqual(['whole 2', 'change 3']);
  });

  it('are copied to a twin as far as it needs them', async () => {
    const store = await open(CAREFUL);
    await addWorkers(store, 'a');
    await addChain(store, 'a', 'whole', 'change', 'change', 'change');
    await store.copyWorker('a', 'twin', { journal: false, checkpoint: 3, record: { name: 'twin' } });
    await store.collection('workers').delete('a');
    expect(layersOf(await store.checkpoint('twin'))).toEqual(['whole 1', 'change 2', 'change 3']);
    await addChain(store, 'twin', 'change');
    expect(layersOf(await store.checkpoint('twin'))).toEqual(['whole 1', 'change 2', 'change 3', 'change 4']);
    await addChain(store, 'twin', 'whole');
    expect(await idsOf(store, 'twin')).toEqual([5]);
  });
});

describe('a damaged chain', () => {
  /** A data directory with a chain of four, changed by SQL. */
  async function changed(sql: string): Promise<NodeStore> {
    const dataDir = await testFolder();
    const store = await openTestStore({ dataDir, thread: false });
    await addWorkers(store, 'a', 'b');
    await addChain(store, 'a', 'whole', 'change', 'change', 'change');
    await addChain(store, 'b', 'whole', 'change');
    await store.close();
    const db = new DatabaseSync(databasePath(dataDir));
    db.exec(sql);
    db.close();
    return openTestStore({ dataDir });
  }

  const CASES = {
    'changed bytes': "UPDATE checkpoint SET delta = x'00' WHERE worker = 1 AND id = 2",
    'a row that is missing': 'DELETE FROM checkpoint WHERE worker = 1 AND id = 2',
    'a place that is missing': 'DELETE FROM link WHERE row = 2',
  } as const;
  it.each(Object.entries(CASES))(
    'is found at opening by %s, and named; what is below it can be read',
    async (_, sql) => {
      const store = await changed(sql);
      const reason = expect.stringMatching(/^checkpoint 2 of worker "a", which checkpoint 4 stands on,/) as string;
      expect(await store.damaged()).toEqual([{ worker: 'a', code: 'WORKER_DAMAGED', reason }]);
      await expect(store.checkpoint('a')).rejects.toMatchObject({
        code: 'WORKER_DAMAGED',
        details: { worker: 'a', checkpoint: 4, link: 2 },
      });
      await expect(store.checkpoint('a', 3)).rejects.toMatchObject({ code: 'WORKER_DAMAGED' });
      expect(layersOf(await store.checkpoint('a', 1))).toEqual(['whole 1']);
      expect(layersOf(await store.checkpoint('b'))).toEqual(['whole 1', 'change 2']);
      await addChain(store, 'a', 'whole');
      expect(layersOf(await store.checkpoint('a'))).toEqual(['whole 5']);
    },
  );
});
