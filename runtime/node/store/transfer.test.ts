import { describe, expect, it } from 'vitest';
import {
  addWorkers,
  bytes,
  call,
  checkpoint,
  CORES,
  digest,
  pendingOf,
  sent,
  TestClock,
  type TestStore,
  textOf,
} from './testing/test-stores.ts';
import { decodeJournal, encodeJournal, type TravellingJournal } from './travelling-journal.ts';

/** A worker with everything that a journal can hold. */
async function fullWorker(store: TestStore): Promise<void> {
  await addWorkers(store, 'a', 'b');
  await store.appendInputs('a', [call('1', 'k1'), call('2'), call('3', 'k3'), call('4')]);
  await store.commit('a', {
    checkpoint: checkpoint(2),
    settled: [1, 2, 3].map((seq) => ({ seq, outcome: bytes(`o${seq}`) })),
  });
  await store.commit('a', {
    effects: [sent('b', 'm:a:3:0'), sent('away', 'm:a:3:1', 'waits')],
    timers: [
      { id: 'once', dueMs: 5, payload: bytes('p') },
      { id: 'cron', dueMs: 60_000, cron: '* * * * *', payload: bytes('c') },
    ],
    subscriptions: ['news'],
  });
}

describe.each(Object.entries(CORES))('a worker that moves, %s', (_, open) => {
  it('takes everything along and leaves nothing', async () => {
    const [from, to] = [await open({ clock: new TestClock() }), await open({ clock: new TestClock() })];
    await fullWorker(from);
    const journal = await from.exportWorker('a', { freeze: true });
    const before = [await from.pendingInputs('a', 2, 10), await from.timers('a'), await from.journalState('a')];
    await from.forgetWorker('a', { movedTo: 'http://to' });
    expect(await from.collection('workers').get('a')).toEqual({ movedTo: 'http://to' });
    expect([await from.outbox(10), await from.journalState('a'), await from.nextDueMs()]).toEqual([
      [],
      undefined,
      undefined,
    ]);

    await to.importWorker('a', journal, { name: 'a', arrived: true });
    expect(await to.collection('workers').get('a')).toEqual({ name: 'a', arrived: true });
    const after = [await to.pendingInputs('a', 2, 10), await to.timers('a'), await to.journalState('a')];
    expect(after).toEqual([before[0], before[1], { lastSeq: 4, coveredSeq: 2, unsettled: 1, frozen: false }]);
    expect(await to.subscriptions('a')).toEqual(['news']);
    expect(await to.outbox(10)).toMatchObject([{ from: 'a', to: 'away', key: 'm:a:3:1' }]);
    expect(textOf((await to.appendInput('a', call('again', 'k1'))).known?.outcome)).toBe('o1');
    expect(await to.appendInput('a', call('5'))).toEqual({ seq: 5 });
    await addWorkers(to, 'b');
    expect(await to.commit('a', { effects: [sent('b', 'm:a:3:0')] })).toMatchObject({ woken: [], outboxed: 0 });
  });

  it('takes no inputs while it is frozen, and all of them afterwards', async () => {
    const store = await open();
    await fullWorker(store);
    await store.exportWorker('a', { freeze: true });
    await expect(store.appendInput('a', call('x'))).rejects.toMatchObject({ code: 'WORKER_MOVING' });
    expect(await store.appendInput('a', call('x', 'k3'))).toMatchObject({ seq: 3 });
    expect(await store.commit('b', { effects: [sent('a', 'm:b:1:0')] })).toMatchObject({ woken: [], outboxed: 1 });
    expect(await store.fireTimers(10, 10)).toEqual([]);
    expect(await store.nextDueMs()).toBeUndefined();
    expect(await store.openJournals()).toContainEqual({ worker: 'a', unsettled: 1, frozen: true });
    await store.thawWorker('a');
    expect(await store.fireTimers(10, 10)).toHaveLength(1);
    expect(await store.appendInput('a', call('x'))).toEqual({ seq: 6 });
  });

  it('arrives once', async () => {
    const store = await open();
    await fullWorker(store);
    const journal = await store.exportWorker('a');
    await expect(store.importWorker('a', journal, {})).rejects.toMatchObject({ code: 'WORKER_EXISTS' });
    expect(await store.collection('workers').get('a')).toEqual({ name: 'a' });
    await store.importWorker('c', journal, {});
    expect(await pendingOf(store, 'c', 2)).toEqual(['3 3', '4 4']);
  });

  it('does not arrive in part', async () => {
    const store = await open();
    await fullWorker(store);
    const journal = decodeJournal(await store.exportWorker('a'));
    const missing = encodeJournal({ ...journal, inputs: journal.inputs.filter(({ seq }) => seq !== 3) });
    await expect(store.importWorker('c', missing, {})).rejects.toMatchObject({ code: 'JOURNAL_MALFORMED' });
    expect(await store.collection('workers').get('c')).toBeUndefined();
    expect(await store.journalState('c')).toBeUndefined();
  });
});

describe.each(Object.entries(CORES))('names and twins, %s', (_, open) => {
  it('a worker gets another name with all that it has', async () => {
    const store = await open();
    await fullWorker(store);
    await store.renameWorker('a', 'z', { name: 'z' });
    expect(await store.collection('workers').keys()).toEqual(['b', 'z']);
    expect(await pendingOf(store, 'z', 2)).toEqual(['3 3', '4 4']);
    expect(await store.outbox(10)).toMatchObject([{ from: 'z' }]);
    expect((await store.history('z')).length).toBe(1);
    await expect(store.history('a')).rejects.toMatchObject({ code: 'WORKER_NOT_FOUND' });
    await expect(store.renameWorker('z', 'b', {})).rejects.toMatchObject({ code: 'WORKER_EXISTS' });
    await expect(store.renameWorker('a', 'c', {})).rejects.toMatchObject({ code: 'WORKER_NOT_FOUND' });
  });

  it('a twin with the journal goes on as the first would', async () => {
    const store = await open();
    await fullWorker(store);
    await store.copyWorker('a', 'twin', { journal: true, record: { name: 'twin' } });
    expect(await pendingOf(store, 'twin', 2)).toEqual(['3 3', '4 4']);
    expect(await store.journalState('twin')).toEqual({ lastSeq: 4, coveredSeq: 2, unsettled: 1, frozen: false });
    expect((await store.timers('twin')).map(({ id }) => id)).toEqual(['cron', 'once']);
    expect(await store.subscribers('news')).toEqual(['a', 'twin']);
    expect(textOf((await store.checkpoint('twin'))?.delta)).toBe('delta 2');
  });

  it('a twin without the journal has the state alone', async () => {
    const store = await open();
    await fullWorker(store);
    await store.commit('a', { checkpoint: checkpoint(4, { base: digest(9) }) });
    await store.copyWorker('a', 'twin', { journal: false, checkpoint: 1, record: { name: 'twin' } });
    expect(await store.checkpoint('twin')).toMatchObject({ id: 1, inputSeq: 2, base: digest(0) });
    expect(await pendingOf(store, 'twin')).toEqual([]);
    expect(await store.timers('twin')).toEqual([]);
    // The first has had inputs up to 4: the state may have taken some of them.
    expect(await store.appendInput('twin', call('x', 'k1'))).toEqual({ seq: 5 });
  });

  it('a twin of an old state does not miss what later states have taken', async () => {
    const store = await open();
    await fullWorker(store);
    await store.commit('a', { checkpoint: checkpoint(3) });
    await store.copyWorker('a', 'twin', { journal: true, checkpoint: 1, record: {} });
    expect(await pendingOf(store, 'twin', 2)).toEqual(['4 4']);
    expect(await store.journalState('twin')).toMatchObject({ lastSeq: 4, coveredSeq: 3, unsettled: 1 });
  });

  it('needs a free name and a checkpoint that is there', async () => {
    const store = await open();
    await fullWorker(store);
    const options = { journal: false, record: {} };
    await expect(store.copyWorker('a', 'b', options)).rejects.toMatchObject({ code: 'WORKER_EXISTS' });
    await expect(store.copyWorker('x', 'y', options)).rejects.toMatchObject({ code: 'WORKER_NOT_FOUND' });
    await expect(store.copyWorker('a', 'y', { ...options, checkpoint: 7 })).rejects.toMatchObject({
      code: 'CHECKPOINT_NOT_FOUND',
    });
    expect(await store.collection('workers').get('y')).toBeUndefined();
    await store.copyWorker('b', 'y', options); // nothing has run yet
    expect(await store.checkpoint('y')).toBeUndefined();
  });
});

describe('a travelling journal', () => {
  const journal: TravellingJournal = {
    version: 1,
    lastSeq: 2,
    coveredSeq: 1,
    inputs: [
      { seq: 1, kind: 0, at_ms: 5, settled_ms: 6, kept_ms: 6, key: 'k', info: '{}', body: null, outcome: bytes('o') },
      {
        seq: 2,
        kind: 1,
        at_ms: 5,
        settled_ms: null,
        kept_ms: null,
        key: null,
        info: 'null',
        body: bytes('b'),
        outcome: null,
      },
    ],
    timers: [{ id: 't', dueMs: 7, cron: null, payload: bytes('p') }],
    topics: ['news'],
    sent: [{ seq: 1, key: 'm:a:1:0' }],
    outbox: [{ target: 'x', at_ms: 1, attempts: 0, key: 'k', info: '1', body: bytes('m') }],
  };
  const [kept, open] = journal.inputs as [TravellingJournal['inputs'][0], TravellingJournal['inputs'][0]];

  it('comes back as it was', () => {
    expect(decodeJournal(encodeJournal(journal))).toEqual(journal);
  });

  it('is refused when a byte is changed', () => {
    const good = encodeJournal(journal);
    for (let at = 0; at < good.length; at++) {
      const bad = good.slice();
      bad[at] = (bad[at] ?? 0) ^ 0x10;
      expect(() => decodeJournal(bad)).toThrowError(expect.objectContaining({ code: 'JOURNAL_MALFORMED' }));
    }
    expect(() => decodeJournal(good.subarray(0, 7))).toThrowError(
      expect.objectContaining({ code: 'JOURNAL_MALFORMED' }),
    );
  });

  it('is refused in another version', () => {
    const later = encodeJournal({ ...journal, version: 2 as 1 });
    expect(() => decodeJournal(later)).toThrowError(expect.objectContaining({ code: 'JOURNAL_VERSION' }));
  });

  const WRONG: Readonly<Record<string, object>> = {
    'an input is missing': { lastSeq: 3 },
    'more is covered than there is': { coveredSeq: 3 },
    'inputs are out of order': { inputs: [open, kept] },
    'an input comes twice': { inputs: [kept, open, open] },
    'a key comes twice': { inputs: [kept, { ...open, key: 'k' }] },
    'a kind is unknown': { inputs: [kept, { ...open, kind: 4 }] },
    'an outcome has no time': { inputs: [kept, { ...open, outcome: bytes('o') }] },
    'a body is missing': { inputs: [kept, { ...open, body: null }] },
    'a body is kept': { inputs: [{ ...kept, body: bytes('b') }, open] },
    'a number is none': { inputs: [kept, { ...open, at_ms: -1 }] },
    'info is no JSON': { inputs: [kept, { ...open, info: '{' }] },
    'info is no text': { inputs: [kept, { ...open, info: 1 }] },
    'inputs are no list': { inputs: {} },
    'an input is no map': { inputs: [kept, 1] },
    'a key is too long': { sent: [{ seq: 1, key: 'x'.repeat(1025) }] },
    'a topic comes twice': { topics: ['a', 'a'] },
    'a timer comes twice': { timers: [journal.timers[0], journal.timers[0]] },
    'a cron expression is none': { timers: [{ ...journal.timers[0], cron: 'x' }] },
    'a payload is no bytes': { timers: [{ ...journal.timers[0], payload: 'x' }] },
    'a message has no receiver': { outbox: [{ ...journal.outbox[0], target: '' }] },
  };
  it.each(Object.entries(WRONG))('is refused when %s', (_, change) => {
    const bad = encodeJournal({ ...journal, ...change });
    expect(() => decodeJournal(bad)).toThrowError(expect.objectContaining({ code: 'JOURNAL_MALFORMED' }));
  });
});
