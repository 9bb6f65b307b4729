/** Backups of a running node, over its API. */
import { existsSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { restoreNode } from '../../runtime/node/index.ts';
import { runCli } from '../../sdk/cli/testing/cli-process.ts';
import { unpackBackup } from '../../sdk/cli/unpack-backup.ts';
import { deployLedger, LEDGER_GRANTS, textOf } from './deploy.ts';
import { openFolder, openNode, type OpenNode } from './open-nodes.ts';

const open = (options: Parameters<typeof openNode>[0] = {}): Promise<OpenNode> =>
  openNode({ grants: LEDGER_GRANTS, ...options });

it('a backup that is taken under load is a node of one moment', async () => {
  const [dataDir, folder] = [await openFolder(), await openFolder()];
  const node = await open({ dataDir });
  await deployLedger(node.client, 'ledger', { checkpoint: 'each-call' });
  await deployLedger(node.client, 'plain');
  await node.client.workers.invoke('plain', 'add', '9');
  await node.client.workers.checkpoint('plain');
  let added = 0;
  let isOver = false;
  const load = (async () => {
    while (!isOver) {
      await node.client.workers.invoke('ledger', 'add', '1', { key: `add-${added + 1}` });
      added++;
    }
  })();
  const before = added;
  const target = join(folder, 'backup');
  const { stdout, exitCode } = await runCli(['backup', target, '--node', node.url]);
  const after = added + 1;
  isOver = true;
  await load;
  expect({ stdout, exitCode }).toEqual({ stdout: `${target}\n`, exitCode: 0 });
  await expect.poll(() => readdir(join(dataDir, 'backing-up'))).toEqual([]);
  expect(existsSync(join(target, 'files', 'identity.pem'))).toBe(false);

  const restored = join(folder, 'data');
  expect(await runCli(['restore', target, '--data-dir', restored])).toMatchObject({ exitCode: 0 });
  const twin = await open({ dataDir: restored });
  const total = Number(textOf(await twin.client.workers.invoke('ledger', 'total')));
  expect(total).toBeGreaterThanOrEqual(before);
  expect(total).toBeLessThanOrEqual(after);
  expect(textOf(await twin.client.workers.invoke('plain', 'total'))).toBe('9');
  if (total > 0) {
    const again = await twin.client.workers.invoke('ledger', 'add', '1', { key: `add-${total}` });
    expect(textOf(again)).toBe(String(total)); // it is known
  }
});

it('a backup that breaks off, or was changed, is none', async () => {
  const folder = await openFolder();
  const node = await open();
  await deployLedger(node.client, 'ledger');
  const whole: Uint8Array[] = [];
  for await (const piece of await node.client.backup()) whole.push(piece);
  const bytes = Buffer.concat(whole);
  const some = async function* (length: number): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, length);
  };
  for (const [at, length] of [1024, bytes.length >> 1, bytes.length - 4096].entries()) {
    const target = join(folder, `cut-${at}`);
    await expect(unpackBackup(some(length), target)).rejects.toMatchObject({
      code: expect.stringMatching(/BACKUP_DAMAGED|FILE_FAILED/) as string,
    });
    await expect(restoreNode(target, join(folder, 'data'))).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  }
  const target = join(folder, 'whole');
  await unpackBackup(some(bytes.length), target);
  await expect(unpackBackup(some(bytes.length), target)).rejects.toMatchObject({ code: 'BACKUP_TARGET' });
  await writeFile(join(target, 'node.sqlite'), 'changed');
  await expect(restoreNode(target, join(folder, 'data'))).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  expect(existsSync(join(folder, 'data'))).toBe(false);
});

it('backups are taken one at a time, and one that nobody reads leaves nothing', async () => {
  const dataDir = await openFolder();
  const node = await open({ dataDir });
  await deployLedger(node.client, 'ledger');
  const first = await node.client.backup();
  await expect(node.client.backup()).rejects.toMatchObject({ code: 'STORE_BUSY' });
  await first.cancel();
  await expect
    .poll(async () => node.client.backup().then((tar) => tar.cancel(), String), { timeout: 10_000 })
    .toBe(undefined);
  await expect.poll(() => readdir(join(dataDir, 'backing-up')), { timeout: 10_000 }).toEqual([]);
  await rm(join(dataDir, 'backing-up'), { recursive: true });
});
