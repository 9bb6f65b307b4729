/** A plain call is answered past the router, one whose body has no length by the router: nobody can tell which it was. */
import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { deployGuest } from './guests.ts';
import { counterModule, openNode } from './open-nodes.ts';

interface Sent {
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function send(origin: string, { path, body = '', headers = {} }: Sent, chunked: boolean): Promise<Got> {
  const length = { 'content-length': String(Buffer.byteLength(body)) };
  const asked = request(new URL(path, origin), {
    method: 'POST',
    headers: { ...headers, ...(chunked ? { 'transfer-encoding': 'chunked' } : length) },
  });
  asked.end(body);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const { date: _date, vary: _vary, 'transfer-encoding': _encoding, connection: _connection, ...rest } = answer.headers;
  return { status: answer.statusCode ?? 0, headers: rest, body: Buffer.concat(chunks).toString('latin1') };
}

const octets = { 'content-type': 'application/octet-stream' };
const json = { 'content-type': 'application/json; charset=utf-8' };
const CALLS: Readonly<Record<string, Sent>> = {
  bytes: { path: '/v1/workers/echo/call/echo', body: Uint8Array.of(0, 255, 10), headers: octets },
  'many bytes': { path: '/v1/workers/echo/call/echo', body: 'x'.repeat(300_000), headers: octets },
  numbers: { path: '/v1/workers/count/call/floats', body: '{"args":[1.5]}', headers: json },
  'a wait': { path: '/v1/workers/count/call/floats?waitMs=1000', body: '{"args":[2]}', headers: json },
  'a trap': { path: '/v1/workers/count/call/fail', headers: json, body: '{}' },
  'a wait that is none': { path: '/v1/workers/count/call/floats?waitMs=soon', body: '{}', headers: json },
  'a wait given twice': { path: '/v1/workers/count/call/floats?waitMs=1&waitMs=2', body: '{}', headers: json },
  'JSON that is none': { path: '/v1/workers/count/call/floats', body: '{"args":', headers: json },
  'arguments that are none': { path: '/v1/workers/count/call/floats', body: '{"args":7}', headers: json },
  'an export that is not there': { path: '/v1/workers/count/call/nothing', body: '{}', headers: json },
  'an escaped name': { path: '/v1/workers/count/call/%66loats', body: '{}', headers: json },
  'a worker that is not there': { path: '/v1/workers/nobody/call/floats', body: '{}', headers: json },
  'a name that is none': { path: '/v1/workers/no!name/call/floats', body: '{}', headers: json },
  'a type that is not taken': { path: '/v1/workers/echo/call/echo', body: 'x', headers: { 'content-type': 'a/b' } },
  'a key that is none': {
    path: '/v1/workers/echo/call/echo',
    body: 'x',
    headers: { ...octets, 'idempotency-key': 'a key' },
  },
  'a host elsewhere': { path: '/v1/workers/echo/call/echo', body: 'x', headers: { ...octets, host: 'evil.example' } },
  'a page elsewhere': {
    path: '/v1/workers/echo/call/echo',
    body: 'x',
    headers: { ...octets, origin: 'https://evil.example' },
  },
  'too much': { path: '/v1/workers/echo/call/echo', body: 'x'.repeat(70_000), headers: octets },
};

it.each(Object.keys(CALLS))('%s: the lane and the router answer alike', async (name) => {
  const call = CALLS[name]!;
  const { url, client } = await openNode({ limits: { callBytes: name === 'too much' ? 65_536 : 1_000_000 } });
  await deployGuest(client, 'echo', 'echo', { interface: { echo: { encoding: 'bytes' } } });
  await client.workers.create({ name: 'count', module: await counterModule() });
  const [plain, routed] = [await send(url, call, false), await send(url, call, true)];
  const withoutFigures = ({ body, headers, ...rest }: Got): unknown => ({
    ...rest,
    headers: { ...headers, 'content-length': undefined },
    body: body.replaceAll(/"(fuelUsed|queued)":("\d+"|\d+)/g, '"$1":0'),
  });
  expect(withoutFigures(plain)).toEqual(withoutFigures(routed));
});

it('a token is asked for, and what it does not cover is refused', async () => {
  const token = 'sixteen characters at least';
  const narrow = { token: 'another-token-of-sixteen', verbs: ['read'] };
  const { url, client } = await openNode({ token: token.replaceAll(' ', '-'), tokens: [narrow] });
  await deployGuest(client, 'echo', 'echo', { interface: { echo: { encoding: 'bytes' } } });
  const withToken = (given: string): Sent => ({
    path: '/v1/workers/echo/call/echo',
    body: 'x',
    headers: { ...octets, authorization: `Bearer ${given}` },
  });
  expect(await send(url, withToken(token.replaceAll(' ', '-')), false)).toMatchObject({ status: 200, body: 'x' });
  expect(await send(url, withToken(narrow.token), false)).toMatchObject({ status: 403 });
  const refused = await send(url, withToken('a-token-that-is-unknown'), false);
  expect(refused).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
  expect(JSON.parse(refused.body)).toMatchObject({ code: 'UNAUTHENTICATED' });
});

it('a caller that hangs up in its body, or before its answer, leaves others alone', async () => {
  const { url, client } = await openNode();
  await deployGuest(client, 'echo', 'echo', { interface: { echo: { encoding: 'bytes' } } });
  await client.workers.create({ name: 'count', module: await counterModule() });
  const { port, hostname } = new URL(url);
  for (const [path, length, body] of [
    ['/v1/workers/echo/call/echo', 100, 'half'],
    ['/v1/workers/count/call/spin', 2, '{}'],
  ] as const) {
    const socket = connect(Number(port), hostname);
    const head = `POST ${path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\n`;
    socket.write(`${head}content-length: ${length}\r\n\r\n${body}`);
    await once(socket, 'connect');
    socket.destroy();
    await once(socket, 'close');
  }
  const echo = { path: '/v1/workers/echo/call/echo', body: 'here', headers: octets };
  expect(await send(url, echo, false)).toMatchObject({ status: 200, body: 'here' });
});
