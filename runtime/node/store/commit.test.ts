import { describe, expect, it } from 'vitest';
import type { Effect, NodeStore } from './types.ts';
import {
  addWorkers,
  bytes,
  call,
  checkpoint,
  CORES,
  pendingOf,
  sent,
  TestClock,
  textOf,
} from './testing/test-stores.ts';

async function started(open: (typeof CORES)[string], ...names: string[]): Promise<NodeStore> {
  const store = await open({ clock: new TestClock() });
  await addWorkers(store, ...names);
  return store;
}

describe.each(Object.entries(CORES))('commits, %s', (_, open) => {
  it('turn messages for workers of this node into their inputs', async () => {
    const store = await started(open, 'a', 'b');
    const effects = [sent('b', 'm:a:1:0', 'one'), sent('a', 'm:a:1:1', 'self'), sent('b', 'm:a:1:2', 'two')];
    expect(await store.commit('a', { effects })).toEqual({
      checkpointId: null,
      woken: [
        { worker: 'b', seq: 1 },
        { worker: 'a', seq: 1 },
        { worker: 'b', seq: 2 },
      ],
      outboxed: 0,
    });
    expect(await pendingOf(store, 'b')).toEqual(['1 one', '2 two']);
    expect(await store.pendingInputs('a', 0, 9)).toMatchObject([
      { kind: 'message', key: 'm:a:1:1', info: { from: 'test' } },
    ]);
  });

  it('put messages for others into the outbox, in order, until they are done', async () => {
    const store = await started(open, 'a');
    const effects = ['x', 'y', 'x'].map((to, ordinal) => sent(to, `m:a:1:${ordinal}`, `${to}${ordinal}`));
    expect(await store.commit('a', { effects })).toMatchObject({ woken: [], outboxed: 3 });
    const [first, second, third] = await store.outbox(10);
    expect([first, second, third]).toMatchObject([
      { from: 'a', to: 'x', key: 'm:a:1:0', info: { from: 'test' }, attempts: 0 },
      { to: 'y' },
      { to: 'x' },
    ]);
    expect(await store.outbox(1)).toMatchObject([{ to: 'x' }]);
    await store.outboxDone([second!.id]);
    expect((await store.outbox(10)).map(({ id }) => id)).toEqual([first!.id, third!.id]);
  });

  it('hold back what is behind a failed message of the same pair', async () => {
    const clock = new TestClock();
    const store = await open({ clock });
    await addWorkers(store, 'a', 'b');
    const effects = [sent('x', 'm:a:1:0'), sent('x', 'm:a:1:1'), sent('y', 'm:a:1:2')];
    await store.commit('a', { effects });
    await store.commit('b', { effects: [sent('x', 'm:b:1:0')] });
    const [first] = await store.outbox(10);
    await store.outboxFailed(first!.id, clock.ms + 1000);
    expect((await store.outbox(10)).map(({ key }) => key)).toEqual(['m:a:1:2', 'm:b:1:0']);
    clock.ms += 1000;
    expect((await store.outbox(10)).map(({ key, attempts }) => [key, attempts])).toEqual([
      ['m:a:1:0', 1],
      ['m:a:1:1', 0],
      ['m:a:1:2', 0],
      ['m:b:1:0', 0],
    ]);
  });

  it('keep the order of a pair when its receiver arrives while messages wait', async () => {
    const store = await started(open, 'a');
    await store.commit('a', { effects: [sent('b', 'm:a:1:0')] });
    await addWorkers(store, 'b');
    expect(await store.commit('a', { effects: [sent('b', 'm:a:2:0')] })).toMatchObject({ woken: [], outboxed: 1 });
    await store.outboxDone((await store.outbox(10)).map(({ id }) => id));
    expect(await store.commit('a', { effects: [sent('b', 'm:a:3:0')] })).toMatchObject({ outboxed: 0 });
  });

  it('send a message with a full mailbox by way of the outbox', async () => {
    const store = await open({ limits: { mailboxInputs: 1 } });
    await addWorkers(store, 'a', 'b');
    const effects = [sent('b', 'm:a:1:0'), sent('b', 'm:a:1:1')];
    expect(await store.commit('a', { effects })).toMatchObject({ woken: [{ worker: 'b', seq: 1 }], outboxed: 1 });
  });

  it('do no effect twice, neither those that a sender does again nor those that a receiver knows', async () => {
    const store = await started(open, 'a', 'b');
    await store.appendInputs('a', [call('1'), call('2'), call('3')]);
    const effects = [sent('b', 'm:a:1:0'), sent('away', 'm:a:1:1')];
    await store.commit('a', { effects });
    expect(await store.commit('a', { effects })).toMatchObject({ woken: [], outboxed: 0 });
    // The receiver has settled and forgotten it; the sender still knows.
    await store.commit('b', { checkpoint: checkpoint(1), coveredSeq: 1, settled: [{ seq: 1, outcome: bytes('') }] });
    expect(await store.commit('a', { effects })).toMatchObject({ woken: [], outboxed: 0 });
    await store.commit('a', { checkpoint: checkpoint(2) });
    expect(await store.commit('a', { effects: [sent('b', 'm:a:1:0')] })).toMatchObject({ woken: [] });
    expect(await store.commit('a', { effects: [sent('b', 'm:a:3:0')] })).toMatchObject({ woken: [{ seq: 2 }] });
  });

  it('do no effect twice when a checkpoint is made on the way from an older one to where the worker was', async () => {
    const store = await started(open, 'a');
    await store.appendInputs('a', [call('1'), call('2'), call('3')]);
    const effectsOf = (seq: number) => [sent('away', `m:a:${seq}:0`), sent('away', `m:a:${seq}:1`)];
    for (const seq of [1, 2, 3]) await store.commit('a', { effects: effectsOf(seq) });
    // Run again from the beginning: once in the middle of input 1, once after it.
    await store.commit('a', { checkpoint: checkpoint(1), effects: effectsOf(1).slice(0, 1) });
    await store.commit('a', { effects: effectsOf(1).slice(1) });
    await store.commit('a', { checkpoint: checkpoint(2), effects: effectsOf(2) });
    await store.commit('a', { effects: effectsOf(3) });
    expect((await store.outbox(10)).map(({ key }) => key)).toEqual([1, 2, 3].flatMap(effectsOf).map(({ key }) => key));
  });

  it('do nothing at all if one part cannot be done', async () => {
    const store = await started(open, 'a', 'b');
    await store.appendInput('a', call('one'));
    const bad = {
      checkpoint: checkpoint(1),
      effects: [sent('b', 'm:a:1:0')],
      settled: [{ seq: 9, outcome: bytes('') }],
    };
    await expect(store.commit('a', bad)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await pendingOf(store, 'b')).toEqual([]);
    expect(await store.history('a')).toEqual([]);
    expect(await store.commit('a', { ...bad, settled: [] })).toMatchObject({ checkpointId: 1, woken: [{ seq: 1 }] });
  });

  it('do not hinder others of their group that fail, nor are hindered', async () => {
    const store = await started(open, 'a', 'b');
    const results = await Promise.allSettled([
      store.appendInput('a', call('1')),
      store.commit('a', { settled: [{ seq: 7, outcome: bytes('') }] }),
      store.appendInput('nobody', call('1')),
      store.appendInput('a', call('2')),
      store.commit('b', { effects: [sent('a', 'm:b:1:0')] }),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect((await pendingOf(store, 'a')).length).toBe(3);
  });

  it('publish to those who are subscribed at that moment', async () => {
    const store = await started(open, 'a', 'b', 'c');
    await store.subscribe('b', 'news');
    const publish = (key: string): Effect => ({
      kind: 'publish',
      seq: 1,
      topic: 'news',
      key,
      body: bytes('hello'),
      info: null,
    });
    const effects: Effect[] = [
      publish('m:a:1:0'),
      { kind: 'subscribe', seq: 1, key: 'm:a:1:1', topic: 'news' },
      { kind: 'subscribe', seq: 1, key: 'm:a:1:2', topic: 'news' },
      publish('m:a:1:3'),
      { kind: 'unsubscribe', seq: 1, key: 'm:a:1:4', topic: 'news' },
      publish('m:a:1:5'),
    ];
    const { woken } = await store.commit('a', { effects });
    expect(woken.map(({ worker }) => worker)).toEqual(['b', 'b', 'a', 'b']);
    expect(await store.subscribers('news')).toEqual(['b']);
    await store.commit('c', { subscriptions: ['news', 'weather'] });
    expect(await store.subscribers('news')).toEqual(['b', 'c']);
    await store.commit('c', { subscriptions: ['weather'] });
    await store.unsubscribe('b', 'news');
    expect(await store.subscribers('news')).toEqual([]);
    expect(await store.subscriptions('c')).toEqual(['weather']);
  });

  it("put the worker's document in the same transaction", async () => {
    const store = await started(open, 'a');
    await store.commit('a', { record: { name: 'a', state: 'new' } });
    expect(await store.collection('workers').get('a')).toEqual({ name: 'a', state: 'new' });
    const bad = { record: { name: 'a', state: 'never' }, settled: [{ seq: 1, outcome: bytes('') }] };
    await expect(store.commit('a', bad)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await store.collection('workers').get('a')).toEqual({ name: 'a', state: 'new' });
  });

  it('take bytes as they are at the time of the call', async () => {
    const store = await started(open, 'a');
    const pool = bytes('....body....');
    const input = { ...call(''), body: pool.subarray(4, 8) };
    const done = store.appendInput('a', input);
    pool.fill(0);
    await done;
    expect(await pendingOf(store, 'a')).toEqual(['1 body']);
    const delta = new Uint8Array(100_000).fill(3);
    await store.appendInput('a', call('x'));
    await store.commit('a', { checkpoint: checkpoint(1, { delta }) }, { give: true });
    const kept = await store.checkpoint('a');
    expect(kept?.delta?.length).toBe(100_000);
    expect(textOf(kept?.delta?.subarray(0, 1))).toBe('\u0003');
  });

  it('name what was given away before', async () => {
    const store = await started(open, 'a');
    const delta = new Uint8Array(100_000);
    structuredClone(delta, { transfer: [delta.buffer] });
    const wrong = store.commit('a', { checkpoint: checkpoint(0, { delta }) });
    const right = store.appendInput('a', call('x'));
    await expect(wrong).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await right).toEqual({ seq: 1 });
  });
});
