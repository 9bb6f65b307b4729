import { describe, expect, it } from 'vitest';
import { addWorkers, bytes, checkpoint, CORES, digest, TestClock } from './testing/test-stores.ts';

const HOUR_MS = 3_600_000;

describe.each(Object.entries(CORES))('checkpoints, %s', (_, open) => {
  it('come back as they were', async () => {
    const store = await open();
    await addWorkers(store, 'a');
    expect(await store.checkpoint('a')).toBeUndefined();
    const one = checkpoint(0, { side: bytes('side'), resumable: true });
    const two = checkpoint(0, { delta: null, base: digest(2) });
    expect((await store.commit('a', { checkpoint: one })).checkpointId).toBe(1);
    expect((await store.commit('a', { checkpoint: two })).checkpointId).toBe(2);
    expect(await store.checkpoint('a')).toEqual({ ...two, id: 2, parent: null, pinned: false, below: [] });
    expect(await store.checkpoint('a', 1)).toEqual({ ...one, id: 1, parent: null, pinned: false, below: [] });
    expect(await store.checkpoint('a', 3)).toBeUndefined();
    const { delta: _delta, side: _side, ...facts } = one;
    const history = await store.history('a');
    expect(history.map(({ id }) => id)).toEqual([2, 1]);
    expect(history[1]).toEqual({ ...facts, id: 1, parent: null, pinned: false, sizeBytes: 'delta 0side'.length });
  });

  it('are kept: the newest, the first that leaves of each hour, and pinned ones', async () => {
    const clock = new TestClock();
    const store = await open({ clock, limits: { checkpointsKept: 2, checkpointHours: 3 } });
    await addWorkers(store, 'a');
    const start = clock.ms;
    const add = (pin = false) => store.commit('a', { checkpoint: checkpoint(0, { atMs: clock.ms }), pin });
    await add(true); // 1
    for (let quarter = 0; quarter < 16; quarter++) {
      await add(); // 2 to 17
      clock.ms += HOUR_MS / 4;
    }
    const kept = (await store.history('a')).map(({ id, atMs, pinned }) => [id, (atMs - start) / HOUR_MS, pinned]);
    expect(kept).toEqual([
      [17, 3.75, false],
      [16, 3.5, false],
      [14, 3, false],
      [10, 2, false],
      [6, 1, false],
      [1, 0, true],
    ]);
    clock.ms += 2 * HOUR_MS;
    for (let more = 0; more < 3; more++) await add();
    expect((await store.history('a')).map(({ id }) => id)).toEqual([20, 19, 18, 14, 1]);
  });

  it('can be kept without any of the past', async () => {
    const store = await open({ limits: { checkpointsKept: 1, checkpointHours: 0 } });
    await addWorkers(store, 'a');
    for (let at = 0; at < 3; at++) await store.commit('a', { checkpoint: checkpoint(0) });
    expect((await store.history('a')).map(({ id }) => id)).toEqual([3]);
  });

  it('are pinned and unpinned', async () => {
    const store = await open({ limits: { checkpointsKept: 1, checkpointHours: 0 } });
    await addWorkers(store, 'a');
    await store.commit('a', { checkpoint: checkpoint(0) });
    await store.pinCheckpoint('a', 1, true);
    await store.commit('a', { checkpoint: checkpoint(0) });
    expect((await store.history('a')).map(({ id, pinned }) => [id, pinned])).toEqual([
      [2, false],
      [1, true],
    ]);
    await store.pinCheckpoint('a', 1, false);
    await store.commit('a', { checkpoint: checkpoint(0) });
    expect((await store.history('a')).map(({ id }) => id)).toEqual([3]);
    await expect(store.pinCheckpoint('a', 1, true)).rejects.toMatchObject({ code: 'CHECKPOINT_NOT_FOUND' });
  });

  it('name each digest that they need once', async () => {
    const store = await open({ limits: { checkpointsKept: 1, checkpointHours: 0 } });
    expect(await store.roots()).toEqual([]);
    await addWorkers(store, 'a', 'b', 'c');
    await store.commit('a', { checkpoint: checkpoint(0, { base: digest(3) }) });
    await store.commit('b', { checkpoint: checkpoint(0, { base: digest(1) }) });
    await store.commit('c', { checkpoint: checkpoint(0, { base: digest(3) }) });
    expect(await store.roots()).toEqual([digest(1), digest(3)]);
    await store.commit('b', { checkpoint: checkpoint(0, { base: digest(2) }) });
    await store.collection('workers').delete('c');
    expect(await store.roots()).toEqual([digest(2), digest(3)]);
  });

  it('refuse what is no checkpoint', async () => {
    const store = await open({ limits: { checkpointBytes: 1024 } });
    await addWorkers(store, 'a');
    const wrong = [{ base: 'sha256:1' }, { fuelUsed: '-1' }, { memoryPages: 1.5 }, { atMs: NaN }, { inputSeq: -1 }];
    for (const change of wrong) {
      await expect(store.commit('a', { checkpoint: checkpoint(0, change) })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    }
    await expect(
      store.commit('a', { checkpoint: checkpoint(0, { delta: new Uint8Array(1025) }) }),
    ).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
    await store.commit('a', { checkpoint: checkpoint(0, { delta: new Uint8Array(1024) }) });
  });
});
