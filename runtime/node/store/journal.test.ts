import { describe, expect, it } from 'vitest';
import { addWorkers, bytes, call, checkpoint, CORES, pendingOf, TestClock, textOf } from './testing/test-stores.ts';

describe.each(Object.entries(CORES))('the journal of inputs, %s', (_, open) => {
  it('numbers the inputs of each worker from 1 without gaps', async () => {
    const store = await open();
    await addWorkers(store, 'a', 'b');
    const seqs = await Promise.all(['a', 'b', 'a', 'a', 'b'].map((name) => store.appendInput(name, call('x'))));
    expect(seqs).toEqual([{ seq: 1 }, { seq: 1 }, { seq: 2 }, { seq: 3 }, { seq: 2 }]);
    expect(await store.appendInputs('a', [call('y'), call('z')])).toEqual([{ seq: 4 }, { seq: 5 }]);
  });

  it('gives an input back as it came', async () => {
    const clock = new TestClock();
    const store = await open({ clock });
    await addWorkers(store, 'a');
    const input = {
      kind: 'http',
      key: 'k',
      body: Uint8Array.of(0, 255),
      info: { path: '/ü', list: [1, null] },
    } as const;
    await store.appendInput('a', input);
    const [found] = await store.pendingInputs('a', 0, 10);
    expect(found).toEqual({ ...input, seq: 1, atMs: clock.ms, outcome: null });
    const empty = { kind: 'timer', key: null, body: new Uint8Array(), info: null } as const;
    await store.appendInput('a', empty);
    expect((await store.pendingInputs('a', 1, 10))[0]).toEqual({ ...empty, seq: 2, atMs: clock.ms, outcome: null });
  });

  it('finds the input of a known key, and its outcome when it is settled', async () => {
    const store = await open();
    await addWorkers(store, 'a', 'b');
    await store.appendInput('a', call('one', 'key'));
    expect(await store.appendInput('a', call('other', 'key'))).toEqual({ seq: 1, known: { outcome: null } });
    expect(await store.appendInput('b', call('one', 'key'))).toEqual({ seq: 1 });
    await store.commit('a', { settled: [{ seq: 1, outcome: bytes('done') }] });
    const again = await store.appendInput('a', call('other', 'key'));
    expect([again.seq, textOf(again.known?.outcome)]).toEqual([1, 'done']);
    expect(await pendingOf(store, 'a')).toEqual(['1 one']);
  });

  it('finds a key twice in one request and in one group', async () => {
    const store = await open();
    await addWorkers(store, 'a');
    const [first, second] = await store.appendInputs('a', [call('x', 'k'), call('y', 'k')]);
    expect([first, second]).toEqual([{ seq: 1 }, { seq: 1, known: { outcome: null } }]);
    const both = await Promise.all([store.appendInput('a', call('x', 'l')), store.appendInput('a', call('y', 'l'))]);
    expect(both).toEqual([{ seq: 2 }, { seq: 2, known: { outcome: null } }]);
  });

  it('gives settled inputs again until a checkpoint has taken them', async () => {
    const store = await open();
    await addWorkers(store, 'a');
    await store.appendInputs('a', [call('one'), call('two', 'k2'), call('three')]);
    await store.commit('a', {
      settled: [
        { seq: 1, outcome: bytes('o1') },
        { seq: 2, outcome: bytes('o2') },
      ],
    });
    const settled = (await store.pendingInputs('a', 0, 10)).map(({ seq, outcome }) => [seq, textOf(outcome)]);
    expect(settled).toEqual([
      [1, 'o1'],
      [2, 'o2'],
      [3, null],
    ]);
    await store.commit('a', { checkpoint: checkpoint(2) });
    expect(await pendingOf(store, 'a')).toEqual(['3 three']);
    expect(await store.outcomeOf('a', 1)).toBeUndefined();
    expect(textOf((await store.outcomeOf('a', 'k2'))?.outcome)).toBe('o2');
    expect(textOf((await store.outcomeOf('a', 2))?.outcome)).toBe('o2');
    expect(await store.journalState('a')).toEqual({ lastSeq: 3, coveredSeq: 2, unsettled: 1, frozen: false });
  });

  it('keeps the first outcome, and knows an input that is settled after its checkpoint', async () => {
    const store = await open();
    await addWorkers(store, 'a');
    await store.appendInputs('a', [call('one', 'k'), call('two')]);
    await store.commit('a', { checkpoint: checkpoint(2, { resumable: true }) });
    expect(await store.outcomeOf('a', 2)).toEqual({ seq: 2, outcome: null });
    for (const outcome of ['first', 'second']) {
      await store.commit('a', { settled: [1, 2].map((seq) => ({ seq, outcome: bytes(outcome) })) });
    }
    expect(textOf((await store.outcomeOf('a', 'k'))?.outcome)).toBe('first');
    expect(await store.outcomeOf('a', 2)).toBeUndefined();
    expect((await store.journalState('a'))?.unsettled).toBe(0);
  });

  it('refuses outcomes and checkpoints of inputs that there never were, and keeps nothing of such a commit', async () => {
    const store = await open();
    await addWorkers(store, 'a');
    await store.appendInput('a', call('one', 'k'));
    const settled = [
      { seq: 1, outcome: bytes('x') },
      { seq: 2, outcome: bytes('x') },
    ];
    await expect(store.commit('a', { settled })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(store.commit('a', { checkpoint: checkpoint(2) })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await store.outcomeOf('a', 'k')).toEqual({ seq: 1, outcome: null });
    expect(await store.history('a')).toEqual([]);
  });

  it('reads a long journal in pieces', async () => {
    const store = await open({ limits: { readBytes: 1024 } });
    await addWorkers(store, 'a');
    await store.appendInputs(
      'a',
      Array.from({ length: 5 }, (_, at) => call(`${at}`.repeat(600))),
    );
    expect((await store.pendingInputs('a', 0, 10)).map(({ seq }) => seq)).toEqual([1, 2]);
    expect((await store.pendingInputs('a', 2, 1)).map(({ seq }) => seq)).toEqual([3]);
    expect((await store.pendingInputs('a', 4, 10)).map(({ seq }) => seq)).toEqual([5]);
  });

  it('forgets keys after their time, and the oldest beyond the number', async () => {
    const clock = new TestClock();
    const store = await open({ clock, limits: { keptMs: 10_000, keptInputs: 2 } });
    await addWorkers(store, 'a');
    await store.appendInputs('a', [call('1', 'k1'), call('2', 'k2'), call('3', 'k3')]);
    await store.commit('a', { settled: [1, 2, 3].map((seq) => ({ seq, outcome: bytes(`o${seq}`) })) });
    expect(await store.outcomeOf('a', 'k1')).toBeDefined(); // no checkpoint has taken it
    await store.commit('a', { checkpoint: checkpoint(3) });
    expect(await store.outcomeOf('a', 'k1')).toBeUndefined();
    expect(await store.outcomeOf('a', 'k2')).toBeDefined();
    clock.ms += 10_000;
    await store.appendInput('a', call('4'));
    expect(await store.outcomeOf('a', 'k2')).toBeDefined();
    clock.ms += 1001;
    await store.appendInput('a', call('5'));
    expect(await store.outcomeOf('a', 'k2')).toBeUndefined();
    expect(await store.appendInput('a', call('6', 'k2'))).toEqual({ seq: 6 });
  });

  it('remembers no key when the limit says so', async () => {
    const store = await open({ limits: { keptInputs: 0 } });
    await addWorkers(store, 'a');
    await store.appendInput('a', call('1', 'k'));
    await store.commit('a', { checkpoint: checkpoint(1), settled: [{ seq: 1, outcome: bytes('o') }] });
    expect(await store.outcomeOf('a', 'k')).toBeUndefined();
  });

  it('takes as many unsettled inputs as the limit allows, and known ones beyond', async () => {
    const store = await open({ limits: { mailboxInputs: 2 } });
    await addWorkers(store, 'a');
    await store.appendInputs('a', [call('1', 'k'), call('2')]);
    await expect(store.appendInput('a', call('3'))).rejects.toMatchObject({ code: 'MAILBOX_FULL' });
    expect(await store.appendInput('a', call('1', 'k'))).toEqual({ seq: 1, known: { outcome: null } });
    await store.commit('a', { settled: [{ seq: 2, outcome: bytes('') }] });
    expect(await store.appendInput('a', call('3'))).toEqual({ seq: 3 });
  });

  it('goes on with the numbers of a state that came from elsewhere', async () => {
    const store = await open();
    await addWorkers(store, 'a');
    await store.startJournal('a', 41);
    expect(await store.appendInput('a', call('x'))).toEqual({ seq: 42 });
    await expect(store.startJournal('a', 50)).rejects.toMatchObject({ code: 'WORKER_EXISTS' });
  });

  it('lets inputs go that no state will take again', async () => {
    const store = await open();
    await addWorkers(store, 'a');
    await store.appendInputs('a', [call('1'), call('2')]);
    await store.commit('a', { settled: [{ seq: 1, outcome: bytes('o') }], coveredSeq: 1 });
    expect(await pendingOf(store, 'a')).toEqual(['2 2']);
  });

  it('knows no worker without a document', async () => {
    const store = await open();
    await expect(store.appendInput('a', call('x'))).rejects.toMatchObject({ code: 'WORKER_NOT_FOUND' });
    await expect(store.commit('a', {})).rejects.toMatchObject({ code: 'WORKER_NOT_FOUND' });
    expect(await store.outcomeOf('a', 1)).toBeUndefined();
    expect(await store.journalState('a')).toBeUndefined();
  });

  it('refuses what is no input', async () => {
    const store = await open({ limits: { bodyBytes: 1024 } });
    await addWorkers(store, 'a');
    await expect(store.appendInput('a', call('x'.repeat(1025)))).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
    await expect(store.appendInput('a', call('x', ''))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(store.appendInput('a', call('x', 'k'.repeat(513)))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(store.appendInput('a', { ...call('x'), kind: 'fax' as 'call' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(await store.appendInput('a', call('x'.repeat(1024), 'k'.repeat(512)))).toEqual({ seq: 1 });
  });
});
