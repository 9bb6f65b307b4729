/** Commands that live on messages, and nodes that are killed before they have taken a checkpoint of them. */
import { expect, it } from 'vitest';
import { GRANTS } from '../chaos/fleet.ts';
import { RECEIVER_FIELDS, senderFields } from '../chaos/mailbox-pair.ts';
import { deployGuest } from './guests.ts';
import { openFolder } from './open-nodes.ts';
import { listenOf, spawnNode } from './spawn-node.ts';

it('a command that was started and acknowledged takes messages after kill -9', { timeout: 60_000 }, async () => {
  const dataDir = await openFolder();
  const first = await spawnNode({ dataDir, grants: GRANTS });
  await deployGuest(first.client, 'receiver', 'mailbox-ledger', {
    ...RECEIVER_FIELDS,
    checkpoint: 'every 1000s',
  });
  await deployGuest(first.client, 'sender', 'mailbox-sender', senderFields('receiver'));
  expect(await first.client.workers.call('sender', 'pass_on', [3, 0])).toEqual({ kind: 'returned', values: [1] });
  await first.kill();
  const second = await spawnNode({ dataDir, grants: GRANTS, listen: listenOf(first.url) });
  expect(await second.client.workers.call('sender', 'tell', [3])).toEqual({ kind: 'returned', values: [1n] });
});
