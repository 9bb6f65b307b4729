/** Moves whose blobs are sealed to their target: what somebody in between reads, and what a target refuses. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { writeBlobStream } from '../../runtime/bundle/index.ts';
import { nodeCodecs, type NodeInfo } from '../../runtime/node/index.ts';
import {
  generateSealingKey,
  generateSigningKey,
  NodeIdentity,
  type OfferedSeal,
  parsePublicKey,
  sealBundle,
  sealMove,
  SEAL_CHUNK_BYTES,
  type SealPolicy,
  shownSealingKey,
} from '../../runtime/node/security/index.ts';
import { type ConfiguredNode, startConfigured } from './configured-node.ts';
import { afterTest, answerModule, counterModule, largeModule, outputUntil } from './open-nodes.ts';

const SEALED = 'application/vnd.pluvio.sealed.v1';
const BLOBS = 'application/vnd.pluvio.blobs.v1';

const keyOf = async (node: ConfiguredNode): Promise<string> => (await node.client().node()).identity.publicKey;

/** A node that seals its moves like this, and knows those others. */
const start = (seal: SealPolicy, peers: readonly string[] = []): Promise<ConfiguredNode> =>
  startConfigured({ moves: { seal }, trust: { peers } });

/** Whoever ends the connections between two nodes: keeps all that goes to the target, and may change its answers. */
async function startBetween(
  target: ConfiguredNode,
  change: (path: string, answer: string) => string = (_, answer) => answer,
): Promise<{ readonly url: string; readonly seen: { readonly path: string; readonly body: Buffer }[] }> {
  const seen: { path: string; body: Buffer }[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer); // a request of node:http gives buffers
      const { method = '', url: path = '', headers } = request;
      const body = Buffer.concat(parts);
      seen.push({ path, body });
      const type = headers['content-type'];
      const answer = await fetch(target.url + path, {
        method,
        ...(body.length > 0 ? { body } : {}),
        headers: type === undefined ? {} : { 'content-type': type },
      });
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
      response.end(change(path, await answer.text()));
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  afterTest(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }; // it listens on a port
}

/** The key that a forger puts in place of the target's. */
const forgedSeal = (offered: OfferedSeal, vouchedBy: 'itself' | 'nobody'): OfferedSeal => {
  const forger = new NodeIdentity(generateSigningKey());
  const shown = shownSealingKey(generateSealingKey(), forger);
  return { ...offered, ...shown, ...(vouchedBy === 'itself' ? { identity: forger.shown.publicKey } : {}) };
};

const answering =
  (change: (offered: OfferedSeal) => OfferedSeal | undefined) =>
  (path: string, answer: string): string => {
    if (path !== '/v1/moves') return answer;
    const { seal, ...rest } = JSON.parse(answer) as { seal: OfferedSeal }; // of a node of this test
    return JSON.stringify({ ...rest, seal: change(seal) });
  };

describe('whoever sits between two nodes', () => {
  it.each([
    ['never', true],
    ['offered', false],
  ] as const)('reads what a node sends with %s: %s', async (policy, isRead) => {
    const [source, target] = [await start(policy), await start('offered')];
    const between = await startBetween(target);
    const module = await answerModule();
    await source.client().workers.create({ name: 'talk', module, stdin: 'open' });
    await source.client().workers.sendStdin('talk', 'add 5\n');
    await outputUntil(source.client(), 'talk', 'total 5');
    const moved = await source.client().workers.move('talk', { target: between.url });
    expect(moved.sealed).toBe(!isRead);
    const sent = Buffer.concat(between.seen.map(({ body }) => body));
    expect(sent.length).toBeGreaterThan(moved.bytesSent);
    for (const piece of [module.subarray(0, 64), module.subarray(-64), Buffer.from('"stdin"')])
      expect([piece.length, sent.includes(piece)]).toEqual([piece.length, isRead]);
    expect(between.seen.some(({ path }) => path === '/v1/blobs')).toBe(isRead);
    await target.client().workers.sendStdin('talk', 'add 7\n');
    await outputUntil(target.client(), 'talk', 'total 12');
    // What the source has already is not sent again, sealed or not.
    const back = await target.client().workers.move('talk', { target: source.url });
    expect(back.bytesSkipped).toBeGreaterThanOrEqual(module.length);
  });

  it('cannot put a key of its own in place of the one of the target', async () => {
    const target = await start('offered');
    const source = await start('offered', [await keyOf(target)]);
    await source.client().workers.create({ name: 'counter', module: await counterModule() });
    for (const [vouchedBy, cause] of [
      ['nobody', 'KEY_INVALID'],
      ['itself', 'NODE_UNTRUSTED'],
    ] as const) {
      const between = await startBetween(
        target,
        answering((offered) => forgedSeal(offered, vouchedBy)),
      );
      await expect(source.client().workers.move('counter', { target: between.url })).rejects.toMatchObject({
        code: 'MOVE_FAILED',
        details: { cause, phase: 'precopy' },
      });
      expect(between.seen.filter(({ path }) => path.includes('blobs'))).toEqual([]);
    }
    const strange = await startBetween(
      target,
      answering((offered) => ({ ...offered, publicKey: 'x' })),
    );
    await expect(source.client().workers.move('counter', { target: strange.url })).rejects.toMatchObject({
      details: { cause: 'NODE_UNREACHABLE' },
    });
    await source.client().workers.move('counter', { target: target.url });
    expect(await target.client().workers.call('counter', 'add', [2n])).toMatchObject({ values: [42n] });
  });
});

describe('a node that requires seals', () => {
  it('sends nothing to a target that shows no key, and takes nothing that is not sealed', async () => {
    const plain = await start('never');
    const other = await start('offered');
    const strict = await start('required', [await keyOf(plain), await keyOf(other)]);
    for (const [from, to, worker] of [
      [strict, plain, 'here'],
      [plain, strict, 'there'],
    ] as const) {
      await from.client().workers.create({ name: worker, module: await counterModule() });
      await expect(from.client().workers.move(worker, { target: to.url })).rejects.toMatchObject({
        code: 'MOVE_FAILED',
        details: { cause: 'SEAL_REQUIRED', phase: 'precopy' },
      });
      expect((await from.client().workers.get(worker)).status).toBe('idle');
      expect((await to.client().workers.list()).map(({ name }) => name)).not.toContain(worker);
    }
    await other.client().workers.create({ name: 'large', module: await largeModule() });
    const before = await other.client().workers.call('large', 'run', [1000]);
    await other.client().workers.move('large', { target: strict.url });
    expect(await strict.client().workers.call('large', 'run', [1000])).toEqual(before);
    const digest = `sha256:${'0'.repeat(64)}`;
    await expect(strict.client().bundles.putBlob(digest, new Uint8Array(1))).rejects.toMatchObject({
      code: 'SEAL_REQUIRED',
    });
  });

  it('needs to know whom', async () => {
    await expect(start('required')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

/** A target, and what a source of this test sends to it by hand. */
async function openTarget(peers: readonly string[] = []) {
  const target = await start('offered', peers);
  const send = async (path: string, body: Uint8Array | object, type = 'application/json') => {
    const sent = type === 'application/json' ? JSON.stringify(body) : (body as Uint8Array<ArrayBuffer>);
    const response = await fetch(target.url + path, { method: 'POST', body: sent, headers: { 'content-type': type } });
    return { status: response.status, ...((await response.json()) as { code?: string; blobs?: number }) };
  };
  const offer = async (worker: string): Promise<string> => {
    const id = randomUUID();
    expect((await send('/v1/moves', { id, worker })).status).toBe(201);
    return id;
  };
  const { sealingKey }: Pick<NodeInfo, 'sealingKey'> = await target.client().node();
  return { target, send, offer, key: parsePublicKey(sealingKey.publicKey) };
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

const blob = new Uint8Array(3 * SEAL_CHUNK_BYTES).fill(7);
const digestOfBlob = `sha256:${Buffer.from(await nodeCodecs.sha256(blob)).toString('hex')}` as const;
const plainStream = (): AsyncIterable<Uint8Array> => writeBlobStream([digestOfBlob], () => blob);
const sealed = (key: Uint8Array, id: string, stream: number): Promise<Buffer> =>
  bytesOf(sealMove(plainStream(), key, id, stream));

describe('a target refuses a sealed stream', () => {
  const CHUNK = 4 + SEAL_CHUNK_BYTES + 16;
  const HEAD = 69;
  const CHANGES: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
    'that was cut short': (bytes) => bytes.subarray(0, HEAD + 2 * CHUNK),
    'whose chunks change places': (bytes) =>
      Buffer.concat([
        bytes.subarray(0, HEAD),
        bytes.subarray(HEAD + CHUNK, HEAD + 2 * CHUNK),
        bytes.subarray(HEAD, HEAD + CHUNK),
        bytes.subarray(HEAD + 2 * CHUNK),
      ]),
    'that was altered': (bytes) => Buffer.from(bytes.map((byte, at) => (at === HEAD + CHUNK + 100 ? byte ^ 1 : byte))),
    'that is none': () => Buffer.from('PLVB, which begins a plain one'),
  };

  it.each(Object.entries(CHANGES))('%s', async (_, change) => {
    const { target, send, offer, key } = await openTarget();
    const id = await offer('counter');
    const answer = await send(`/v1/moves/${id}/blobs`, change(await sealed(key, id, 0)), SEALED);
    expect(answer).toMatchObject({ status: 400, code: 'SEAL_BROKEN' });
    expect(await target.client().bundles.missingBlobs([digestOfBlob])).toEqual([digestOfBlob]);
  });

  it('of another move, twice, out of order, without a move, or sealed to another node', async () => {
    const { target, send, offer, key } = await openTarget();
    const [id, other] = [await offer('counter'), await offer('other')];
    const path = `/v1/moves/${id}/blobs`;
    expect(await send(path, await sealed(key, other, 0), SEALED)).toMatchObject({ code: 'SEAL_BROKEN' });
    const good = await sealed(key, id, 1);
    expect(await send(path, good, SEALED)).toMatchObject({ status: 200, blobs: 1 });
    expect(await send(path, good, SEALED)).toMatchObject({ code: 'SEAL_BROKEN' });
    expect(await send(path, await sealed(key, id, 5), SEALED)).toMatchObject({ code: 'SEAL_BROKEN' });
    const stranger = generateSealingKey().publicKey;
    expect(await send(path, await sealed(stranger, id, 4), SEALED)).toMatchObject({ code: 'KEY_UNKNOWN' });
    expect(await send(path, await bytesOf(plainStream()), BLOBS)).toMatchObject({ code: 'MEDIA_TYPE_UNSUPPORTED' });
    const nowhere = randomUUID();
    expect(await send(`/v1/moves/${nowhere}/blobs`, await sealed(key, nowhere, 0), SEALED)).toMatchObject({
      code: 'MOVE_NOT_FOUND',
    });
    expect(await target.client().workers.list()).toEqual([]);
  });

  it('whose bundle another node has signed than one that it trusts', async () => {
    const known = new NodeIdentity(generateSigningKey());
    const stranger = await start('offered');
    const { target } = await openTarget([known.shown.publicKey]);
    await stranger.client().workers.create({ name: 'counter', module: await counterModule() });
    await expect(stranger.client().workers.move('counter', { target: target.url })).rejects.toMatchObject({
      details: { cause: 'BUNDLE_UNTRUSTED', phase: 'prepare' },
    });
    expect(await target.client().workers.list()).toEqual([]);
  });
});

describe('a sealed .drop file', () => {
  it('is taken by the node that it is sealed to, whole', async () => {
    const { target, send, key } = await openTarget();
    const other = await openTarget();
    const { workers, bundles } = target.client();
    await workers.create({ name: 'counter', module: await counterModule() });
    await workers.call('counter', 'add', [1n]);
    const { digest } = await workers.snapshot('counter');
    const drop = await bytesOf(await bundles.content(digest));
    await workers.delete('counter');
    await bundles.delete(digest);
    const file = await bytesOf(sealBundle([drop], key));
    expect(await other.send('/v1/bundles', file, SEALED)).toMatchObject({ code: 'KEY_UNKNOWN' });
    const cut = file.subarray(0, file.length - 1);
    expect(await send('/v1/bundles', cut, SEALED)).toMatchObject({ code: 'SEAL_BROKEN' });
    const longer = Buffer.concat([file, Buffer.alloc(1)]);
    expect(await send('/v1/bundles', longer, SEALED)).toMatchObject({ code: 'SEAL_BROKEN' });
    expect(await send('/v1/bundles', await sealed(key, randomUUID(), 0), SEALED)).toMatchObject({
      code: 'SEAL_BROKEN',
    });
    expect((await bundles.list()).filter((bundle) => bundle.digest === digest)).toEqual([]);
    expect(await send('/v1/bundles', file, SEALED)).toMatchObject({ status: 201, digest });
    await workers.create({ name: 'again', bundle: digest });
    expect(await workers.call('again', 'add', [1n])).toMatchObject({ values: [42n] });
  });
});
