import { describe, expect, it } from 'vitest';
import { packBundle, writeDrop } from '../../runtime/bundle/index.ts';
import { nodeCodecs, type Problem } from '../../runtime/node/index.ts';
import { ROUTES, type Route } from '../../runtime/node/route-table.ts';
import { checkValue, type Schema } from '../../runtime/node/schema-check.ts';
import { PROBLEM } from '../../runtime/node/schemas.ts';
import { answerModule, counterModule, openNode, type OpenNode, outputOf, outputUntil } from './open-nodes.ts';

const TOKEN = 'a-token-for-tests-only';
const WASM = { 'content-type': 'application/wasm' };
const JSON_TYPE = { 'content-type': 'application/json' };

async function problemOf(response: Promise<Response>): Promise<Problem> {
  const answer = await response;
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  const problem = (await answer.json()) as Problem;
  checkValue(PROBLEM, problem, 'problem');
  expect(problem.status).toBe(answer.status);
  return problem;
}

async function createWorker(node: OpenNode, name: string, query = ''): Promise<Response> {
  return fetch(`${node.url}/v1/workers?name=${name}${query}`, {
    method: 'POST',
    body: await answerModule(),
    headers: WASM,
  });
}

describe('requests that are refused', () => {
  it.each([
    ['an unknown path', 'GET', '/v2/workers', {}, 'ROUTE_NOT_FOUND'],
    ['a method that the path lacks', 'DELETE', '/v1/node', {}, 'ROUTE_NOT_FOUND'],
    ['an unknown worker', 'GET', '/v1/workers/nobody', {}, 'WORKER_NOT_FOUND'],
    ['a name that is none', 'GET', '/v1/workers/No_Body', {}, 'REQUEST_INVALID'],
    ['an unknown query parameter', 'GET', '/v1/workers?all=1', {}, 'REQUEST_INVALID'],
    ['a digest that is none', 'GET', '/v1/blobs/sha256:12', {}, 'REQUEST_INVALID'],
    ['a bundle that is not there', 'GET', `/v1/bundles/sha256:${'0'.repeat(64)}`, {}, 'BLOB_NOT_FOUND'],
    ['JSON that is none', 'POST', '/v1/workers', { body: '{', headers: JSON_TYPE }, 'REQUEST_INVALID'],
    [
      'an unknown field',
      'POST',
      '/v1/workers',
      { body: '{"bundle":"x","colour":1}', headers: JSON_TYPE },
      'REQUEST_INVALID',
    ],
    [
      'another content type',
      'POST',
      '/v1/workers',
      { body: '<x/>', headers: { 'content-type': 'text/xml' } },
      'MEDIA_TYPE_UNSUPPORTED',
    ],
    ['a module without a name', 'POST', '/v1/workers', { body: 'x', headers: WASM }, 'REQUEST_INVALID'],
    ['bytes that are no module', 'POST', '/v1/workers?name=a', { body: 'x', headers: WASM }, undefined],
    ['a commit of nothing', 'POST', '/v1/moves/00000000-0000-4000-8000-000000000000/commit', {}, 'MOVE_NOT_FOUND'],
  ] as const)('%s', async (_, method, path, init, code) => {
    const node = await openNode();
    const problem = await problemOf(fetch(node.url + path, { method, ...init }));
    if (code) expect(problem.code).toBe(code);
    expect(problem.status).toBeGreaterThanOrEqual(400);
    expect(problem.status).toBeLessThan(500);
    expect(await node.client.workers.list()).toEqual([]);
  });

  it('a body beyond the limit, announced or not', async () => {
    const node = await openNode({ limits: { moduleBytes: 1024 } });
    const url = `${node.url}/v1/workers?name=a`;
    const announced = await problemOf(fetch(url, { method: 'POST', body: new Uint8Array(2000), headers: WASM }));
    expect(announced).toMatchObject({ code: 'BODY_TOO_LARGE', details: { limitBytes: 1024 } });
    const stream = new Blob([new Uint8Array(2000)]).stream();
    const init = { method: 'POST', body: stream, headers: WASM, duplex: 'half' } as RequestInit;
    expect(await problemOf(fetch(url, init))).toMatchObject({ code: 'BODY_TOO_LARGE' });
  });

  it('a second worker of a name, and one more than the limit', async () => {
    const node = await openNode({ limits: { workers: 1 } });
    expect((await createWorker(node, 'a')).status).toBe(201);
    expect(await problemOf(createWorker(node, 'a'))).toMatchObject({ code: 'WORKER_EXISTS', status: 409 });
    expect(await problemOf(createWorker(node, 'b'))).toMatchObject({ code: 'WORKERS_TOO_MANY', status: 503 });
  });

  it('a page of another origin', async () => {
    const node = await openNode();
    const refused = fetch(`${node.url}/v1/node`, { headers: { origin: 'https://evil.example' } });
    expect(await problemOf(refused)).toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('tokens', () => {
  it('guard every operation that is not public', async () => {
    const node = await openNode({ tokens: [{ token: TOKEN, scopes: ['read'] }] });
    for (const route of Object.values(ROUTES) as Route[]) {
      const path = route.path
        .replace('{name}', 'w')
        .replace('{digest}', `sha256:${'0'.repeat(64)}`)
        .replace('{id}', '00000000-0000-4000-8000-000000000000')
        .replace('{export}', 'f');
      const bare = await fetch(node.url + path, { method: route.method });
      expect([route.path, bare.status]).toEqual([route.path, route.scope === 'public' ? 200 : 401]);
      await bare.body?.cancel();
      if (route.scope === 'public' || route.scope === 'read') continue;
      const weak = await fetch(node.url + path, {
        method: route.method,
        headers: { authorization: `Bearer ${TOKEN}` },
      });
      expect([route.path, weak.status]).toEqual([route.path, 403]);
      await weak.body?.cancel();
    }
  });

  it('are needed to listen beyond loopback', async () => {
    await expect(openNode({ listen: '0.0.0.0:0' })).rejects.toMatchObject({ code: 'LISTEN_REFUSED' });
    const node = await openNode({ listen: '0.0.0.0:0', token: TOKEN });
    expect((await node.client.node()).api).toBe('v1');
  });
});

describe('the description', () => {
  it('has every route, and answers fit what it says', async () => {
    const node = await openNode();
    const document = (await node.client.openApi()) as {
      openapi: string;
      paths: Record<string, Record<string, unknown>>;
    };
    expect(document.openapi).toBe('3.1.0');
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    const routes = (Object.values(ROUTES) as Route[]).map(({ method, path }) => `${method.toLowerCase()} ${path}`);
    expect(described.sort()).toEqual(routes.sort());

    await createWorker(node, 'w', '&stdin=open');
    const { digest } = await node.client.workers.snapshot('w');
    const paths: Record<string, string> = { '{name}': 'w', '{digest}': digest };
    for (const { method, path, answer, media } of Object.values(ROUTES) as Route[]) {
      if (method !== 'GET' || /\{(id|input)\}/.test(path) || media?.includes('text/event-stream')) continue;
      const response = await fetch(node.url + path.replace(/\{\w+\}/, (name) => paths[name] ?? name));
      expect([path, response.status]).toEqual([path, 200]);
      if (answer) checkValue(answer satisfies Schema, await response.json(), path);
      else expect(media).toContain(response.headers.get('content-type'));
    }
  });
});

describe('workers', () => {
  it('run a command to its end, with input, output and events', async () => {
    const { client } = await openNode();
    const events = client.events({ after: 0, worker: 'talk' });
    await client.workers.create({ name: 'talk', module: await answerModule(), stdin: 'open' });
    await outputUntil(client, 'talk', 'ready\n');
    await client.workers.sendStdin('talk', 'add 5\nmul 6 7\n');
    expect(await outputUntil(client, 'talk', 'product')).toBe('ready\ntotal 5\nproduct 42\n');
    await expect.poll(async () => (await client.workers.get('talk')).status).toBe('waiting');
    await client.workers.sendStdin('talk', 'quit\n', { end: true });
    expect(await client.workers.waitOutcome('talk')).toEqual({ kind: 'exited', code: 0 });
    expect(await outputOf(client, 'talk')).toBe('ready\ntotal 5\nproduct 42\n3 lines, total 5\n');
    const kinds: string[] = [];
    for await (const { kind } of events) if (kinds.push(kind) === 3) break;
    expect(kinds).toEqual(['created', 'started', 'exited']);
    await expect(client.workers.resume('talk')).rejects.toMatchObject({ code: 'WORKER_ENDED' });
    await client.workers.delete('talk');
    await expect(client.workers.get('talk')).rejects.toMatchObject({ code: 'WORKER_NOT_FOUND' });
  });

  it('keep their state between calls, and give traps and limits as outcomes', async () => {
    const { client } = await openNode();
    await client.workers.create({ name: 'counter', module: await counterModule() });
    expect(await client.workers.call('counter', 'add', [2n])).toEqual({ kind: 'returned', values: [42n] });
    expect(await client.workers.call('counter', 'add', [-(2n ** 63n)])).toEqual({
      kind: 'returned',
      values: [BigInt.asIntN(64, 42n - 2n ** 63n)],
    });
    expect(await client.workers.call('counter', 'floats', [NaN])).toEqual({ kind: 'returned', values: [NaN, -0] });
    expect(await client.workers.call('counter', 'fail')).toMatchObject({ kind: 'trapped', code: 'unreachable' });
    await expect(client.workers.call('counter', 'nothing')).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' });
    await client.workers.create({ name: 'short', module: await counterModule(), limits: { fuel: 100_000n } });
    expect(await client.workers.call('short', 'spin')).toEqual({ kind: 'limit', limit: 'fuel' });
  });

  it('are stopped and go on', async () => {
    const { client } = await openNode();
    await client.workers.create({ name: 'counter', module: await counterModule() });
    const spinning = client.workers.call('counter', 'spin');
    for await (const { kind } of client.events({ after: 0, worker: 'counter' })) if (kind === 'started') break;
    const queued = client.workers.call('counter', 'add', [1n]);
    queued.catch(() => undefined);
    await expect.poll(async () => (await client.workers.get('counter')).queued).toBe(1);
    expect((await client.workers.stop('counter')).status).toBe('stopped');
    expect(await spinning).toEqual({ kind: 'stopped' });
    expect((await client.workers.resume('counter')).status).toBe('running');
    expect((await client.workers.stop('counter')).status).toBe('stopped');
    await client.workers.delete('counter');
    await expect(queued).rejects.toMatchObject({ code: 'WORKER_NOT_FOUND' });
  });

  it('are snapshotted and forked while they wait', async () => {
    const { client } = await openNode();
    await client.workers.create({ name: 'talk', module: await answerModule(), stdin: 'open' });
    await client.workers.sendStdin('talk', 'add 5\n');
    await outputUntil(client, 'talk', 'total 5');
    await client.workers.fork('talk', { name: 'twin' });
    const bundle = await client.workers.snapshot('talk');
    expect(bundle).toMatchObject({ hasSnapshot: true, origin: 'snapshot', name: 'talk' });
    await client.workers.create({ name: 'later', bundle: bundle.digest });
    for (const [name, more] of [
      ['talk', 1],
      ['twin', 2],
      ['later', 3],
    ] as const) {
      await client.workers.sendStdin(name, `add ${more}\n`);
      expect(await outputUntil(client, name, `total ${5 + more}`)).toBe(`ready\ntotal 5\ntotal ${5 + more}\n`);
    }
  });
});

describe('streams', () => {
  it('end with their reader, are bounded, and end with the node', async () => {
    const node = await openNode({ limits: { streams: 2 } });
    await createWorker(node, 'talk', '&stdin=open');
    const gone = new AbortController();
    const url = `${node.url}/v1/workers/talk/logs?follow=true`;
    const first = await fetch(url, { signal: gone.signal });
    const second = await fetch(url);
    expect(await problemOf(fetch(url))).toMatchObject({ code: 'STREAMS_TOO_MANY' });
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200);
    gone.abort();
    await expect(first.text()).rejects.toThrow();
    await expect.poll(() => node.client.metrics()).toContain('pluvio_streams 1\n');
    await node.close();
    expect(await second.text()).toBe('ready\n');
  });
});

describe('bundles', () => {
  it('go from node to node as files, and as blobs', async () => {
    const { client: one } = await openNode();
    const { client: two } = await openNode();
    await one.workers.create({ name: 'talk', module: await answerModule(), stdin: 'open' });
    await outputUntil(one, 'talk', 'ready');
    const { digest } = await one.workers.snapshot('talk');
    const drop = new Uint8Array(await new Response(await one.bundles.content(digest)).arrayBuffer());
    expect(await two.bundles.upload(drop)).toMatchObject({ digest, hasSnapshot: true, origin: 'uploaded' });
    await two.workers.create({ bundle: digest });
    await two.workers.sendStdin('talk', 'add 1\n');
    expect(await outputUntil(two, 'talk', 'total')).toBe('ready\ntotal 1\n');

    const { client: three } = await openNode();
    const manifest = await one.bundles.getBlob(digest);
    const layers = JSON.parse(Buffer.from(manifest).toString()) as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    const digests = [layers.config.digest, ...layers.layers.map((layer) => layer.digest)];
    expect(await three.bundles.missingBlobs(digests)).toEqual(digests);
    await expect(three.bundles.uploadManifest(manifest)).rejects.toMatchObject({ code: 'BLOB_NOT_FOUND' });
    for (const blob of digests) await three.bundles.putBlob(blob, await one.bundles.getBlob(blob));
    await expect(three.bundles.putBlob(digests[0] ?? '', Uint8Array.of(1))).rejects.toMatchObject({
      code: 'BUNDLE_DIGEST',
    });
    expect((await three.bundles.uploadManifest(manifest)).digest).toBe(digest);
    expect((await three.bundles.list()).map((bundle) => bundle.digest)).toEqual([digest]);
    await three.bundles.delete(digest);
    expect(await three.bundles.list()).toEqual([]);
  });

  it('bring their own standard input', async () => {
    const { client } = await openNode();
    const manifest = { schemaVersion: 1, name: 'talk', stdin: 'lines' } as const;
    const files = new Map([['lines', new TextEncoder().encode('add 5\nmul 2 3\n')]]);
    const packed = await packBundle({ manifest, module: await answerModule(), files }, nodeCodecs);
    const chunks: Uint8Array[] = [];
    for await (const chunk of writeDrop(packed)) chunks.push(chunk);
    const { digest } = await client.bundles.upload(new Blob(chunks as BlobPart[]));
    await client.workers.create({ bundle: digest });
    expect(await client.workers.waitOutcome('talk')).toEqual({ kind: 'exited', code: 0 });
    expect(await outputOf(client, 'talk')).toBe('ready\ntotal 5\nproduct 6\n2 lines, total 5\n');
  });

  it('that were altered are refused', async () => {
    const { client } = await openNode();
    await client.workers.create({ name: 'talk', module: await answerModule(), start: false });
    const { digest } = await client.workers.snapshot('talk');
    const drop = new Uint8Array(await new Response(await client.bundles.content(digest)).arrayBuffer());
    const { client: other } = await openNode();
    drop.set(
      [drop[drop.length >> 1] ?? 0].map((byte) => byte ^ 1),
      drop.length >> 1,
    );
    await expect(other.bundles.upload(drop)).rejects.toMatchObject({
      code: expect.stringMatching(/^BUNDLE_|^MODULE_/) as string,
    });
    expect(await other.bundles.list()).toEqual([]);
  });
});
