/** Answers that are taken while the guest writes them: calls through lane and router, the client, the ingress. */
import { expect, it } from 'vitest';
import { deploy } from './deploy.ts';
import { assemble, openNode, type OpenNode } from './open-nodes.ts';

/**
 * `parts` writes three parts and sleeps before each but the first; `breaks` traps after one, `stays` spins after one, `silent` writes nothing.
 * `handle` is `parts` with a head of its own.
 */
const GUEST = `(module
  (import "pluvio_v1" "output_write" (func $write (param i32 i32) (result i32)))
  (import "pluvio_v1" "output_head" (func $head (param i32 i32) (result i32)))
  (import "pluvio_v1" "sleep" (func $sleep (param i64) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "one two three ")
  (data (i32.const 32) "{\\"status\\":201,\\"headers\\":[[\\"x-part\\",\\"all\\"]]}")
  (func $put (param i32 i32) (drop (call $write (local.get 0) (local.get 1))))
  (func $parts (export "parts")
    (call $put (i32.const 0) (i32.const 4))
    (drop (call $sleep (i64.const 200)))
    (call $put (i32.const 4) (i32.const 4))
    (drop (call $sleep (i64.const 200)))
    (call $put (i32.const 8) (i32.const 6)))
  (func (export "breaks") (call $put (i32.const 0) (i32.const 4)) (drop (call $sleep (i64.const 100))) unreachable)
  (func (export "stays") (call $put (i32.const 0) (i32.const 4)) (loop $l (br $l)))
  (func (export "silent"))
  (func (export "handle") (drop (call $head (i32.const 32) (i32.const 43))) (call $parts)))`;

const BYTES = { encoding: 'bytes' } as const;
const WHOLE = 'one two three ';

async function openGuest(checkpoint?: 'each-call'): Promise<OpenNode> {
  const capabilities = { timers: [], 'http.inbound': ['*/*'] };
  const node = await openNode({ grants: { all: capabilities, tenants: {} }, ingress: '127.0.0.1:0' });
  await deploy(node.client, await assemble(GUEST), {
    name: 'guest',
    interface: { parts: BYTES, breaks: BYTES, stays: BYTES, silent: BYTES },
    capabilities: { timers: [] },
    routes: [{ path: '/*', export: 'handle' }],
    ...(checkpoint === undefined ? {} : { checkpoint }),
  });
  return node;
}

async function chunksOf(body: ReadableStream<Uint8Array>): Promise<string[]> {
  const chunks: string[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk).toString());
  return chunks;
}

it.each([
  ['past the router', {}, undefined],
  ['through the router', { origin: 'http://127.0.0.1' }, undefined],
  ['past the router', {}, 'each-call' as const],
])('a call %s is answered as it is written', async (_, headers, checkpoint) => {
  const { url, client } = await openGuest(checkpoint);
  const { port } = new URL(url);
  const ask = (name: string, query: string): Promise<Response> =>
    fetch(`${url}/v1/workers/guest/call/${name}${query}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/octet-stream',
        ...('origin' in headers ? { origin: `http://127.0.0.1:${port}` } : {}),
      },
    });
  const streamed = await ask('parts', '?stream=true');
  expect([streamed.status, streamed.headers.get('content-length')]).toEqual([200, null]);
  const chunks = await chunksOf(streamed.body!);
  expect(chunks.join('')).toBe(WHOLE);
  expect(chunks.length).toBeGreaterThan(1);
  const whole = await ask('parts', '');
  expect([await whole.text(), whole.headers.get('content-length')]).toEqual([WHOLE, '14']);
  const silent = await ask('silent', '?stream=true');
  expect([silent.status, await silent.text()]).toEqual([200, '']);
  const broken = await ask('breaks', '?stream=true');
  expect(broken.status).toBe(200);
  await expect(chunksOf(broken.body!)).rejects.toThrow();
  expect(await client.workers.get('guest')).toMatchObject({ status: 'idle', outcome: { kind: 'trapped' } });
});

it('the client gets parts while the call goes on, and an error when it is given up', async () => {
  const { client } = await openGuest();
  expect((await chunksOf(await client.workers.stream('guest', 'parts'))).join('')).toBe(WHOLE);
  const reader = (await client.workers.stream('guest', 'stays')).getReader();
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('one ');
  expect(await client.workers.get('guest')).toMatchObject({ status: 'running' });
  await client.workers.cancel('guest');
  await expect(reader.read()).rejects.toThrow();
  expect((await chunksOf(await client.workers.stream('guest', 'silent'))).join('')).toBe('');
});

it('the ingress streams what is not whole soon, with the head that the guest gave', async () => {
  const { ingress } = await openGuest();
  const answer = await fetch(`${ingress!}/anything`);
  expect([answer.status, answer.headers.get('x-part'), answer.headers.get('content-length')]).toEqual([
    201,
    'all',
    null,
  ]);
  const chunks = await chunksOf(answer.body!);
  expect([chunks.join(''), chunks.length > 1]).toEqual([WHOLE, true]);
});
