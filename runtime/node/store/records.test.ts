import { describe, expect, it } from 'vitest';
import { addWorkers, call, checkpoint, CORES, digest, pendingOf, sent } from './testing/test-stores.ts';

describe.each(Object.entries(CORES))('collections, %s', (_, open) => {
  it('keep the last document of each key', async () => {
    const store = await open();
    const records = store.collection('things');
    await Promise.all([records.put('a', { n: 1 }), records.put('a', { n: 2 }), records.put('b', [true])]);
    await store.collection('others').put('a', 'another');
    expect(await records.list()).toEqual([
      ['a', { n: 2 }],
      ['b', [true]],
    ]);
    expect(await records.get('a')).toEqual({ n: 2 });
    expect(await records.get('c')).toBeUndefined();
    await records.delete('a');
    await records.delete('never');
    expect(await records.list()).toEqual([['b', [true]]]);
  });

  it('take no key that is none, and no document that is no JSON', async () => {
    const records = (await open()).collection('things');
    for (const key of ['../a', '', 'a/b', '.hidden', 'x'.repeat(129)]) {
      await expect(records.put(key, 1)).rejects.toMatchObject({ code: 'INTERNAL' });
    }
    await expect(records.put('a', undefined)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await records.put('x'.repeat(128), 1);
  });

  it('are read in pages', async () => {
    const records = (await open({ limits: { readBytes: 1024 } })).collection('things');
    const keys = Array.from({ length: 2500 }, (_, at) => `k${String(at).padStart(4, '0')}`);
    await Promise.all(keys.map((key) => records.put(key, key)));
    expect((await records.list()).map(([key]) => key)).toEqual(keys);
    expect(await records.keys('k2490', 100)).toEqual(keys.slice(2491));
    expect((await records.page('k0000', 2)).map(([key]) => key)).toEqual(['k0001', 'k0002']);
  });

  it('of workers: a tombstone or a deletion ends the journal with everything in it', async () => {
    const store = await open();
    const workers = store.collection('workers');
    for (const end of [() => workers.put('a', { movedTo: 'http://elsewhere' }), () => workers.delete('a')]) {
      await addWorkers(store, 'a', 'b');
      await store.appendInput('a', call('x', 'k'));
      await store.commit('a', {
        checkpoint: checkpoint(1),
        subscriptions: ['t'],
        timers: [{ id: 't', dueMs: 1, payload: new Uint8Array() }],
      });
      await end();
      expect(await store.journalState('a')).toBeUndefined();
      expect(await store.roots()).toEqual([]);
      expect(await store.nextDueMs()).toBeUndefined();
      expect(await store.subscribers('t')).toEqual([]);
      expect(await store.commit('b', { effects: [sent('a', `m:b:${digest(0)}`)] })).toMatchObject({ outboxed: 1 });
      await store.outboxDone((await store.outbox(10)).map(({ id }) => id));
      await addWorkers(store, 'a');
      expect(await pendingOf(store, 'a')).toEqual([]);
      expect(await store.appendInput('a', call('x', 'k'))).toEqual({ seq: 1 });
      await workers.delete('a');
      await workers.delete('b');
    }
  });
});
