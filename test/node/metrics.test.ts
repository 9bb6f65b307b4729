/** What a running node tells of itself. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { readSamples } from '../../sdk/cli/top/metric-samples.ts';
import { viewOf } from '../../sdk/cli/top/top-rows.ts';
import { type ConfiguredNode, startConfigured } from './configured-node.ts';
import { deployLedger, LEDGER_CAPABILITIES, textOf } from './deploy.ts';
import { counterModule, openNode } from './open-nodes.ts';

/** The sum of the samples of a metric with these labels. */
async function totalOf(node: ConfiguredNode, name: string, labels: Record<string, string> = {}): Promise<number> {
  const samples = readSamples(await node.client().metrics()).get(name) ?? [];
  const fitting = samples.filter((sample) =>
    Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
  );
  return fitting.reduce((sum, { value }) => sum + value, 0);
}

const start = (config: object = {}): Promise<ConfiguredNode> =>
  startConfigured({ grants: LEDGER_CAPABILITIES, ...config });

describe('/metrics', () => {
  it('counts calls, checkpoints, limits, messages, timers and requests where they happen', async () => {
    const node = await start();
    const client = node.client();
    await deployLedger(client, 'ledger', { checkpoint: 'each-call' });
    await deployLedger(client, 'other');
    for (let times = 0; times < 3; times++) await client.workers.invoke('ledger', 'add', '1');
    await client.workers.invoke('ledger', 'post', 'other 2');
    await client.workers.invoke('ledger', 'remind', '1');
    await client.workers.create({ name: 'short', module: await counterModule(), limits: { fuel: 1000n } });
    expect(await client.workers.call('short', 'spin')).toMatchObject({ kind: 'limit' });
    await expect.poll(() => totalOf(node, 'pluvio_messages_total', { kind: 'timer' })).toBe(1);
    await expect.poll(() => totalOf(node, 'pluvio_messages_total', { kind: 'message' })).toBe(1);
    const of = { worker: 'ledger', tenant: 'default' };
    expect(await totalOf(node, 'pluvio_worker_calls_total', { ...of, outcome: 'returned' })).toBeGreaterThanOrEqual(5);
    expect(await totalOf(node, 'pluvio_worker_call_duration_seconds_count', of)).toBeGreaterThanOrEqual(5);
    expect(await totalOf(node, 'pluvio_worker_fuel_total', of)).toBeGreaterThan(0);
    expect(await totalOf(node, 'container_cpu_usage_seconds_total', of)).toBeGreaterThan(0);
    expect(await totalOf(node, 'container_memory_usage_bytes', of)).toBeGreaterThanOrEqual(65_536);
    expect(await totalOf(node, 'pluvio_worker_checkpoints_total', of)).toBeGreaterThanOrEqual(5);
    expect(await totalOf(node, 'pluvio_worker_checkpoint_bytes_total', of)).toBeGreaterThan(0);
    expect(await totalOf(node, 'pluvio_worker_limits_reached_total', { worker: 'short', limit: 'fuel' })).toBe(1);
    expect(await totalOf(node, 'pluvio_http_requests_total', { operation: 'createWorker', code: 'OK' })).toBe(3);
    expect(
      await totalOf(node, 'pluvio_store_operation_duration_seconds_count', { operation: 'append' }),
    ).toBeGreaterThan(0);
    expect(await totalOf(node, 'pluvio_workers')).toBe(3);
    expect(await totalOf(node, 'pluvio_threads')).toBeGreaterThanOrEqual(1);
    await client.workers.delete('ledger');
    expect(await totalOf(node, 'pluvio_worker_calls_total', { worker: 'ledger' })).toBe(0);
  });

  it('tells of sleep, waking and moves', async () => {
    const node = await start({ hibernate: { afterMs: 100 } });
    const other = await openNode();
    await deployLedger(node.client(), 'ledger', { checkpoint: 'idle' });
    await node.client().workers.invoke('ledger', 'add', '1');
    await expect.poll(() => totalOf(node, 'pluvio_worker_hibernations_total', { worker: 'ledger' })).toBe(1);
    expect(textOf(await node.client().workers.invoke('ledger', 'add', '1'))).toBe('2');
    expect(await totalOf(node, 'pluvio_worker_wakes_total', { worker: 'ledger', reason: 'request' })).toBe(1);
    expect(await totalOf(node, 'pluvio_wake_duration_seconds_count')).toBe(1);
    await node.client().workers.create({ name: 'counter', module: await counterModule() });
    await node.client().workers.move('counter', { target: other.url });
    expect(await totalOf(node, 'pluvio_moves_total', { direction: 'out', outcome: 'moved' })).toBe(1);
    expect(await totalOf(node, 'pluvio_move_downtime_seconds_count')).toBe(1);
    expect(await totalOf(node, 'pluvio_move_bytes_total')).toBeGreaterThan(0);
    const inbound = readSamples(await other.client.metrics()).get('pluvio_moves_total');
    expect(inbound).toMatchObject([{ labels: { direction: 'in', outcome: 'moved' }, value: 1 }]);
  });

  it('has young figures of workers that run, so that top moves', async () => {
    const node = await openNode();
    await node.client.workers.create({ name: 'busy', module: await counterModule() });
    const spinning = node.client.workers.call('busy', 'spin').catch(() => undefined);
    const look = async (atMs: number): Promise<Parameters<typeof viewOf>[1]> => {
      const metrics = await node.client.metrics();
      return { atMs, metrics, workers: await node.client.workers.list() };
    };
    const first = await look(0);
    await expect
      .poll(async () => viewOf(first, await look(1000), 'cpu').rows[0], { timeout: 10_000 })
      .toMatchObject({ cpuShare: expect.any(Number) as number, fuelPerSecond: expect.any(Number) as number });
    await expect
      .poll(async () => viewOf(first, await look(1000), 'cpu').rows[0]?.fuelPerSecond, { timeout: 10_000 })
      .toBeGreaterThan(0);
    await node.client.workers.stop('busy');
    await spinning;
  });

  it('bounds the series by the config, and is what promtool takes', async ({ skip }) => {
    const node = await start({ metrics: { workerSeries: 1 } });
    for (const name of ['a', 'b', 'c']) await node.client().workers.create({ name, module: await counterModule() });
    for (const name of ['a', 'b', 'c']) await node.client().workers.call(name, 'add', [1n]);
    const samples = readSamples(await node.client().metrics()).get('pluvio_worker_calls_total') ?? [];
    expect(new Set(samples.map(({ labels }) => labels['worker']))).toEqual(new Set(['a', '_other']));
    expect(await totalOf(node, 'pluvio_worker_calls_total')).toBe(3);
    const input = await node.client().metrics();
    const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    if (error) skip('promtool is not installed: Debian has it in the package prometheus');
    expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: '' });
  });
});
