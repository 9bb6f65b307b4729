/** A component on nodes: deployed, called with texts over HTTP, put away, moved in the middle of a call. */
import { expect, it } from 'vitest';
import { openNode } from '../node/open-nodes.ts';
import { ownGreeter } from './greeter.ts';

it('is deployed, called with values of the component model, moved in the middle of a call, and goes on', async () => {
  const [source, target] = [await openNode(), await openNode()];
  const { workers } = source.client;
  await workers.create({ name: 'greeter', module: await ownGreeter(1_000_000_000) });
  expect(await workers.call('greeter', 'sum', [[1n, 2, 2n ** 62n]])).toEqual({
    kind: 'returned',
    values: [2n ** 62n + 3n],
  });
  expect(await workers.call('greeter', 'greet', [5])).toMatchObject({
    kind: 'trapped',
    message: 'argument 0 (name) is 5; it must be string',
  });
  const greeted = workers.call('greeter', 'greet', ['Ada']);
  await expect.poll(async () => (await workers.get('greeter')).status).toBe('running');
  await workers.move('greeter', { target: target.url });
  expect(await target.client.workers.waitOutcome('greeter')).toEqual({ kind: 'returned', values: ['Hello, Ada'] });
  await greeted.catch(() => undefined); // whether the caller hears of it is of calls, not of components
  expect(await target.client.workers.call('greeter', 'count')).toEqual({ kind: 'returned', values: [1] });
});
