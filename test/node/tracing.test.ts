/** The spans of what happens on running nodes, as a receiver gets them. */
import { expect, it } from 'vitest';
import { openOtlpReceiver } from '../../runtime/node/metrics/testing/otlp-receiver.ts';
import { startConfigured } from './configured-node.ts';
import { deployLedger, LEDGER_CAPABILITIES } from './deploy.ts';
import { afterTest, openNode } from './open-nodes.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';

it('those of a call over two workers and of a move to another node are one tree', async () => {
  const receiver = await openOtlpReceiver();
  afterTest(() => receiver.close());
  const tracing = { endpoint: receiver.endpoint };
  const one = await startConfigured({ name: 'one', grants: LEDGER_CAPABILITIES, tracing });
  const two = await startConfigured({ name: 'two', grants: LEDGER_CAPABILITIES, tracing });
  for (const name of ['a', 'b']) await deployLedger(one.client(), name);
  const post = async (path: string, body: string, type: string): Promise<number> => {
    const headers = { traceparent: `00-${TRACE}-${CALLER}-01`, 'content-type': type };
    return (await fetch(`${one.url}/v1/workers/${path}`, { method: 'POST', body, headers })).status;
  };
  expect(await post('a/call/relay', 'b 5', 'application/octet-stream')).toBe(200);
  expect(await post('a/call/post', 'b 6', 'application/octet-stream')).toBe(200);
  await expect.poll(async () => Buffer.from(await one.client().workers.invoke('b', 'total')).toString()).toBe('11');
  expect(await post('b/move', JSON.stringify({ target: two.url }), 'application/json')).toBe(200);
  await one.close();
  await two.close();

  expect(receiver.strange).toEqual([]);
  const spans = receiver.spans.filter(({ traceId }) => traceId === TRACE);
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  const edges = spans.map(({ name, parentSpanId, node }) => {
    const parent = parentSpanId === CALLER ? 'caller' : names.get(parentSpanId ?? '');
    return `${node}: ${parent} > ${name}`;
  });
  expect(new Set(edges)).toEqual(
    new Set([
      'one: caller > callExport',
      'one: callExport > journal',
      'one: callExport > run relay',
      'one: run relay > call',
      'one: call > journal',
      'one: call > run pluvio_input',
      'one: callExport > run post',
      'one: run post > send',
      'one: send > run pluvio_input',
      'one: caller > moveWorker',
      'one: moveWorker > move',
      ...['offerMove', 'listMissing', 'putSealedBlobs', 'warmMove', 'prepareMove', 'commitMove'].map(
        (name) => `two: move > ${name}`,
      ),
    ]),
  );
});

it('of a node that is told of no receiver are none, and what came passes through', async () => {
  const node = await openNode({ grants: { all: LEDGER_CAPABILITIES, tenants: {} } });
  await deployLedger(node.client, 'a');
  const headers = { traceparent: `00-${TRACE}-${CALLER}-01`, 'content-type': 'application/octet-stream' };
  const answer = await fetch(`${node.url}/v1/workers/a/call/echo`, { method: 'POST', body: 'x', headers });
  expect(await answer.text()).toBe('x');
  const odd = { ...headers, traceparent: 'no trace\u00e4'.slice(0, 8) };
  expect((await fetch(`${node.url}/v1/workers/a/call/echo`, { method: 'POST', body: 'x', headers: odd })).status).toBe(
    200,
  );
});
