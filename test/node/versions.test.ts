/** Workers that are given another version, and the way back. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { packBundle, type WorkerManifest, writeDrop } from '../../runtime/bundle/index.ts';
import { nodeCodecs } from '../../runtime/node/codecs.ts';
import type { PluvioClient } from '../../sdk/client/index.ts';
import { deployLedger, LEDGER_CAPABILITIES, LEDGER_GRANTS, ledgerModule, textOf } from './deploy.ts';
import { openFolder, openNode, type OpenNode } from './open-nodes.ts';
import { spawnNode } from './spawn-node.ts';

const open = (options: Parameters<typeof openNode>[0] = {}): Promise<OpenNode> =>
  openNode({ grants: LEDGER_GRANTS, ...options });
const siteModule = async (): Promise<Uint8Array> =>
  new Uint8Array(await readFile(new URL('../abi/guests/site.wasm', import.meta.url)));

async function upload(client: PluvioClient, module: Uint8Array, manifest: Partial<WorkerManifest>): Promise<string> {
  const whole = { schemaVersion: 1 as const, name: 'ledger', capabilities: LEDGER_CAPABILITIES, ...manifest };
  const pieces: Uint8Array[] = [];
  const packed = await packBundle({ manifest: whole, module, files: new Map() }, nodeCodecs);
  for await (const piece of writeDrop(packed)) pieces.push(piece);
  return (await client.bundles.upload(Buffer.concat(pieces))).digest;
}

describe.each(['never', 'each-call'] as const)('an update of a worker with the policy %s', (checkpoint) => {
  it('keeps the state where the module is the same', async () => {
    const { client } = await open();
    const before = await deployLedger(client, 'ledger', { checkpoint });
    await client.workers.invoke('ledger', 'add', '5', { key: 'k' });
    const bundle = await upload(client, await ledgerModule(), { checkpoint: 'idle' });
    const updated = await client.workers.update('ledger', { bundle, keep: true });
    expect(updated).toMatchObject({ state: 'kept', worker: { bundle, policy: 'idle' } });
    expect(updated.worker.versions).toMatchObject([{ bundle: before.bundle }]);
    expect(textOf(await client.workers.invoke('ledger', 'add', '1'))).toBe('6');
    expect(textOf(await client.workers.invoke('ledger', 'add', '9', { key: 'k' }))).toBe('5');
    expect(await client.workers.rollback('ledger')).toMatchObject({
      state: 'kept',
      worker: { bundle: before.bundle, policy: checkpoint, versions: [] },
    });
    expect(textOf(await client.workers.invoke('ledger', 'total'))).toBe('6');
    await expect(client.workers.rollback('ledger')).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
  });

  it('begins anew with another module, and goes back to the state of before', async () => {
    const { client } = await open();
    await deployLedger(client, 'ledger', { checkpoint });
    await client.workers.invoke('ledger', 'add', '5');
    await client.workers.ask('ledger', '1');
    const bundle = await upload(client, await siteModule(), { checkpoint });
    await expect(client.workers.update('ledger', { bundle, keep: true })).rejects.toMatchObject({
      code: 'SNAPSHOT_MISMATCH',
    });
    expect(textOf(await client.workers.invoke('ledger', 'total'))).toBe('6');
    expect(await client.workers.update('ledger', { bundle })).toMatchObject({ state: 'anew' });
    expect(textOf(await client.workers.invoke('ledger', 'visit'))).toBe('1');
    await expect(client.workers.invoke('ledger', 'total')).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' });
    expect(await client.workers.rollback('ledger')).toMatchObject({ state: 'restored' });
    expect(textOf(await client.workers.invoke('ledger', 'add', '1'))).toBe('7');
    expect(textOf(await client.workers.ask('ledger', '1'))).toBe('8');
  });
});

it('an update takes the call in progress along, or stops it', async () => {
  const { client } = await open();
  await deployLedger(client, 'ledger', { checkpoint: 'each-call' });
  client.workers.invoke('ledger', 'serve', '', { key: 'serving' }).catch(() => undefined);
  expect(textOf(await client.workers.ask('ledger', '3'))).toBe('3');
  const same = await upload(client, await ledgerModule(), { checkpoint: 'every 60s' });
  await client.workers.update('ledger', { bundle: same });
  expect(textOf(await client.workers.ask('ledger', '4'))).toBe('7');
  const other = await upload(client, await siteModule(), { checkpoint: 'each-call' });
  await client.workers.update('ledger', { bundle: other });
  expect(textOf(await client.workers.invoke('ledger', 'visit'))).toBe('1');
  await expect(client.workers.invoke('ledger', 'serve', '', { key: 'serving' })).rejects.toMatchObject({
    code: 'CALL_FAILED',
  });
  await client.workers.rollback('ledger');
  expect(textOf(await client.workers.ask('ledger', '5'))).toBe('12');
});

it('a version outlives the end of the node, and bundles of earlier ones are kept', async () => {
  const dataDir = await openFolder();
  const first = await spawnNode({ dataDir, grants: LEDGER_GRANTS });
  const { bundle: before } = await deployLedger(first.client, 'ledger', { checkpoint: 'each-call' });
  await first.client.workers.invoke('ledger', 'add', '5');
  const bundle = await upload(first.client, await siteModule(), { checkpoint: 'each-call' });
  await first.client.workers.update('ledger', { bundle });
  await first.client.bundles.delete(before);
  await first.kill();
  const second = await open({ dataDir });
  expect(textOf(await second.client.workers.invoke('ledger', 'visit'))).toBe('1');
  await second.client.workers.rollback('ledger');
  expect(textOf(await second.client.workers.invoke('ledger', 'total'))).toBe('5');
});

it('an update is refused that asks for too much, and changes nothing', async () => {
  const { client } = await open();
  const { bundle: before } = await deployLedger(client, 'ledger');
  const greedy = await upload(client, await ledgerModule(), { capabilities: { kv: [] } });
  await expect(client.workers.update('ledger', { bundle: greedy })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  const tight = await upload(client, await ledgerModule(), { limits: { memoryPages: 1 } });
  await expect(client.workers.update('ledger', { bundle: tight })).rejects.toMatchObject({
    code: expect.stringMatching(/^(SNAPSHOT_|LIMIT_|LINK_|MODULE_|INVALID)/) as string,
  });
  const none = `sha256:${'0'.repeat(64)}`;
  await expect(client.workers.update('ledger', { bundle: none })).rejects.toMatchObject({ code: 'BLOB_NOT_FOUND' });
  expect(await client.workers.get('ledger')).toMatchObject({ bundle: before, versions: [] });
  expect(textOf(await client.workers.invoke('ledger', 'add', '1'))).toBe('1');
});
