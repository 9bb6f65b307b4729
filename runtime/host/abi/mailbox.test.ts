import { describe, expect, test } from 'vitest';
import { code, HandGuest, input } from '../../../test/abi/hand-guest.ts';
import { START_MS } from '../../../test/abi/scripted-services.ts';
import type { Input } from './types.ts';
import { Pending } from '../../engine/pending.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('recv', () => {
  test('gives what was delivered, in the order of the journal', () => {
    const guest = new HandGuest();
    expect(guest.host.deliver(input(2, 'two'))).toBe('queued');
    expect(guest.host.deliver(input(1, 'first', { from: 'w', topic: 't' }))).toBe('queued');
    expect(guest.host.deliver(input(2, 'again'))).toBe('known');
    expect(guest.host.usage.mailboxLength).toBe(2);
    expect([guest.call('recv', -1n), guest.read('input_read')]).toEqual([5, 'first']);
    guest.call('message_info');
    expect(guest.json()).toEqual({ id: 'k1', kind: 'message', from: 'w', topic: 't' });
    expect(guest.host.deliver(input(1, 'again'))).toBe('known');
    expect(guest.host.inProgress).toEqual({ entry: undefined, message: 1 });
    expect([guest.call('recv', 0n), guest.read('input_read')]).toEqual([3, 'two']);
    expect(guest.services.settledInputs).toEqual([{ seq: 1, effects: 0 }]);
    expect(guest.call('recv', 0n)).toBe(code('TIMEOUT'));
    expect(guest.services.settledInputs).toEqual([
      { seq: 1, effects: 0 },
      { seq: 2, effects: 0 },
    ]);
    expect([guest.call('input_length'), guest.host.lastSeq]).toEqual([code('NOT_FOUND'), 2]);
  });

  test('waits for a message, whenever it comes', async () => {
    const guest = new HandGuest();
    const wait = guest.wait('recv', -1n);
    expect(guest.host.waiting).toEqual({ kind: 'recv', dueMs: null });
    expect(wait.wake).toEqual({ input: true });
    guest.host.deliver(input(1, 'body'));
    expect(await wait.promise).toBe(4);
    expect(guest.host.waiting).toBeUndefined();
  });

  test('ends with its time, also after a move', async () => {
    const guest = new HandGuest();
    const { services } = guest;
    const wait = guest.wait('recv', 100n);
    services.advance(60);
    const twin = guest.moved({}, wait.state);
    guest.host.close();
    expect(services.sleepers).toBe(0);
    const again = twin.wait('recv', 100n);
    expect([wait.wake, again.wake]).toEqual(Array(2).fill({ input: true, atMs: START_MS + 100 }));
    services.advance(39);
    expect(twin.host.waiting).toEqual({ kind: 'recv', dueMs: START_MS + 100 });
    services.advance(1);
    expect(await again.promise).toBe(code('TIMEOUT'));
  });

  test('an early timer is set again', async () => {
    const guest = new HandGuest();
    const wait = guest.wait('recv', 100n);
    guest.services.nowMs -= 50; // the clock was set back
    guest.services.advance(100);
    expect(guest.host.waiting).toBeDefined();
    guest.services.advance(50);
    expect(await wait.promise).toBe(code('TIMEOUT'));
  });

  test('a message that came while the worker was stopped is taken once', async () => {
    const guest = new HandGuest();
    const forgotten = guest.wait('recv', -1n);
    guest.host.deliver(input(1, 'once')); // the engine has forgotten the promise, and this host does not know
    expect(await forgotten.promise).toBe(4);
    guest.restartState = forgotten.state;
    expect([guest.call('recv', -1n), guest.read('input_read')]).toEqual([4, 'once']);
    const twin = guest.moved({}, forgotten.state);
    expect([twin.call('recv', -1n), twin.read('input_read')]).toEqual([4, 'once']);
    expect(twin.call('recv', 0n)).toBe(code('TIMEOUT'));
  });

  test('what was not taken is not in the snapshot, and is given again', () => {
    const guest = new HandGuest();
    for (const seq of [1, 2, 3]) guest.host.deliver(input(seq, `message ${seq}`));
    guest.call('recv', 0n);
    const twin = guest.moved();
    expect([twin.host.lastSeq, twin.host.usage.mailboxLength, twin.read('input_read')]).toEqual([1, 0, 'message 1']);
    expect(twin.stateText()).not.toContain('message 2');
    expect([1, 2, 3].map((seq) => twin.host.deliver(input(seq, `message ${seq}`)))).toEqual([
      'known',
      'queued',
      'queued',
    ]);
    twin.call('recv', 0n);
    expect(twin.read('input_read')).toBe('message 2');
  });

  test('a call may overtake messages; none is lost', () => {
    const guest = new HandGuest();
    guest.host.deliver(input(1));
    guest.host.deliver(input(2));
    expect(guest.host.beginInput(input(3))).toBe(true);
    expect([guest.host.lastSeq, guest.host.isTaken(3), guest.host.isTaken(2)]).toEqual([0, true, false]);
    const twin = guest.moved();
    expect([1, 2, 3].map((seq) => twin.host.deliver(input(seq, `m${seq}`)))).toEqual(['queued', 'queued', 'known']);
    expect([twin.call('recv', 0n), twin.read('input_read'), twin.host.lastSeq]).toEqual([2, 'm1', 1]);
    expect(twin.host.inProgress).toEqual({ entry: 3, message: 1 });
    twin.call('send', 'w', 'x');
    const ended = twin.host.endInput();
    expect([ended.seq, ended.effectsUsed, ended.message]).toEqual([3, 0, { seq: 1, effects: 1 }]);
    twin.host.skip(2);
    expect(twin.host.lastSeq).toBe(3);
    expect(twin.host.usage.mailboxLength).toBe(0);
  });

  test('numbers that are far from dense are refused', () => {
    const guest = new HandGuest();
    expect(() => guest.host.beginInput(input(70_000))).toThrow(/at most 65536 may be missing/);
    expect(guest.host.beginInput(input(65_537))).toBe(true);
  });
});

describe('between two messages', () => {
  test('the next one waits until the node has settled the one before', async () => {
    const guest = new HandGuest();
    const { services } = guest;
    const settled: (() => void)[] = [];
    services.settle = () => new Promise((resolve) => settled.push(resolve));
    guest.host.deliver(input(1));
    guest.host.deliver(input(2, 'next'));
    expect(guest.call('recv', -1n)).toBe(0);
    guest.call('send', 'other', 'x');
    const wait = guest.wait('recv', 0n);
    expect(guest.host.waiting?.kind).toBe('settle');
    expect(services.settledInputs).toEqual([{ seq: 1, effects: 1 }]);
    guest.restartState = wait.state; // stopped for its checkpoint, and resumed
    const again = guest.wait('recv', 0n);
    expect(services.settledInputs.length).toBe(1);
    const twin = guest.moved({}, wait.state); // the checkpoint, restored after a crash
    services.settle = undefined;
    twin.host.deliver(input(2, 'next'));
    expect([twin.call('recv', 0n), twin.read('input_read')]).toEqual([4, 'next']);
    expect(services.settledInputs).toEqual([
      { seq: 1, effects: 1 },
      { seq: 1, effects: 1 },
    ]);
    settled[0]?.();
    expect(await again.promise).toBe(4);
    expect(guest.read('input_read')).toBe('next');
  });
});

describe('replies', () => {
  test('go to the message taken last, once', () => {
    const guest = new HandGuest();
    expect(guest.call('reply', 'x')).toBe(code('STATE'));
    guest.host.deliver(input(1, '', { reply: true }));
    guest.host.deliver(input(2, ''));
    guest.host.deliver(input(3, '', { reply: true, kind: 'http' }));
    guest.host.deliver(input(4, '', { reply: true }));
    guest.call('recv', 0n);
    expect(guest.call('reply', 'yes')).toBe(0);
    expect(guest.moved().call('reply', 'again')).toBe(code('STATE'));
    guest.call('recv', 0n);
    expect(guest.call('reply', 'nobody waits')).toBe(code('STATE'));
    guest.call('recv', 0n);
    expect(guest.call('reply_http', '{"status":404}', 'none')).toBe(0);
    guest.call('recv', 0n);
    expect(guest.call('reply_error', 'cannot')).toBe(0);
    const body = (text: string): Uint8Array => new TextEncoder().encode(text);
    expect(guest.services.effects).toEqual([
      { kind: 'reply', seq: 1, inputSeq: 1, ordinal: 0, reply: { ok: true, body: body('yes') } },
      {
        kind: 'reply',
        seq: 3,
        inputSeq: 3,
        ordinal: 0,
        reply: { ok: true, body: body('none'), head: { status: 404, headers: [] } },
      },
      { kind: 'reply', seq: 4, inputSeq: 4, ordinal: 0, reply: { ok: false, message: 'cannot' } },
    ]);
  });

  test('not to a call of an export', () => {
    const guest = new HandGuest();
    guest.host.beginInput(input(1, '', { reply: true }));
    expect(guest.call('reply', 'x')).toBe(code('STATE'));
  });
});

describe('effects', () => {
  test('are numbered by the input taken last, across moves', () => {
    const guest = new HandGuest();
    guest.call('publish', 't', 'before any input');
    guest.host.beginInput(input(1));
    guest.call('send', 'a', '1');
    guest.call('send', 'a', '2');
    guest.host.deliver(input(2));
    guest.call('recv', 0n);
    const twin = guest.moved();
    twin.call('send', 'a', '3');
    twin.call('recv', 0n);
    twin.call('subscribe', 'topic');
    twin.call('subscribe', 'topic');
    twin.call('unsubscribe', 'topic');
    expect(twin.call('unsubscribe', 'topic')).toBe(code('NOT_FOUND'));
    expect(twin.services.effects.map(({ kind, inputSeq, ordinal }) => [kind, inputSeq, ordinal])).toEqual([
      ['publish', 0, 0],
      ['send', 1, 0],
      ['send', 1, 1],
      ['send', 2, 0],
      ['subscribe', 2, 1],
      ['subscribe', 2, 2],
    ]);
    expect(twin.host.endInput()).toMatchObject({ seq: 1, effectsUsed: 2, message: undefined });
  });
});

describe('a call that no journal has', () => {
  test('is no input of the journal, and its effects have numbers of their own', () => {
    const guest = new HandGuest();
    guest.host.deliver(input(1));
    guest.call('recv', 0n);
    guest.call('recv', 0n);
    for (const body of ['first', 'second']) {
      expect(guest.host.beginInput(input(0, body, { traceparent: 'tp', reply: true }))).toBe(true);
      expect(guest.host.inProgress).toEqual({ entry: 0, message: undefined });
      guest.call('send', 'w', body);
      const twin = guest.moved();
      expect([twin.read('input_read'), twin.call('message_info')]).toEqual([body, guest.call('message_info')]);
      expect(twin.result()).toBe(guest.result());
      twin.call('send', 'w', body);
      guest.call('output_write', body);
      expect(guest.host.endInput()).toMatchObject({ seq: 0, effectsUsed: 0 });
      expect(guest.host.lastSeq).toBe(1);
    }
    const numbers = guest.services.effects.map(({ inputSeq, ordinal }) => [inputSeq, ordinal] as const);
    expect(numbers.every(([inputSeq, ordinal]) => inputSeq === 1 && ordinal >= 2 ** 48)).toBe(true);
    const [first, moved, second] = numbers.map(([, ordinal]) => ordinal);
    expect(moved).toBe(first! + 1);
    expect([first, moved]).not.toContain(second);
  });

  test('may take messages, which are numbered as ever', () => {
    const guest = new HandGuest();
    guest.host.beginInput(input(0));
    guest.host.deliver(input(1));
    guest.call('recv', 0n);
    guest.call('send', 'w', '');
    expect(guest.services.effects).toMatchObject([{ inputSeq: 1, ordinal: 0 }]);
    expect(guest.host.endInput()).toMatchObject({ seq: 0, effectsUsed: 0, message: { seq: 1, effects: 1 } });
    expect(() => guest.host.deliver(input(0))).toThrow(/from 1 on/);
  });
});

describe('timers', () => {
  const due = (seq: number, timer: string, dueMs: number) => input(seq, '', { kind: 'timer', timer, dueMs });

  test('come once, with their payload, and move', () => {
    const guest = new HandGuest();
    expect(guest.call('timer_set', 'once', 500n, 'payload')).toBe(0);
    expect(guest.services.effects).toEqual([
      { kind: 'timer', id: 'once', dueMs: START_MS + 500, inputSeq: 0, ordinal: 0 },
    ]);
    const twin = guest.moved();
    expect(twin.host.timers).toEqual([{ id: 'once', dueMs: START_MS + 500 }]);
    twin.call('timer_list');
    expect(twin.json()).toEqual([{ id: 'once', dueMs: START_MS + 500 }]);
    twin.host.deliver(due(1, 'once', START_MS + 500));
    twin.host.deliver(due(2, 'once', START_MS + 500));
    expect([twin.call('recv', 0n), twin.read('input_read')]).toEqual([7, 'payload']);
    expect(twin.host.timers).toEqual([]);
    expect(twin.call('recv', 0n)).toBe(code('TIMEOUT'));
    expect(twin.services.settledInputs.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test('an input of one must say which, and when it was due', () => {
    const guest = new HandGuest();
    for (const info of [{}, { timer: 'a' }, { dueMs: 5 }]) {
      const incomplete = input(1, '', { kind: 'timer', ...info });
      expect(() => guest.host.deliver(incomplete)).toThrow(/must say which `timer`/);
      expect(() => guest.host.beginInput(incomplete)).toThrow(/must say which `timer`/);
    }
    const { kind: _, ...info } = input(1).info;
    const ofNoKind = { ...input(1), info } as Input; // as a journal of another version may have it
    expect(() => guest.host.deliver(ofNoKind)).toThrow(/is of kind undefined; it must be one of call, message/);
  });

  test('that was cancelled or set anew does not come', () => {
    const guest = new HandGuest();
    guest.call('timer_set', 'a', 5n, '');
    guest.call('timer_set', 'b', 5n, '');
    expect([guest.call('timer_cancel', 'a'), guest.call('timer_cancel', 'a')]).toEqual([0, code('NOT_FOUND')]);
    guest.call('timer_set', 'b', 9n, 'later');
    expect(guest.host.beginInput(due(1, 'a', START_MS + 5))).toBe(false);
    expect(guest.host.beginInput(due(2, 'b', START_MS + 5))).toBe(false);
    expect(guest.services.effects.at(-1)).toMatchObject({ kind: 'timer', id: 'b', dueMs: START_MS + 9 });
    expect(guest.host.beginInput(due(3, 'b', START_MS + 9))).toBe(true);
    expect(guest.read('input_read')).toBe('later');
    expect(guest.host.lastSeq).toBe(3);
  });

  test('that repeats is due again when it is taken; what was missed comes once', () => {
    const guest = new HandGuest();
    expect(guest.call('cron_set', 'tick', '*/5 * * * *', 'p')).toBe(0);
    expect(guest.call('cron_set', 'bad', '* * *', 'p')).toBe(code('INVALID'));
    const [{ dueMs } = { dueMs: 0 }] = guest.host.timers;
    expect(dueMs % 300_000).toBe(0);
    guest.services.nowMs = dueMs + 3_600_000 + 1000;
    guest.host.deliver(due(1, 'tick', dueMs));
    expect([guest.call('recv', 0n), guest.read('input_read')]).toEqual([1, 'p']);
    const next = dueMs + 3_600_000 + 300_000;
    expect(guest.host.timers).toEqual([{ id: 'tick', dueMs: next, expression: '*/5 * * * *' }]);
    expect(guest.services.effects.at(-1)).toEqual({ kind: 'timer', id: 'tick', dueMs: next, inputSeq: 1, ordinal: 0 });
  });
});

describe('cancellation', () => {
  test('ends waiting calls of the input', async () => {
    const guest = new HandGuest();
    guest.host.deliver(input(1));
    guest.call('recv', 0n);
    const sleep = guest.wait('sleep', 1000n);
    guest.host.cancel(1);
    expect(await sleep.promise).toBe(code('CANCELLED'));
    expect(guest.moved().call('sleep', 5n)).toBe(code('CANCELLED'));
    const asked = guest.call('call', 'other', 'x', -1n);
    expect([asked, guest.services.asks]).toEqual([code('CANCELLED'), []]);
    const next = guest.wait('recv', -1n); // the next message is another matter
    guest.host.deliver(input(2));
    expect(await next.promise).toBe(0);
    expect(guest.call('sleep', 0n)).toBe(0);
  });

  test('of the call in progress also ends recv; of one in the mailbox takes it out', async () => {
    const guest = new HandGuest();
    guest.host.beginInput(input(1));
    const wait = guest.wait('recv', -1n);
    guest.host.cancel(1);
    expect(await wait.promise).toBe(code('CANCELLED'));
    guest.host.endInput();
    guest.host.deliver(input(2));
    guest.host.cancel(2);
    expect([guest.host.lastSeq, guest.call('recv', 0n)]).toEqual([2, code('TIMEOUT')]);
    expect(guest.services.settledInputs).toContainEqual({ seq: 2, effects: 0 });
  });

  test('leaves nothing of the output, and takes no more', () => {
    const guest = new HandGuest();
    guest.host.beginInput(input(1));
    guest.call('output_write', 'before');
    guest.host.cancel(1);
    expect(guest.call('output_write', 'after')).toBe(0);
    expect(guest.host.endInput().output).toEqual(new Uint8Array());
  });
});

test('a sleep keeps its end, and nothing but a poke of its own ends it', async () => {
  const guest = new HandGuest();
  const wait = guest.wait('sleep', 100n);
  guest.host.deliver(input(1));
  guest.services.advance(70);
  const twin = guest.moved({}, wait.state);
  const rest = twin.wait('sleep', 100n);
  expect(rest.wake).toEqual({ input: false, atMs: START_MS + 100 });
  expect(twin.host.waiting).toEqual({ kind: 'sleep', dueMs: START_MS + 100 });
  twin.services.advance(30);
  expect(await rest.promise).toBe(0);
  twin.restartState = wait.state;
  expect(twin.call('sleep', 100n)).toBe(0); // executed again once more: recorded
  expect(twin.call('sleep', 100n)).toBeInstanceOf(Pending);
  expect(twin.call('sleep', -1n)).toBe(code('INVALID'));
  await turn();
});
