/** What a node keeps of its workers: by policy, over a crash, an end, a move. */
import { describe, expect, it } from 'vitest';
import { deployLedger, LEDGER_GRANTS, textOf } from './deploy.ts';
import { openFolder, openNode, type OpenNode } from './open-nodes.ts';
import { spawnNode } from './spawn-node.ts';

const open = (options: Parameters<typeof openNode>[0] = {}): Promise<OpenNode> =>
  openNode({ grants: LEDGER_GRANTS, ...options });

describe('calls with bytes', () => {
  it('give back what the guest gives, and an error where it traps or is not there', async () => {
    const { client } = await open();
    await deployLedger(client, 'ledger');
    expect(textOf(await client.workers.invoke('ledger', 'echo', 'Grüße'))).toBe('Grüße');
    expect(textOf(await client.workers.invoke('ledger', 'add', '7'))).toBe('7');
    expect(textOf(await client.workers.invoke('ledger', 'add', '8'))).toBe('15');
    await expect(client.workers.invoke('ledger', 'none')).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' });
  });

  it('with a key are done once', async () => {
    const { client } = await open();
    await deployLedger(client, 'ledger');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => client.workers.invoke('ledger', 'add', '5', { key: 'the-one' })),
    );
    expect(answers.map(textOf)).toEqual(Array<string>(20).fill('5'));
    expect(textOf(await client.workers.invoke('ledger', 'total'))).toBe('5');
  });

  it('are refused where the manifest asks for more than is granted', async () => {
    const { client } = await openNode();
    await expect(deployLedger(client, 'ledger')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('take and give JSON or MessagePack by the interface and the content types', async () => {
    const node = await open();
    await deployLedger(node.client, 'ledger', { interface: { echo: { encoding: 'json' } } });
    const post = async (body: BodyInit, type: string, accept: string): Promise<[string | null, Buffer]> => {
      const response = await fetch(`${node.url}/v1/workers/ledger/call/echo`, {
        method: 'POST',
        body,
        headers: { 'content-type': type, accept },
      });
      return [response.headers.get('content-type'), Buffer.from(await response.arrayBuffer())];
    };
    expect(await post('{"a":[1,2]}', 'application/json', '*/*')).toEqual([
      'application/json',
      Buffer.from('{"a":[1,2]}'),
    ]);
    const packed = Buffer.from([0x81, 0xa1, 0x61, 0x05]); // {a: 5}
    expect(await post(packed, 'application/msgpack', 'application/json')).toEqual([
      'application/json',
      Buffer.from('{"a":5}'),
    ]);
    const [type, bytes] = await post('[1]', 'application/json', 'application/msgpack');
    expect([type, [...bytes]]).toEqual(['application/msgpack', [0x91, 0x01]]);
    const bad = await post(Buffer.from([0x92, 0x01]), 'application/msgpack', '*/*');
    expect(JSON.parse(bad[1].toString())).toMatchObject({ code: 'REQUEST_INVALID' });
  });
});

describe('messages', () => {
  it('are answered by blocking code and by an export, in order', async () => {
    const { client } = await open();
    await deployLedger(client, 'loop');
    const serving = client.workers.invoke('loop', 'serve');
    expect(textOf(await client.workers.ask('loop', '3'))).toBe('3');
    expect(textOf(await client.workers.ask('loop', '4'))).toBe('7');
    await client.workers.send('loop', 'stop');
    await serving;
    expect(textOf(await client.workers.ask('loop', '5'))).toBe('12');
  });

  it('go from worker to worker, with and without an answer', async () => {
    const { client } = await open();
    await deployLedger(client, 'a');
    await deployLedger(client, 'b');
    expect(textOf(await client.workers.invoke('a', 'relay', 'b 20'))).toBe('20');
    await client.workers.invoke('a', 'post', 'b 22');
    await expect.poll(async () => textOf(await client.workers.invoke('b', 'total'))).toBe('42');
    expect(textOf(await client.workers.invoke('a', 'relay', 'nobody 1'))).toContain('nobody');
  });

  it('follow a worker to its new node', async () => {
    const [one, other] = [await open(), await open()];
    await deployLedger(one.client, 'a');
    await deployLedger(one.client, 'b');
    await one.client.workers.move('b', { target: other.url });
    await one.client.workers.invoke('a', 'post', 'b 22');
    await expect
      .poll(async () => textOf(await other.client.workers.invoke('b', 'total')), { timeout: 10_000 })
      .toBe('22');
  });

  it('come from timers, once', async () => {
    const { client } = await open();
    await deployLedger(client, 'ledger');
    await client.workers.invoke('ledger', 'remind', '30');
    await expect.poll(async () => textOf(await client.workers.invoke('ledger', 'total'))).toBe('100');
  });
});

describe.each(['each-call', 'idle', 'every 1s'] as const)('a worker with the policy %s', (checkpoint) => {
  it('loses nothing that was acknowledged when its node is killed', async () => {
    const dataDir = await openFolder();
    const first = await spawnNode({ dataDir, grants: LEDGER_GRANTS });
    await deployLedger(first.client, 'ledger', { checkpoint });
    for (let round = 1; round <= 5; round++) {
      expect(textOf(await first.client.workers.invoke('ledger', 'add', '1', { key: `call-${round}` }))).toBe(
        `${round}`,
      );
    }
    await first.client.workers.send('ledger', '10');
    await first.kill();
    const second = await open({ dataDir });
    await expect
      .poll(async () => textOf(await second.client.workers.invoke('ledger', 'total')), { timeout: 10_000 })
      .toBe('15');
    expect(textOf(await second.client.workers.invoke('ledger', 'add', '1', { key: 'call-3' }))).toBe('3');
    expect(textOf(await second.client.workers.invoke('ledger', 'total'))).toBe('15');
  });

  it('goes on in the middle of blocking code', async () => {
    const dataDir = await openFolder();
    const first = await spawnNode({ dataDir, grants: LEDGER_GRANTS });
    await deployLedger(first.client, 'loop', { checkpoint });
    const serving = first.client.workers.invoke('loop', 'serve');
    serving.catch(() => undefined);
    expect(textOf(await first.client.workers.ask('loop', '3', { key: 'm1' }))).toBe('3');
    expect(textOf(await first.client.workers.ask('loop', '4', { key: 'm2' }))).toBe('7');
    await first.kill();
    const second = await open({ dataDir });
    expect(textOf(await second.client.workers.ask('loop', '4', { key: 'm2' }))).toBe('7');
    expect(textOf(await second.client.workers.ask('loop', '5', { key: 'm3' }))).toBe('12');
  });

  it('takes its journal along when it moves', async () => {
    const [source, target] = [await open(), await open()];
    await deployLedger(source.client, 'ledger', { checkpoint });
    expect(textOf(await source.client.workers.invoke('ledger', 'add', '6', { key: 'k' }))).toBe('6');
    await source.client.workers.move('ledger', { target: target.url });
    expect(textOf(await target.client.workers.invoke('ledger', 'add', '6', { key: 'k' }))).toBe('6');
    expect(textOf(await target.client.workers.invoke('ledger', 'add', '1'))).toBe('7');
    expect(textOf(await source.client.workers.invoke('ledger', 'add', '1'))).toBe('8');
  });
});

describe('hibernation', () => {
  it('puts a worker away in which nothing has run yet, and outlives the node', async () => {
    const dataDir = await openFolder();
    const first = await open({ dataDir, hibernateAfterMs: 0 });
    await deployLedger(first.client, 'unused');
    const status = async (): Promise<string> => (await first.client.workers.get('unused')).status;
    await expect.poll(status, { timeout: 10_000 }).toBe('hibernated');
    await first.close();
    const second = await open({ dataDir });
    expect(await second.client.workers.get('unused')).toMatchObject({ status: 'hibernated', interrupted: false });
    expect(textOf(await second.client.workers.invoke('unused', 'add', '5'))).toBe('5');
  });

  it('puts a worker away and brings it back for a call, a message and its time', async () => {
    const dataDir = await openFolder();
    const { client } = await open({ dataDir });
    await deployLedger(client, 'ledger', { hibernate: { afterMs: 0 } });
    const asleep = (name: string) =>
      expect.poll(async () => (await client.workers.get(name)).status, { timeout: 10_000 }).toBe('hibernated');
    await client.workers.invoke('ledger', 'add', '1');
    await asleep('ledger');
    expect(textOf(await client.workers.invoke('ledger', 'add', '2'))).toBe('3');
    await asleep('ledger');
    expect(textOf(await client.workers.ask('ledger', '3'))).toBe('6');
    await client.workers.invoke('ledger', 'remind', '1500');
    await asleep('ledger');
    await expect
      .poll(async () => textOf(await client.workers.invoke('ledger', 'total')), { timeout: 10_000 })
      .toBe('106');
    const napping = client.workers.invoke('ledger', 'nap', '2000');
    await asleep('ledger');
    expect(textOf(await napping)).toBe('107');
  });

  it('puts blocking code away in its middle, and outlives the node', async () => {
    const dataDir = await openFolder();
    const first = await open({ dataDir, hibernateAfterMs: 0 });
    await deployLedger(first.client, 'loop');
    first.client.workers.invoke('loop', 'serve').catch(() => undefined);
    expect(textOf(await first.client.workers.ask('loop', '9'))).toBe('9');
    await expect
      .poll(async () => (await first.client.workers.get('loop')).status, { timeout: 10_000 })
      .toBe('hibernated');
    expect(textOf(await first.client.workers.ask('loop', '1'))).toBe('10');
    await expect
      .poll(async () => (await first.client.workers.get('loop')).status, { timeout: 10_000 })
      .toBe('hibernated');
    await first.close();
    const second = await open({ dataDir, hibernateAfterMs: 0 });
    expect(await second.client.workers.get('loop')).toMatchObject({ status: 'hibernated' });
    expect(textOf(await second.client.workers.ask('loop', '1'))).toBe('11');
  });
});
