import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { FetchRequest } from '../host/abi/index.ts';
import { OUTBOUND_LIMITS, OutboundHttp, type OutboundFetch, type OutboundHttpOptions } from './outbound-http.ts';
import { AddressRule } from './outbound-http-addresses.ts';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

interface Served {
  readonly port: number;
  readonly requests: IncomingMessage[];
}

/** A server on this machine. */
async function serve(listener: RequestListener, address = '127.0.0.1'): Promise<Served> {
  const requests: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(request);
    listener(request, response);
  });
  server.listen(0, address);
  await once(server, 'listening');
  opened.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, requests };
}

function outbound(options: OutboundHttpOptions = {}): OutboundHttp {
  const made = new OutboundHttp(options);
  opened.push(() => made.close());
  return made;
}

const asked = (url: string, request: Partial<FetchRequest> = {}, rest: Partial<OutboundFetch> = {}): OutboundFetch => ({
  request: { method: 'GET', url, headers: [], repeatable: false, ...request },
  body: new Uint8Array(),
  scopes: ['*'],
  bodyMaxBytes: 1000,
  ...rest,
});

const LOCAL = { allowPrivate: ['127.0.0.1'] };
const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

describe('a request', () => {
  test('is sent as it was asked for, and answered', async () => {
    const { port, requests } = await serve((request, response) => {
      response.writeHead(207, {
        'x-answer': ['a', 'b'],
        'content-type': 'text/plain',
        connection: 'x-hop',
        'x-hop': '1',
      });
      request.pipe(response);
    });
    const answer = await outbound(LOCAL).fetch(
      asked(
        `http://127.0.0.1:${port}/path?query`,
        {
          method: 'POST',
          headers: [
            ['x-question', 'q'],
            ['X-Question', 'r'],
          ],
          repeatable: true,
        },
        { body: new TextEncoder().encode('the body'), idempotencyKey: 'worker:1:0' },
      ),
    );
    expect(answer).toMatchObject({ ok: true, head: { status: 207 } });
    if (!answer.ok) return;
    expect(textOf(answer.body)).toBe('the body');
    expect(answer.head?.headers.filter(([name]) => name !== 'date')).toEqual([
      ['x-answer', 'a'],
      ['x-answer', 'b'],
      ['content-type', 'text/plain'],
    ]);
    expect(requests[0]).toMatchObject({ method: 'POST', url: '/path?query' });
    expect(requests[0]?.headers).toMatchObject({ 'x-question': 'q, r', 'idempotency-key': 'worker:1:0' });
  });

  test('carries no header of the connection', async () => {
    const { port, requests } = await serve((_request, response) => response.end());
    const headers = [
      ['Host', 'elsewhere.example'],
      ['Connection', 'close, x-named'],
      ['x-named', '1'],
      ['Transfer-Encoding', 'chunked'],
      ['Content-Length', '5'],
      ['Proxy-Authorization', 'x'],
      ['Upgrade', 'websocket'],
      ['TE', 'trailers'],
      ['Expect', '100-continue'],
      ['kept', 'yes'],
    ] as const;
    const answer = await outbound(LOCAL).fetch(
      asked(`http://127.0.0.1:${port}/`, { headers }, { idempotencyKey: 'not repeatable' }),
    );
    expect(answer.ok).toBe(true);
    expect(requests[0]?.headers).toEqual({ host: `127.0.0.1:${port}`, connection: 'keep-alive', kept: 'yes' });
  });

  test('is not redirected', async () => {
    const { port, requests } = await serve((_request, response) => {
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
    });
    const answer = await outbound(LOCAL).fetch(asked(`http://127.0.0.1:${port}/`));
    expect(answer).toMatchObject({ ok: true, head: { status: 302 } });
    expect(requests.length).toBe(1);
  });

  test('uses no proxy of the environment', async () => {
    const proxy = await serve((_request, response) => response.end('proxy'));
    const { port } = await serve((_request, response) => response.end('direct'));
    const before = process.env['http_proxy'];
    process.env['http_proxy'] = `http://127.0.0.1:${proxy.port}`;
    opened.push(() => {
      if (before === undefined) delete process.env['http_proxy'];
      else process.env['http_proxy'] = before;
    });
    const answer = await outbound(LOCAL).fetch(asked(`http://127.0.0.1:${port}/`));
    expect(answer.ok && textOf(answer.body)).toBe('direct');
    expect(proxy.requests.length).toBe(0);
  });
});

describe('where it may go', () => {
  test('nowhere without a scope', async () => {
    const { port, requests } = await serve((_request, response) => response.end());
    const url = `http://127.0.0.1:${port}/v1/x`;
    const http = outbound(LOCAL);
    for (const scopes of [[], [`http://127.0.0.1:${port}/v2`], [`https://127.0.0.1:${port}`], ['http://127.0.0.1']]) {
      expect(await http.fetch(asked(url, {}, { scopes }))).toMatchObject({ ok: false, code: 'DENIED' });
    }
    expect(requests.length).toBe(0);
    expect(await http.fetch(asked(url, {}, { scopes: [`http://127.0.0.1:${port}/v1`] }))).toMatchObject({ ok: true });
  });

  test.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[fd00:ec2::254]/',
    'http://169.254.169.254/',
    'https://10.0.0.1/',
    'http://localhost/',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
  ])('not to %s', async (url) => {
    expect(await outbound({ resolve: async () => Promise.resolve(['127.0.0.1']) }).fetch(asked(url))).toMatchObject({
      ok: false,
      code: 'DENIED',
    });
  });

  test.each([
    [['127.0.0.1']],
    [['93.184.215.14', '10.0.0.1']],
    [['2606:2800:21f:cb07:6820:80da:af6b:8b2c', '::1']],
    [['::ffff:192.168.0.1']],
    [['fe80::1']],
    [['not an address']],
  ])('not to a name that leads to %j', async (addresses) => {
    const answer = await outbound({ resolve: async () => Promise.resolve(addresses) }).fetch(
      asked('http://public.example/'),
    );
    expect(answer).toMatchObject({ ok: false, code: 'DENIED' });
    expect(answer.ok || answer.message).toBe('public.example leads to an address that is not public');
  });

  test('a name is looked up once, and the connection goes to the address that was checked', async () => {
    const { port, requests } = await serve((_request, response) => response.end('checked'));
    const looked: string[] = [];
    /** First an address that is allowed, then the one that is not: what rebinding does. */
    const resolve = async (hostname: string): Promise<readonly string[]> => {
      looked.push(hostname);
      return Promise.resolve(looked.length === 1 ? ['127.0.0.1'] : ['127.0.0.2']);
    };
    const http = outbound({ ...LOCAL, resolve });
    const answer = await http.fetch(asked(`http://rebind.example:${port}/`));
    expect(answer.ok && textOf(answer.body)).toBe('checked');
    expect(looked).toEqual(['rebind.example']);
    expect(requests[0]?.socket.localAddress).toBe('127.0.0.1');
    const other = outbound({ ...LOCAL, resolve });
    expect(await other.fetch(asked(`http://rebind.example:${port}/`))).toMatchObject({ ok: false, code: 'DENIED' });
    expect(requests.length).toBe(1);
  });

  test('a name without addresses, or that cannot be resolved, is unavailable', async () => {
    for (const resolve of [async () => Promise.resolve([]), async () => Promise.reject(new Error('no such name'))]) {
      expect(await outbound({ resolve }).fetch(asked('http://none.example/'))).toMatchObject({ code: 'UNAVAILABLE' });
    }
  });
});

describe('what an answer may be', () => {
  test('a body at its edge', async () => {
    const { port } = await serve((_request, response) => response.end('x'.repeat(1000)));
    const http = outbound(LOCAL);
    const url = `http://127.0.0.1:${port}/`;
    expect(await http.fetch(asked(url, {}, { bodyMaxBytes: 1000 }))).toMatchObject({ ok: true });
    expect(await http.fetch(asked(url, {}, { bodyMaxBytes: 999 }))).toMatchObject({ code: 'TOO_LARGE' });
  });

  test('a head within its limit', async () => {
    const { port } = await serve((_request, response) => response.writeHead(200, { big: 'x'.repeat(2000) }).end());
    const url = `http://127.0.0.1:${port}/`;
    expect(await outbound(LOCAL).fetch(asked(url))).toMatchObject({ ok: true });
    expect(await outbound({ ...LOCAL, limits: { outboundHeadBytes: 1024 } }).fetch(asked(url))).toMatchObject({
      code: 'TOO_LARGE',
    });
  });

  test('in time', async () => {
    const { port } = await serve(() => undefined); // never answers
    const answer = await outbound(LOCAL).fetch(asked(`http://127.0.0.1:${port}/`, {}, { timeoutMs: 5 }));
    expect(answer).toMatchObject({ code: 'TIMEOUT' });
  });

  test('wanted by somebody', async () => {
    const gone = new AbortController();
    const { port } = await serve(() => gone.abort());
    const answer = await outbound(LOCAL).fetch(asked(`http://127.0.0.1:${port}/`, {}, { signal: gone.signal }));
    expect(answer).toMatchObject({ code: 'CANCELLED' });
  });

  test('HTTP at all', async () => {
    const { port } = await serve((request) => request.socket.end('not HTTP'));
    const http = outbound(LOCAL);
    expect(await http.fetch(asked(`http://127.0.0.1:${port}/`))).toMatchObject({ code: 'UNAVAILABLE' });
    expect(await http.fetch(asked(`https://127.0.0.1:${port}/`))).toMatchObject({ code: 'UNAVAILABLE' });
    expect(await http.fetch(asked('http://127.0.0.1:1/'))).toMatchObject({
      code: 'UNAVAILABLE',
      message: '127.0.0.1:1 could not be reached: ECONNREFUSED',
    });
  });

  test('one of so many at a time', async () => {
    const waiting = Promise.withResolvers<void>();
    const { port } = await serve((_request, response) => {
      waiting.promise.then(() => response.end()).catch(() => undefined);
    });
    const http = outbound({ ...LOCAL, limits: { outboundRequests: 2 } });
    const url = `http://127.0.0.1:${port}/`;
    const first = [http.fetch(asked(url)), http.fetch(asked(url))];
    expect(await http.fetch(asked(url))).toMatchObject({ code: 'UNAVAILABLE' });
    waiting.resolve();
    expect((await Promise.all(first)).map(({ ok }) => ok)).toEqual([true, true]);
    expect(await http.fetch(asked(url))).toMatchObject({ ok: true });
  });
});

test.each(Object.entries(OUTBOUND_LIMITS))('%s has a range', (name, { min, max }) => {
  for (const value of [min, max]) expect(() => outbound({ limits: { [name]: value } })).not.toThrow();
  for (const value of [min - 1, max + 1]) expect(() => outbound({ limits: { [name]: value } })).toThrow(name);
});

describe('addresses', () => {
  const rule = new AddressRule();

  test.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2a00:1450::1',
    '::ffff:1.1.1.1',
  ])('%s is public', (address) => expect(rule.allows(address)).toBe(true));

  test.each([
    '0.0.0.0',
    '10.255.255.255',
    '100.64.0.0',
    '100.100.100.200',
    '127.255.255.255',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.0',
    '172.31.255.255',
    '192.168.1.1',
    '198.19.255.255',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::7f00:1',
    '::ffff:10.0.0.1',
    '::ffff:0:10.0.0.1',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '64:ff9b::a00:1',
    '64:ff9b:1::1',
    '100::1',
    '3fff::1',
    '',
    'x',
    '1.2.3',
    '01.2.3.4',
    '1.1.1.1/8',
  ])('%s is not', (address) => expect(rule.allows(address)).toBe(false));

  test('an address and its mapped form are alike', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(rule.allows(`::ffff:${address}`)).toBe(rule.allows(address));
      }),
      { seed: 20_261_123, numRuns: 500 },
    );
  });

  test('the operator may allow more', () => {
    const wider = new AddressRule(['10.1.0.0/16', '::1', 'fd00::/8']);
    const found = ['10.1.2.3', '::ffff:10.1.2.3', '10.2.0.0', '::1', '::2', 'fd12::1', 'fc12::1'].map((address) =>
      wider.allows(address),
    );
    expect(found).toEqual([true, true, false, true, false, true, false]);
    for (const text of ['localhost', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/', '', '::/129']) {
      expect(() => new AddressRule([text])).toThrow(/cannot allow/);
    }
  });
});
