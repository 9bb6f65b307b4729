/** Moves between nodes that know each other by their keys. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Certificate, makeCertificate } from './certificates.ts';
import { ALL_RIGHTS, type ConfiguredNode, startConfigured } from './configured-node.ts';
import { deployLedger, LEDGER_CAPABILITIES, textOf } from './deploy.ts';
import { counterModule, openFolder, openNode } from './open-nodes.ts';

interface Certificates {
  readonly folder: string;
  readonly of: Readonly<Record<'one' | 'two', Certificate>>;
}

async function makeCertificates(): Promise<Certificates> {
  const folder = await openFolder();
  const of = { one: await makeCertificate(folder, 'one'), two: await makeCertificate(folder, 'two') };
  await writeFile(join(folder, 'peers.crt'), Buffer.concat([of.one.pem, of.two.pem]));
  return { folder, of };
}

/** A node over TLS that takes nodes with these pins. */
function startTls(
  { folder, of }: Certificates,
  own: keyof Certificates['of'],
  pins: readonly string[],
  config: object = {},
): Promise<ConfiguredNode> {
  const tls = { cert: `${own}.crt`, key: `${own}.key`, peerCa: 'peers.crt', pins };
  return startConfigured(
    { tls, grants: LEDGER_CAPABILITIES, ...config },
    { folder, data: own, ca: [of.one.pem, of.two.pem] },
  );
}

describe('nodes over TLS with pinned keys', () => {
  it('move a worker from one to the other and back, and messages follow it', async () => {
    const made = await makeCertificates();
    const pins = [made.of.one.pin, made.of.two.pin];
    const one = await startTls(made, 'one', pins);
    const { identity } = await one.client().node();
    const access = { issuers: [{ key: identity.publicKey, verbs: ['call'] }] };
    const two = await startTls(made, 'two', pins, { access });
    await deployLedger(one.client(), 'ledger');
    await deployLedger(one.client(), 'other');
    await one.client().workers.invoke('ledger', 'add', '40');
    await expect(one.client().workers.move('ledger', { target: two.url })).rejects.toMatchObject({
      code: 'MOVE_FAILED',
      details: { cause: 'UNAUTHENTICATED' },
    });
    const token = await two.token({ verbs: [...ALL_RIGHTS] });
    await one.client().workers.move('ledger', { target: two.url, token });
    const there = two.client(token);
    expect(textOf(await there.workers.invoke('ledger', 'add', '2'))).toBe('42');
    await one.client().workers.invoke('other', 'post', 'ledger 3');
    await expect
      .poll(async () => textOf(await there.workers.invoke('ledger', 'total')), { timeout: 10_000 })
      .toBe('45');
    await there.workers.move('ledger', { target: one.url });
    expect(textOf(await one.client().workers.invoke('ledger', 'total'))).toBe('45');
  });

  it('send nothing to a node with another key, nor without TLS', async () => {
    const made = await makeCertificates();
    const one = await startTls(made, 'one', [made.of.one.pin]);
    const two = await startTls(made, 'two', []);
    const plain = await openNode();
    await one.client().workers.create({ name: 'counter', module: await counterModule() });
    await expect(one.client().workers.move('counter', { target: two.url })).rejects.toMatchObject({
      code: 'MOVE_FAILED',
      details: { cause: 'NODE_UNTRUSTED' },
    });
    await expect(one.client().workers.move('counter', { target: plain.url })).rejects.toMatchObject({
      code: 'NODE_UNTRUSTED',
    });
    expect((await one.client().workers.get('counter')).status).toBe('idle');
    expect([await two.client().workers.list(), await plain.client.workers.list()]).toEqual([[], []]);
  });
});

describe('a node that lists its peers', () => {
  it('takes workers that they have signed, and no others', async () => {
    const known = await startConfigured({});
    const stranger = await startConfigured({});
    const { identity } = await known.client().node();
    const target = await startConfigured({ trust: { peers: [identity.publicKey] } });
    for (const node of [known, stranger]) {
      await node.client().workers.create({ name: 'counter', module: await counterModule() });
    }
    await expect(stranger.client().workers.move('counter', { target: target.url })).rejects.toMatchObject({
      code: 'MOVE_FAILED',
      details: { cause: 'BUNDLE_UNTRUSTED' },
    });
    await known.client().workers.move('counter', { target: target.url });
    expect(await target.client().workers.call('counter', 'add', [2n])).toMatchObject({ values: [42n] });
  });
});
