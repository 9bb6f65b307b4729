/** Nodes that are emptied. */
import { describe, expect, it } from 'vitest';
import { deployLedger, LEDGER_GRANTS, textOf } from './deploy.ts';
import { openFolder, openNode, type OpenNode, sleeperModule } from './open-nodes.ts';

const open = (options: Parameters<typeof openNode>[0] = {}): Promise<OpenNode> =>
  openNode({ grants: LEDGER_GRANTS, ...options });
const drained = (node: OpenNode) => expect.poll(async () => (await node.client.node()).drain, { timeout: 10_000 });

describe('a node that is drained', () => {
  it('takes no work and keeps its workers, until that is over', async () => {
    const dataDir = await openFolder();
    const node = await open({ dataDir });
    await deployLedger(node.client, 'ledger');
    await node.client.workers.invoke('ledger', 'add', '1');
    await node.client.workers.invoke('ledger', 'remind', '300');
    expect(await node.client.drain()).toMatchObject({ target: null, done: false, total: 1 });
    await drained(node).toMatchObject({ done: true, kept: 1, moved: 0, failed: 0, failures: [] });
    expect(await node.client.workers.history('ledger')).toHaveLength(1);
    const refused = { code: 'NODE_DRAINING', status: 503, retryable: true };
    await expect(node.client.workers.invoke('ledger', 'total')).rejects.toMatchObject(refused);
    await expect(node.client.workers.send('ledger', '1')).rejects.toMatchObject(refused);
    await expect(node.client.workers.fork('ledger', { name: 'twin' })).rejects.toMatchObject(refused);
    await expect(deployLedger(node.client, 'other')).rejects.toMatchObject(refused);
    const elsewhere = await open();
    await deployLedger(elsewhere.client, 'mover');
    await expect(elsewhere.client.workers.move('mover', { target: node.url })).rejects.toMatchObject({
      code: 'MOVE_FAILED',
      details: { cause: 'NODE_DRAINING' },
    });
    const ready = await fetch(`${node.url}/readyz`);
    expect([ready.status, ready.headers.get('retry-after')]).toEqual([503, '2']);
    expect(await node.client.ready()).toBe(false);
    await node.client.endDrain();
    expect(await node.client.ready()).toBe(true);
    await expect.poll(async () => textOf(await node.client.workers.invoke('ledger', 'total'))).toBe('101');
  });

  it('moves its workers, and says where they are; what cannot go stays', async () => {
    const [source, target] = [await open(), await open()];
    for (const name of ['a', 'b']) {
      await deployLedger(source.client, name, { checkpoint: 'each-call' });
      await source.client.workers.invoke(name, 'add', '5');
    }
    await deployLedger(target.client, 'b');
    await source.client.workers.create({ name: 'sleeper', module: await sleeperModule(), args: ['5000', '100'] });
    const seen = (async () => {
      const events = [];
      for await (const event of source.client.events({ after: 0 })) {
        if (event.kind === 'drained') events.push([event.worker, event.data['how'], event.data['done']]);
        if (events.length === 3) return events;
      }
      return events;
    })();
    await source.client.drain({ target: target.url });
    await drained(source).toMatchObject({
      done: true,
      moved: 2,
      failed: 1,
      failures: [{ worker: 'b', code: 'MOVE_FAILED' }],
    });
    expect(await seen).toEqual([
      ['a', 'moved', 1],
      ['b', 'failed', 2],
      ['sleeper', 'moved', 3],
    ]);
    expect(textOf(await source.client.workers.invoke('a', 'total'))).toBe('5'); // follows it
    expect(await target.client.workers.get('sleeper')).toMatchObject({ outcome: null });
    await expect(source.client.workers.invoke('b', 'total')).rejects.toMatchObject({ code: 'NODE_DRAINING' });
    await expect(source.client.drain({ target: 'nowhere' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await target.client.workers.delete('b');
    await source.client.drain({ target: target.url });
    await drained(source).toMatchObject({ done: true, total: 1, moved: 1, failed: 0 });
    expect(textOf(await target.client.workers.invoke('b', 'total'))).toBe('5');
  });
});
