import { describe, expect, test } from 'vitest';
import { code, HandGuest, input } from '../../../test/abi/hand-guest.ts';
import { START_MS } from '../../../test/abi/scripted-services.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('call', () => {
  test('asks once, and gives the reply', async () => {
    const guest = new HandGuest();
    const { services } = guest;
    guest.host.beginInput(input(1, '', { traceparent: 'tp' }));
    const wait = guest.wait('call', 'other', 'question', 1000n);
    expect(services.asks).toEqual([
      {
        kind: 'call',
        to: 'other',
        body: bytesOf('question'),
        ask: 1,
        again: false,
        inputSeq: 1,
        ordinal: 0,
        dueMs: START_MS + 1000,
        traceparent: 'tp',
      },
    ]);
    guest.restartState = wait.state; // stopped and resumed in this host
    const again = guest.wait('call', 'other', 'question', 1000n);
    expect([services.asks.length, again.wake]).toEqual([1, undefined]);
    await services.answer(1, { ok: true, body: bytesOf('answer') });
    expect(await again.promise).toBe(6);
    expect(guest.result()).toBe('answer');
    expect(services.abandoned).toEqual([]);
  });

  test('asks with the same number after a move', async () => {
    const guest = new HandGuest();
    const { services } = guest;
    guest.host.beginInput(input(1));
    guest.call('send', 'x', 'y');
    const wait = guest.wait('call', 'other', 'q', -1n);
    const twin = guest.moved({}, wait.state);
    const again = twin.wait('call', 'other', 'q', -1n);
    expect(services.asks.map(({ inputSeq, ordinal, again: isAgain }) => [inputSeq, ordinal, isAgain])).toEqual([
      [1, 1, false],
      [1, 1, true],
    ]);
    await services.answer(1, { ok: true });
    expect(await again.promise).toBe(0);
    twin.call('send', 'x', 'y');
    expect(services.effects.at(-1)).toMatchObject({ inputSeq: 1, ordinal: 2 });
  });

  test('an answer that came while the worker was stopped moves with it', async () => {
    const guest = new HandGuest();
    const wait = guest.wait('call', 'other', 'q', -1n);
    await guest.services.answer(1, { ok: true, body: bytesOf('kept') });
    const twin = guest.moved({}, wait.state);
    expect([twin.call('call', 'other', 'q', -1n), twin.services.asks.length]).toEqual([4, 1]);
    expect(twin.result()).toBe('kept');
  });

  test('errors have codes, and messages in the register', async () => {
    const guest = new HandGuest({ limits: { messageBytes: 10 } });
    const { services } = guest;
    services.respond = () => ({ ok: false, code: 'FAILED', message: 'it said no' });
    expect(await guest.wait('call', 'other', 'q', -1n).promise).toBe(code('FAILED'));
    expect(guest.result()).toBe('it said no');
    services.respond = () => ({ ok: false, code: 'NOT_FOUND' });
    expect(await guest.wait('call', 'other', 'q', -1n).promise).toBe(code('NOT_FOUND'));
    services.respond = () => ({ ok: true, body: new Uint8Array(11) });
    expect(await guest.wait('call', 'other', 'q', -1n).promise).toBe(code('TOO_LARGE'));
    services.ask = () => Promise.reject(new Error('a fault of the node'));
    expect(await guest.wait('call', 'other', 'q', -1n).promise).toBe(code('FAILED'));
  });

  test('its time ends it, and the node is told', async () => {
    const guest = new HandGuest();
    const wait = guest.wait('call', 'other', 'q', 10n);
    guest.services.advance(10);
    expect(await wait.promise).toBe(code('TIMEOUT'));
    expect(guest.services.abandoned).toEqual([1]);
    await guest.services.answer(1, { ok: true, body: bytesOf('late') });
    expect(guest.call('result_length')).toBe(code('NOT_FOUND'));
  });
});

describe('http_fetch', () => {
  const GET = '{"url":"https://api.example.com/v1/x#part","headers":[["accept","text/plain"]]}';

  test('gives head and body', async () => {
    const guest = new HandGuest();
    const { services } = guest;
    expect(guest.call('fetch_body_length')).toBe(code('NOT_FOUND'));
    const wait = guest.wait('http_fetch', GET, '');
    expect(services.asks[0]).toMatchObject({
      kind: 'fetch',
      request: {
        method: 'GET',
        url: 'https://api.example.com/v1/x',
        headers: [['accept', 'text/plain']],
        repeatable: false,
      },
      bodyMaxBytes: 4 * 2 ** 20,
      dueMs: null,
    });
    await services.answer(1, { ok: true, head: { status: 404, headers: [['a', 'b']] }, body: bytesOf('gone') });
    expect(await wait.promise).toBeGreaterThan(0);
    expect(guest.json()).toEqual({ status: 404, headers: [['a', 'b']], bodyBytes: 4 });
    const twin = guest.moved();
    expect([twin.call('fetch_body_length'), twin.read('fetch_body_read', 1)]).toEqual([4, 'one']);
  });

  test.each([
    ['GET', undefined, 'asked again'],
    ['DELETE', false, 'asked again'],
    ['POST', true, 'asked again'],
    ['POST', false, 'interrupted'],
    ['PATCH', undefined, 'interrupted'],
  ])('%s with repeatable %s is %s after a restore', (method, repeatable, expected) => {
    const guest = new HandGuest();
    const request = JSON.stringify({ url: 'https://a.example/', method, repeatable });
    const wait = guest.wait('http_fetch', request, 'body');
    const twin = guest.moved({}, wait.state);
    const result = twin.call('http_fetch', request, 'body');
    if (expected === 'interrupted') expect(result).toBe(code('INTERRUPTED'));
    expect(twin.services.asks.length).toBe(expected === 'interrupted' ? 1 : 2);
    twin.host.close();
  });

  test.each([
    '{"url":"ftp://a.example/"}',
    '{"url":"/path"}',
    '{"url":"https://user:pass@a.example/"}',
    '{"url":7}',
    '{}',
    '{"url":"https://a.example/","method":"CONNECT"}',
    '{"url":"https://a.example/","method":"G T"}',
    '{"url":"https://a.example/","headers":{"a":"b"}}',
    '{"url":"https://a.example/","headers":[["a"]]}',
    '{"url":"https://a.example/","headers":[["a","b\\u0000"]]}',
    '{"url":"https://a.example/","headers":[["a","\\ud800"]]}',
    '{"url":"https://a.example/","timeoutMs":-1}',
    '{"url":"https://a.example/","timeoutMs":"5"}',
    '{"url":"https://a.example/","repeatable":1}',
  ])('%s is refused', (request) => {
    const guest = new HandGuest();
    expect([guest.call('http_fetch', request, ''), guest.services.asks]).toEqual([code('INVALID'), []]);
  });

  test('only what the scopes cover', () => {
    const guest = new HandGuest({ grants: { 'http.outbound': ['https://api.example.com/v1'] } });
    guest.wait('http_fetch', '{"url":"https://api.example.com/v1/a"}', '');
    expect(guest.call('http_fetch', '{"url":"https://api.example.com/v2/a"}', '')).toBe(code('DENIED'));
    guest.host.close();
  });

  test('an answer that is too large is refused', async () => {
    const guest = new HandGuest({ limits: { fetchBodyBytes: 3, headBytes: 100 } });
    const { services } = guest;
    services.respond = () => ({ ok: true, body: new Uint8Array(4) });
    expect(await guest.wait('http_fetch', '{"url":"https://a.example/"}', '').promise).toBe(code('TOO_LARGE'));
    services.respond = () => ({ ok: true, head: { status: 200, headers: [['a', 'x'.repeat(100)]] } });
    expect(await guest.wait('http_fetch', '{"url":"https://a.example/"}', '').promise).toBe(code('TOO_LARGE'));
    services.respond = () => ({ ok: true, body: new Uint8Array(3) });
    expect(await guest.wait('http_fetch', '{"url":"https://a.example/"}', '').promise).toBeGreaterThan(0);
  });
});

describe('checkpoint', () => {
  test('waits for the node, also across a stop in the same host', async () => {
    const guest = new HandGuest();
    const wait = guest.wait('checkpoint');
    guest.restartState = wait.state;
    const again = guest.wait('checkpoint');
    expect(guest.services.asks).toMatchObject([{ kind: 'checkpoint', ask: 1 }]);
    await guest.services.answer(1, { ok: true });
    expect(await again.promise).toBe(0);
  });

  test('is done after a restore', () => {
    const guest = new HandGuest();
    const wait = guest.wait('checkpoint');
    const twin = guest.moved({}, wait.state);
    expect([twin.call('checkpoint'), twin.services.asks.length]).toEqual([0, 1]);
    twin.wait('checkpoint');
    expect(twin.services.asks.length).toBe(2);
  });

  test('that the node cannot make has a code', async () => {
    const guest = new HandGuest();
    guest.services.respond = () => ({ ok: false, code: 'UNAVAILABLE', message: 'disk full' });
    expect(await guest.wait('checkpoint').promise).toBe(code('UNAVAILABLE'));
    expect(guest.result()).toBe('disk full');
  });
});
