/** Calls whose guest reads the body while the caller still sends it. */
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { echoServer } from '../component/http-guests.ts';
import { WASI_VERSION } from '../component/wasi-component.ts';
import { deploy } from './deploy.ts';
import { assemble, openNode, type OpenNode } from './open-nodes.ts';

/** `echo` writes each part as it comes, and the code of what ends them if it is not the end; `count` waits for the whole and writes nothing. */
const GUEST = `(module
  (import "pluvio_v1" "input_read" (func $read (param i32 i32 i32) (result i32)))
  (import "pluvio_v1" "input_length" (func $length (result i32)))
  (import "pluvio_v1" "output_write" (func $write (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 70000) "!")
  (global $last (mut i32) (i32.const 0))
  (func (export "last") (result i32) (global.get $last))
  (func (export "echo") (local $at i32) (local $n i32)
    (loop $l
      (local.set $n (call $read (i32.const 0) (i32.const 65536) (local.get $at)))
      (global.set $last (local.get $n))
      (if (i32.gt_s (local.get $n) (i32.const 0)) (then
        (drop (call $write (i32.const 0) (local.get $n)))
        (local.set $at (i32.add (local.get $at) (local.get $n)))
        (br $l))))
    (if (i32.lt_s (local.get $n) (i32.const 0)) (then (drop (call $write (i32.const 70000) (i32.const 1))))))
  (func (export "count") (global.set $last (call $length))))`;

const CANCELLED = -8;
const BYTES = { encoding: 'bytes' } as const;

const CAPABILITIES = { 'http.inbound': ['*/*'] } as const;
const ROUTES = ['echo', 'count'].map((name) => ({ path: `/${name}`, export: name }));

const openServing = (limits = {}): Promise<OpenNode> =>
  openNode({ limits, ingress: '127.0.0.1:0', grants: { all: CAPABILITIES, tenants: {} } });

async function openGuest(checkpoint?: 'each-call', limits = {}): Promise<OpenNode> {
  const node = await openServing(limits);
  await deploy(node.client, await assemble(GUEST), {
    name: 'guest',
    interface: { echo: BYTES, count: BYTES },
    capabilities: CAPABILITIES,
    routes: ROUTES,
    ...(checkpoint === undefined ? {} : { checkpoint }),
  });
  return node;
}

const last = async ({ client }: OpenNode): Promise<unknown> => client.workers.call('guest', 'last');

type Address = (node: OpenNode, name: string) => string;
const ADDRESSES: Readonly<Record<string, Address>> = {
  'a call': ({ url }, name) => `${url}/v1/workers/guest/call/${name}?stream=true`,
  'a request of the ingress': ({ ingress = '' }, name) => `${ingress}/${name}`,
};

/** A request whose body is sent by hand. */
function openAt(address: string) {
  const request = httpRequest(address, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream', 'transfer-encoding': 'chunked' },
  });
  request.flushHeaders();
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  answered.catch(() => undefined);
  return { request, answered };
}

/** The parts of an answer as they come; undefined: its end. */
function partsOf(response: IncomingMessage): () => Promise<string | undefined> {
  const parts = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  return async () => {
    const part = await parts.next();
    return part.done === true ? undefined : part.value.toString();
  };
}

describe.each(Object.entries(ADDRESSES))('%s whose body is on its way', (_, addressOf) => {
  const open = (node: OpenNode, name: string) => openAt(addressOf(node, name));

  it('is answered part by part, while the caller goes on sending', async () => {
    const node = await openGuest();
    const { request, answered } = open(node, 'echo');
    request.write('one ');
    const [response] = await answered;
    const next = partsOf(response);
    expect(await next()).toBe('one ');
    await expect.poll(async () => (await node.client.workers.get('guest')).status).toBe('waiting');
    request.write('two ');
    expect(await next()).toBe('two ');
    request.end('three');
    expect([await next(), await next()]).toEqual(['three', undefined]);
    expect(await last(node)).toEqual({ kind: 'returned', values: [0] });
  });

  it('gives the length of the whole to who asks for that', async () => {
    const node = await openGuest();
    const { request, answered } = open(node, 'count');
    request.write('x'.repeat(100));
    await expect.poll(async () => (await node.client.workers.get('guest')).status).toBe('waiting');
    request.end('y');
    expect((await answered)[0].statusCode).toBe(200);
    expect(await last(node)).toEqual({ kind: 'returned', values: [101] });
  });

  it('is cancelled for the guest when the caller hangs up, and the worker goes on', async () => {
    const node = await openGuest();
    const { request } = open(node, 'echo');
    request.on('error', () => undefined);
    request.write('half');
    await expect.poll(async () => (await node.client.workers.get('guest')).status).toBe('waiting');
    request.destroy();
    await expect.poll(() => last(node)).toEqual({ kind: 'returned', values: [CANCELLED] });
  });

  it('is refused when it becomes too long, and the guest does not take it for a whole one', async () => {
    const node = await openGuest(undefined, { callBytes: 1000 });
    const { request, answered } = open(node, 'count');
    request.on('error', () => undefined);
    request.write('x'.repeat(999));
    await expect.poll(async () => (await node.client.workers.get('guest')).status).toBe('waiting');
    request.write('yz');
    const [response] = await answered;
    const text = Buffer.concat((await response.toArray()) as Buffer[]).toString();
    expect([response.statusCode, (JSON.parse(text) as { code: string }).code]).toEqual([413, 'BODY_TOO_LARGE']);
    await expect.poll(() => last(node)).toEqual({ kind: 'returned', values: [CANCELLED] });
  });

  it('ends for a worker that is moved away in the middle of it', async () => {
    const node = await openGuest();
    const target = await openNode();
    const { request, answered } = open(node, 'count');
    request.on('error', () => undefined);
    request.write('half');
    await expect.poll(async () => (await node.client.workers.get('guest')).status).toBe('waiting');
    await node.client.workers.move('guest', { target: target.url });
    expect((await answered)[0].statusCode).toBe(502);
    const there = { ...node, client: target.client };
    await expect.poll(() => last(there)).toEqual({ kind: 'returned', values: [CANCELLED] });
    request.destroy();
  });

  it('waits for the whole body where calls are journalled', async () => {
    const node = await openGuest('each-call');
    const { request, answered } = open(node, 'echo');
    request.write('one ');
    request.end('two');
    const [response] = await answered;
    expect(Buffer.concat((await response.toArray()) as Buffer[]).toString()).toBe('one two');
  });
});

it('a stream goes in, a stream comes out of the client', async () => {
  const { client } = await openGuest();
  const body = Readable.toWeb(Readable.from(['a', 'bc', 'd'.repeat(200_000)].map((text) => Buffer.from(text))));
  const parts = await client.workers.stream('guest', 'echo', body as ReadableStream<Uint8Array>);
  const answer = await new Response(parts as BodyInit).text();
  expect(answer).toBe(`abc${'d'.repeat(200_000)}`);
});

describe.skipIf(WASI_VERSION === undefined)('a component', () => {
  async function openComponent(): Promise<OpenNode> {
    const node = await openServing();
    const routes = [{ path: '/*', export: 'handle' }];
    await deploy(node.client, await echoServer(), { name: 'guest', capabilities: CAPABILITIES, routes });
    return node;
  }

  it('reads the body of a request while it comes, and answers meanwhile', async () => {
    const node = await openComponent();
    const { request, answered } = openAt(`${node.ingress}/`);
    request.write('one ');
    const [response] = await answered;
    const next = partsOf(response);
    expect(await next()).toBe('one ');
    request.write('two ');
    expect(await next()).toBe('two ');
    request.end('three');
    expect([await next(), await next()]).toEqual(['three', undefined]);
  });

  it('answers a request whose body has a length', async () => {
    const node = await openComponent();
    const body = 'x'.repeat(200_000);
    expect(await (await fetch(`${node.ingress}/`, { method: 'POST', body })).text()).toBe(body);
  });

  it('answers the next request after one that broke off', async () => {
    const node = await openComponent();
    const { request } = openAt(`${node.ingress}/`);
    request.on('error', () => undefined);
    request.write('half');
    await expect.poll(async () => (await node.client.workers.get('guest')).status).toBe('waiting');
    request.destroy();
    expect(await (await fetch(`${node.ingress}/`, { method: 'POST', body: 'whole' })).text()).toBe('whole');
  });
});
