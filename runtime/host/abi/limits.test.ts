/** Every limit at its edge: what is just within, and what is just beyond. */
import { describe, expect, test } from 'vitest';
import { code, HandGuest, input } from '../../../test/abi/hand-guest.ts';
import { Pending } from '../../engine/pending.ts';
import { ABI_LIMITS, type AbiLimitName, ENTRY_BYTES, resolveAbiLimits } from './limits.ts';

interface Edge {
  /** A value of the limit. */
  readonly limit: number;
  /** Does what is just within; gives whether it was done. */
  readonly within: (guest: HandGuest) => unknown;
  readonly beyond: (guest: HandGuest) => unknown;
  readonly expected: unknown;
}

const QUOTA = code('QUOTA');
const TOO_LARGE = code('TOO_LARGE');

const fetched = (size: number) => async (guest: HandGuest) => {
  guest.services.respond = () => ({ ok: true, body: new Uint8Array(size) });
  return Math.min(0, Number(await guest.wait('http_fetch', '{"url":"https://a.example/"}', '').promise));
};
const fetchedTimes = (count: number) => async (guest: HandGuest) => {
  guest.services.respond = () => ({ ok: true, body: new Uint8Array() });
  const results: number[] = [];
  for (let fetch = 0; fetch < count; fetch++) {
    const given = guest.call('http_fetch', '{"url":"https://a.example/"}', '');
    results.push(Math.min(0, Number(given instanceof Pending ? await given.promise : given)));
  }
  return results.at(-1);
};
const isDelayed = (result: unknown): unknown => (result instanceof Pending ? 'delayed' : result);
const times = (count: number, act: () => unknown): unknown => Array.from({ length: count }, act).at(-1);

const EDGES: Readonly<Record<AbiLimitName, Edge>> = {
  storageBytes: {
    limit: 2 * ENTRY_BYTES + 10,
    within: (guest) => [guest.call('kv_set', 'k', 'xxxx'), guest.call('blob_write', 'b', 0, 'xxxx')].at(-1),
    beyond: (guest) => [guest.call('kv_set', 'k', 'xxxx'), guest.call('timer_set', 'b', 1n, 'xxxxx')].at(-1),
    expected: QUOTA,
  },
  kvKeyBytes: {
    limit: 4,
    within: (guest) => guest.call('kv_set', 'éé', ''),
    beyond: (guest) => guest.call('kv_set', 'ééx', ''),
    expected: TOO_LARGE,
  },
  kvValueBytes: {
    limit: 4,
    within: (guest) => guest.call('kv_set', 'k', 'xxxx'),
    beyond: (guest) => guest.call('kv_set', 'k', 'xxxxx'),
    expected: TOO_LARGE,
  },
  blobs: {
    limit: 2,
    within: (guest) => times(2, () => guest.call('blob_write', `b${guest.host.usage.blobs}`, 0, 'x')),
    beyond: (guest) => times(3, () => guest.call('blob_write', `b${guest.host.usage.blobs}`, 0, 'x')),
    expected: QUOTA,
  },
  nameBytes: {
    limit: 3,
    within: (guest) => guest.call('publish', 'abc', ''),
    beyond: (guest) => guest.call('publish', 'abcd', ''),
    expected: TOO_LARGE,
  },
  mailboxLength: {
    limit: 2,
    within: (guest) => [1, 2].map((seq) => guest.host.deliver(input(seq))).at(-1) === 'queued' && 0,
    beyond: (guest) => [1, 2, 3].map((seq) => guest.host.deliver(input(seq))).at(-1),
    expected: 'full',
  },
  messageBytes: {
    limit: 3,
    within: (guest) => guest.call('send', 'w', 'abc'),
    beyond: (guest) => guest.call('send', 'w', 'abcd'),
    expected: TOO_LARGE,
  },
  outputBytes: {
    limit: 3,
    within: (guest) => times(3, () => guest.call('output_write', 'x')),
    beyond: (guest) => [guest.call('output_write', 'xx'), guest.call('output_write', 'xx')].at(-1),
    expected: QUOTA,
  },
  fetchBodyBytes: { limit: 3, within: fetched(3), beyond: fetched(4), expected: TOO_LARGE },
  headBytes: {
    limit: 15,
    within: (guest) => guest.call('output_head', '{"status": 200}'),
    beyond: (guest) => guest.call('output_head', '{"status":  200}'),
    expected: TOO_LARGE,
  },
  logEntryBytes: {
    limit: 3,
    within: (guest) => guest.call('log', 1, 'abc', '{ }'),
    beyond: (guest) => guest.call('log', 1, 'abcd', ''),
    expected: TOO_LARGE,
  },
  logBytesPerSecond: {
    limit: 2 * (64 + 10),
    within: (guest) => times(2, () => guest.call('log', 1, '0123456789', '')),
    beyond: (guest) => isDelayed(times(3, () => guest.call('log', 1, '0123456789', ''))),
    expected: 'delayed',
  },
  hostCallsPerSecond: {
    limit: 3,
    within: (guest) => times(3, () => guest.call('kv_set', 'a', '')),
    beyond: (guest) => isDelayed(times(4, () => guest.call('kv_set', 'a', ''))),
    expected: 'delayed',
  },
  fetchesPerSecond: {
    limit: 2,
    within: fetchedTimes(2),
    beyond: fetchedTimes(3),
    expected: QUOTA,
  },
  timers: {
    limit: 2,
    within: (guest) => times(2, () => guest.call('timer_set', `t${guest.host.usage.timers}`, 1n, '')),
    beyond: (guest) => times(3, () => guest.call('cron_set', `t${guest.host.usage.timers}`, '* * * * *', '')),
    expected: QUOTA,
  },
  subscriptions: {
    limit: 2,
    within: (guest) => times(2, () => guest.call('subscribe', `t${guest.host.usage.subscriptions}`)),
    beyond: (guest) => times(3, () => guest.call('subscribe', `t${guest.host.usage.subscriptions}`)),
    expected: QUOTA,
  },
};

/** Limits of what a call of an export gives. */
const needsCall: ReadonlySet<string> = new Set(['headBytes', 'outputBytes']);

describe.each(Object.entries(EDGES))('%s', (name, { limit, within, beyond, expected }) => {
  const make = (value: number): HandGuest => {
    const guest = new HandGuest({ limits: { [name]: value } });
    if (needsCall.has(name)) guest.host.beginInput(input(1));
    return guest;
  };

  test('is a limit', async () => {
    const first = make(limit);
    expect(await within(first)).toBe(0);
    const second = make(limit);
    expect(await beyond(second)).toBe(expected);
    for (const guest of [first, second]) guest.host.close();
  });

  test('has a range', () => {
    const { default: usual, min, max } = ABI_LIMITS[name as AbiLimitName]; // a key of the table
    const key = name as AbiLimitName;
    expect(resolveAbiLimits({})[key]).toBe(usual);
    expect([resolveAbiLimits({ [key]: min })[key], resolveAbiLimits({ [key]: max })[key]]).toEqual([min, max]);
    for (const value of [min - 1, max + 1, min + 0.5, Number.NaN]) {
      expect(() => make(value)).toThrow(`limit ${key} is ${value}`);
    }
  });
});

describe('a rate', () => {
  test('holds a call up for as long as it is over, after it was done', async () => {
    const guest = new HandGuest({ limits: { hostCallsPerSecond: 10 } });
    for (let call = 0; call < 10; call++) expect(guest.call('kv_set', 'a', '')).toBe(0);
    const delayed = guest.wait('kv_set', 'b', 'done');
    expect([guest.host.waiting, guest.host.usage.kvEntries]).toEqual([{ kind: 'rate', dueMs: null }, 2]);
    guest.services.advance(99);
    expect(guest.host.waiting).toBeDefined();
    guest.services.advance(1);
    expect(await delayed.promise).toBe(0);
    guest.services.advance(500);
    for (let call = 0; call < 4; call++) expect(guest.call('kv_get', 'b')).toBe(4);
  });

  test('a call that was held up is not done again after a restore', () => {
    const guest = new HandGuest({ limits: { hostCallsPerSecond: 1 } });
    guest.call('kv_get', 'a');
    const delayed = guest.wait('send', 'w', 'once');
    const twin = guest.moved({}, delayed.state);
    expect(twin.call('send', 'w', 'once')).toBe(0);
    expect(twin.services.effects.length).toBe(1);
  });

  test('a clock that goes back lets nobody through', () => {
    const guest = new HandGuest({ limits: { hostCallsPerSecond: 2 } });
    guest.call('kv_get', 'a');
    guest.call('kv_get', 'a');
    guest.services.nowMs -= 1_000_000;
    expect(guest.call('kv_get', 'a')).toBeInstanceOf(Pending);
    guest.host.close();
  });

  test('what is refused uses nothing up', async () => {
    const guest = new HandGuest({ limits: { fetchesPerSecond: 2 } });
    expect(await fetchedTimes(4)(guest)).toBe(QUOTA);
    guest.services.advance(500);
    expect(await fetchedTimes(1)(guest)).toBe(0);
    expect(await fetchedTimes(1)(guest)).toBe(QUOTA);
  });

  test('time_now is not held up, the next call is', () => {
    const guest = new HandGuest({ limits: { hostCallsPerSecond: 1 } });
    guest.call('kv_get', 'a');
    expect(guest.call('time_now')).toBeTypeOf('bigint');
    expect(guest.call('kv_get', 'a')).toBeInstanceOf(Pending);
    guest.host.close();
  });
});
