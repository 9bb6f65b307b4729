/** HTTP requests that workers answer. */
import { request as httpRequest } from 'node:http';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { WorkerManifest } from '../../runtime/bundle/index.ts';
import { REQUEST_KEY_HEADER, HOPS_HEADER } from '../../runtime/node/http-hops.ts';
import type { PluvioClient } from '../../sdk/client/index.ts';
import { deploy, textOf } from './deploy.ts';
import { openFolder, openNode, type OpenNode } from './open-nodes.ts';

const CAPABILITIES = { 'mailbox.receive': [], timers: [] };
const GRANTS = { all: { ...CAPABILITIES, 'http.inbound': ['*/*', 'shop.example/*'] }, tenants: {} };

const open = (options: Parameters<typeof openNode>[0] = {}): Promise<OpenNode> =>
  openNode({ ingress: '127.0.0.1:0', grants: GRANTS, ...options });

const site = async (client: PluvioClient, name: string, manifest: Partial<WorkerManifest>): Promise<void> => {
  const module = new Uint8Array(await readFile(new URL('../abi/guests/site.wasm', import.meta.url)));
  await deploy(client, module, { name, capabilities: CAPABILITIES, ...manifest });
};

const ask = (node: OpenNode, path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${node.ingress}${path}`, init);
const textAt = async (node: OpenNode, path: string, init: RequestInit = {}): Promise<string> =>
  (await ask(node, path, init)).text();

describe('a request by a route', () => {
  it('is given to the export with its head, and answered with what that gives', async () => {
    const node = await open();
    await site(node.client, 'site', { routes: [{ path: '/mirror*', export: 'mirror' }] });
    const answer = await ask(node, '/mirror/a%20b?x=1', {
      method: 'POST',
      body: 'the body',
      headers: {
        'x-mine': 'yes',
        'x-forwarded-for': '6.6.6.6',
        forwarded: 'for=6.6.6.6',
        [HOPS_HEADER]: '1',
        te: 'trailers',
        'proxy-authorization': 'Basic x',
      },
    });
    expect(answer.status).toBe(201);
    const { headers } = answer;
    expect([headers.get('x-guest'), headers.get('x-secret'), headers.getSetCookie()]).toEqual([
      'site',
      null,
      ['a=1', 'b=2'],
    ]);
    const [head = '', body] = (await answer.text()).split('\n');
    expect(body).toBe('the body');
    const info = JSON.parse(head) as { method: string; url: string; kind: string; headers: [string, string][] };
    expect(info).toMatchObject({ kind: 'http', method: 'POST', url: `${node.ingress}/mirror/a%20b?x=1` });
    const given = new Map(info.headers);
    expect(given.get('x-mine')).toBe('yes');
    expect(given.get('x-forwarded-for')).toBe('127.0.0.1');
    expect(given.get('x-forwarded-host')).toBe(new URL(node.ingress ?? '').host);
    for (const name of ['forwarded', HOPS_HEADER, 'te', 'proxy-authorization', 'connection'])
      expect(given.has(name)).toBe(false);
  });

  it('goes by its Host header', async () => {
    const node = await open();
    await site(node.client, 'any', { routes: [{ path: '/*', export: 'mirror' }] });
    await site(node.client, 'shop', { routes: [{ host: 'shop.example', path: '/*', export: 'visit' }] });
    const body = await new Promise<string>((resolve, reject) => {
      const sent = httpRequest(`${node.ingress}/`, { headers: { host: 'shop.example:80' } }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += String(chunk))).on('end', () => resolve(text));
      });
      sent.on('error', reject).end();
    });
    expect(body).toBe('1');
    expect(await textAt(node, '/')).toContain('"method":"GET"');
  });

  it('is a message where the route names no export', async () => {
    const node = await open();
    await site(node.client, 'site', { routes: [{ path: '/box' }], checkpoint: 'each-call' });
    node.client.workers.invoke('site', 'serve').catch(() => undefined);
    const answer = await ask(node, '/box', { method: 'POST', body: 'x' });
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([202, 'text/plain', '1']);
    expect(await textAt(node, '/box')).toBe('2');
    const refused = await ask(node, '/box', { method: 'PUT', body: '!' });
    expect(refused.status).toBe(502);
    expect(await refused.json()).toMatchObject({ code: 'CALL_FAILED' });
    const head = await ask(node, '/box', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([202, '']);
  });

  it('fails by code: no route, a trap, a body that is too large, an answer that is late', async () => {
    const node = await open({ limits: { callBytes: 10, ingressMs: 300 } });
    await site(node.client, 'site', {
      routes: [
        { path: '/fail', export: 'fail' },
        { path: '/visit', export: 'visit', methods: ['POST'] },
        { path: '/slow', export: 'slow' },
        { path: '/none', export: 'none' },
      ],
    });
    const failure = async (path: string, init: RequestInit = {}): Promise<unknown[]> => {
      const answer = await ask(node, path, init);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      return [answer.status, ((await answer.json()) as { code: string }).code];
    };
    expect(await failure('/')).toEqual([404, 'ROUTE_NOT_FOUND']);
    expect(await failure('/v1/workers')).toEqual([404, 'ROUTE_NOT_FOUND']);
    expect(await failure('/visit')).toEqual([404, 'ROUTE_NOT_FOUND']);
    expect(await failure('/fail')).toEqual([502, 'CALL_FAILED']);
    expect(await failure('/none')).toEqual([404, 'EXPORT_NOT_FOUND']);
    expect(await failure('/visit', { method: 'POST', body: '12345678901' })).toEqual([413, 'BODY_TOO_LARGE']);
    expect(await textAt(node, '/visit', { method: 'POST', body: '1234567890' })).toBe('1');
    expect(await failure('/slow')).toEqual([504, 'INGRESS_TIMEOUT']);
    expect(await failure('/visit', { method: 'POST', headers: { 'idempotency-key': 'ä' } })).toEqual([
      400,
      'REQUEST_INVALID',
    ]);
  });

  it('is done once for each key of a client, also over a restart', async () => {
    const dataDir = await openFolder();
    const first = await open({ dataDir });
    await site(first.client, 'site', { routes: [{ path: '/visit', export: 'visit' }], checkpoint: 'each-call' });
    const keyed = (node: OpenNode, key: string, more: Record<string, string> = {}): Promise<string> =>
      textAt(node, '/visit', { headers: { 'idempotency-key': key, host: 'h', ...more } });
    expect(await keyed(first, 'one')).toBe('1');
    expect(await keyed(first, 'one')).toBe('1');
    expect(await keyed(first, 'one', { authorization: 'somebody else' })).toBe('2');
    const listen = new URL(first.ingress ?? '').host;
    await first.close();
    const second = await open({ dataDir, ingress: listen });
    expect(await keyed(second, 'one')).toBe('1');
    expect(await keyed(second, 'two')).toBe('3');
  });
});

describe('routes', () => {
  it('are of one worker, and asked for as a right', async () => {
    const { client } = await open();
    await site(client, 'first', { routes: [{ path: '/*', export: 'visit' }] });
    await expect(site(client, 'second', { routes: [{ path: '/*' }] })).rejects.toMatchObject({ code: 'ROUTE_TAKEN' });
    await expect(client.workers.get('second')).rejects.toMatchObject({ code: 'WORKER_NOT_FOUND' });
    await client.workers.delete('first');
    await site(client, 'second', { routes: [{ path: '/*' }] });
    await expect(site(client, 'third', { routes: [{ host: 'bank.example', path: '/' }] })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('stay with a worker whose twin has none', async () => {
    const node = await open();
    await site(node.client, 'site', { routes: [{ path: '/visit', export: 'visit' }] });
    expect(await textAt(node, '/visit')).toBe('1');
    await node.client.workers.fork('site', { name: 'twin' });
    expect(await textAt(node, '/visit')).toBe('2');
    expect(textOf(await node.client.workers.invoke('twin', 'visit'))).toBe('2');
    await node.client.workers.delete('site');
    expect((await ask(node, '/visit')).status).toBe(404);
  });
});

describe('a worker that has moved', () => {
  it('is reached through the node that it was on, and a request that waits is answered once', async () => {
    const [source, target] = [await open(), await open()];
    await site(source.client, 'site', {
      routes: [
        { path: '/visit', export: 'visit' },
        { path: '/slow', export: 'slow' },
      ],
      checkpoint: 'each-call',
    });
    expect(await textAt(source, '/visit')).toBe('1');
    const waiting = textAt(source, '/slow');
    await expect.poll(async () => (await source.client.workers.get('site')).status).toBe('waiting');
    await source.client.workers.move('site', { target: target.url });
    expect(await waiting).toBe('2');
    expect(await textAt(source, '/visit', { method: 'POST', body: 'x' })).toBe('3');
    expect(await textAt(target, '/visit')).toBe('4');
    const key = 'h:0123456789-0123456789-';
    expect(await textAt(target, '/visit', { headers: { [REQUEST_KEY_HEADER]: key } })).toBe('5');
    expect(await textAt(source, '/visit', { headers: { [REQUEST_KEY_HEADER]: key } })).toBe('5');
    await target.client.workers.move('site', { target: source.url });
    expect(await textAt(target, '/visit')).toBe('6');
  });

  it('is not looked for in circles, nor where there is no ingress', async () => {
    const [source, target] = [await open(), await open({ ingress: undefined as never })];
    await site(source.client, 'site', { routes: [{ path: '/visit', export: 'visit' }] });
    await source.client.workers.move('site', { target: target.url });
    const lost = await ask(source, '/visit');
    expect([lost.status, await lost.json()]).toMatchObject([502, { code: 'NODE_UNREACHABLE' }]);
    const third = await open();
    await target.client.workers.move('site', { target: third.url });
    await third.client.workers.move('site', { target: source.url });
    await source.client.workers.move('site', { target: third.url });
    const looped = await ask(source, '/visit', { headers: { [HOPS_HEADER]: '4' } });
    expect([looped.status, await looped.json()]).toMatchObject([508, { code: 'INGRESS_LOOP' }]);
    expect(await textAt(source, '/visit', { headers: { [HOPS_HEADER]: '3' } })).toBe('1');
  });
});
