/** A source that is killed when the journal of the worker is frozen and the move is not yet written down. */
import { expect, it } from 'vitest';
import { clientWith } from './features.ts';
import { deployGuest, uploadGuest } from './guests.ts';
import { openFolder } from './open-nodes.ts';
import { listenOf, spawnNode } from './spawn-node.ts';

it('a worker takes calls again after kill -9 in the middle of a transfer', { timeout: 60_000 }, async () => {
  const dataDir = await openFolder();
  const target = await spawnNode();
  await uploadGuest(target.client, 'ledger'); // so that nothing goes over before the worker stops
  const dying = await spawnNode({ dataDir, killAt: 'transfer' });
  await deployGuest(dying.client, 'w', 'ledger', { checkpoint: 'each-call' });
  await clientWith(dying.url, { 'idempotency-key': 'first' }).workers.call('w', 'apply', [1]);
  await expect(dying.client.workers.move('w', { target: target.url })).rejects.toMatchObject({
    code: 'NODE_UNREACHABLE',
  });
  await dying.gone;
  const source = await spawnNode({ dataDir, listen: listenOf(dying.url) });
  expect(await source.client.workers.get('w')).toMatchObject({ status: 'idle', move: null });
  const call = clientWith(source.url, { 'idempotency-key': 'second' }).workers.call('w', 'apply', [2]);
  expect(await call).toEqual({ kind: 'returned', values: [1] });
});
