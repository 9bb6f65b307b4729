/** Clients of the ingress that go away before they are answered. */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { WorkerManifest } from '../../runtime/bundle/index.ts';
import { tickingServer } from '../component/http-guests.ts';
import { WASI_VERSION } from '../component/wasi-component.ts';
import { deploy } from './deploy.ts';
import { assemble, openNode, type OpenNode } from './open-nodes.ts';

const CAPABILITIES = { 'mailbox.receive': [], 'http.inbound': ['*/*'] };

const open = (options: Parameters<typeof openNode>[0] = {}): Promise<OpenNode> =>
  openNode({ ingress: '127.0.0.1:0', grants: { all: CAPABILITIES, tenants: {} }, ...options });

/** `slow` waits for a minute, or until nobody waits for it; then it counts, as `visit` does, and gives the count. */
const SLOW = `(module
  (import "pluvio_v1" "sleep" (func $sleep (param i64) (result i32)))
  (import "pluvio_v1" "output_write" (func $write (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "0")
  (func $visit (export "visit")
    (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
    (drop (call $write (i32.const 0) (i32.const 1))))
  (func (export "slow")
    (drop (call $sleep (i64.const 60000)))
    (call $visit)))`;

async function site({ client }: OpenNode, manifest: Partial<WorkerManifest> = {}): Promise<void> {
  const routes = ['slow', 'visit'].map((name) => ({ path: `/${name}`, export: name }));
  await deploy(client, await assemble(SLOW), { name: 'site', capabilities: CAPABILITIES, routes, ...manifest });
}

/** Requests on connections of their own. */
function send(node: OpenNode, count: number, path: string, headers: readonly string[] = []): Promise<Socket[]> {
  const { hostname, port, host } = new URL(node.ingress ?? '');
  const one = async (_: unknown, index: number): Promise<Socket> => {
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const own = headers.map((line) => `${line}\r\n`.replace('INDEX', String(index)));
    socket.write(`POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 1\r\n${own.join('')}\r\nx`);
    return socket;
  };
  return Promise.all(Array.from({ length: count }, one));
}

const leave = (sockets: readonly Socket[]): void => {
  for (const socket of sockets) socket.destroy();
};

const visit = async (node: OpenNode): Promise<string> => (await fetch(`${node.ingress}/visit`)).text();

const queued = async (node: OpenNode): Promise<[string, number]> => {
  const { status, queued: waiting } = await node.client.workers.get('site');
  return [status, waiting];
};

describe('a request whose client has gone', () => {
  it.each([
    ['that no journal has', {}],
    ['of a journal', { checkpoint: 'each-call' }],
  ] as const)('%s is dropped if it waits; the guest is told of the one that it works on', async (_, manifest) => {
    const node = await open();
    await site(node, manifest);
    const sockets = await send(node, 20, '/slow');
    await expect.poll(() => queued(node)).toEqual(['waiting', 19]);
    leave(sockets);
    await expect.poll(() => queued(node)).toEqual(['idle', 0]);
    expect(await visit(node)).toBe('2');
    expect(await node.client.workers.get('site')).toMatchObject({ status: 'idle', queued: 0 });
  });

  it('is done where it has a key', async () => {
    const node = await open();
    await site(node);
    const sockets = await send(node, 2, '/slow', ['idempotency-key: k-INDEX']);
    await expect.poll(() => queued(node)).toEqual(['waiting', 1]);
    leave(sockets);
    const another = await send(node, 1, '/slow');
    await expect.poll(() => queued(node)).toEqual(['waiting', 2]);
    leave(another);
    await expect.poll(() => queued(node)).toEqual(['waiting', 1]);
    await node.client.workers.cancel('site');
    await expect.poll(() => queued(node)).toEqual(['waiting', 0]);
    await node.client.workers.cancel('site');
    expect(await visit(node)).toBe('1');
  });

  it('leaves those of others alone', async () => {
    const node = await open();
    await site(node);
    const gone = await send(node, 2, '/slow');
    await expect.poll(() => queued(node)).toEqual(['waiting', 1]);
    const staying = visit(node);
    await expect.poll(() => queued(node)).toEqual(['waiting', 2]);
    leave(gone);
    expect(await staying).toBe('2');
  });

  it('is told to a guest that sleeps', async () => {
    const node = await open({ hibernateAfterMs: 0 });
    await site(node, { hibernate: { afterMs: 0 } });
    const sockets = await send(node, 1, '/slow');
    await expect.poll(() => queued(node)).toEqual(['hibernated', 0]);
    leave(sockets);
    expect(await visit(node)).toBe('2');
  });

  it('is taken out of the mailbox', async () => {
    const node = await open();
    const module = new Uint8Array(await readFile(new URL('../abi/guests/site.wasm', import.meta.url)));
    const routes = [{ path: '/box' }];
    await deploy(node.client, module, { name: 'site', capabilities: CAPABILITIES, routes, checkpoint: 'each-call' });
    node.client.workers.invoke('site', 'serve').catch(() => undefined); // it serves until the node closes
    await expect.poll(() => queued(node)).toEqual(['waiting', 0]);
    await node.client.workers.stop('site');
    const sockets = await send(node, 5, '/box');
    await expect.poll(() => queued(node)).toEqual(['stopped', 5]);
    leave(sockets);
    await expect.poll(() => queued(node)).toEqual(['stopped', 0]);
    await node.client.workers.resume('site');
    expect(await (await fetch(`${node.ingress}/box`, { method: 'POST', body: 'x' })).text()).toBe('1');
  });

  it.skipIf(WASI_VERSION === undefined)('finds the answer of a component closed while it is streamed', async () => {
    const node = await open();
    const routes = [{ path: '/*', export: 'handle' }];
    await deploy(node.client, await tickingServer(), { name: 'site', routes, capabilities: CAPABILITIES });
    const [socket] = await send(node, 1, '/');
    const [first] = (await once(socket!, 'data')) as [Buffer];
    expect(first.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
    leave([socket!]);
    expect(await (await fetch(`${node.ingress}/`)).text()).toBe('1');
  });
});
