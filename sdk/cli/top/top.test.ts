import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { NodeMetrics } from '../../../runtime/node/metrics/index.ts';
import type { WorkerInfo } from '../../client/index.ts';
import { type CliNode, ROOT, runCli, startCli, startCliNode } from '../testing/cli-process.ts';
import { readSamples } from './metric-samples.ts';
import { type Look, type TopRow, viewOf } from './top-rows.ts';
import { screenOf, shortNumber } from './top-screen.ts';

const workerOf = (name: string, fuelUsed: number, memoryPages = 1): WorkerInfo =>
  ({ name, status: 'idle', fuelUsed: String(fuelUsed), memoryPages }) as WorkerInfo; // the fields that are read
const lookOf = (atMs: number, workers: readonly WorkerInfo[], metrics = ''): Look => ({ atMs, workers, metrics });

describe('a view', () => {
  test('has rates out of two looks, from what the node tells', async () => {
    const metrics = new NodeMetrics({ process: false });
    const a = { worker: 'a', tenant: 't' };
    metrics.used({ ...a, cpuSeconds: 1 });
    metrics.callEnded({ ...a, seconds: 0.1, outcome: 'returned' });
    const before = lookOf(1000, [workerOf('a', 100), workerOf('b', 5)], await metrics.text());
    metrics.used({ ...a, cpuSeconds: 0.5 });
    for (const outcome of ['returned', 'trapped', 'trapped'] as const)
      metrics.callEnded({ ...a, seconds: 0.1, outcome });
    metrics.collectFrom({
      workers: () => [{ ...a, status: 'idle', memoryBytes: 0, memoryLimitBytes: 0, createdMs: 0, mailboxMessages: 7 }],
    });
    const after = lookOf(3000, [workerOf('a', 2100), workerOf('b', 5, 4), workerOf('c', 9)], await metrics.text());
    const { rows, node } = viewOf(before, after, 'cpu');
    expect(rows).toEqual<TopRow[]>([
      {
        name: 'a',
        status: 'idle',
        cpuShare: 0.25,
        fuelPerSecond: 1000,
        memoryBytes: 65_536,
        callsPerSecond: 1.5,
        mailbox: 7,
      },
      {
        name: 'b',
        status: 'idle',
        cpuShare: null,
        fuelPerSecond: 0,
        memoryBytes: 4 * 65_536,
        callsPerSecond: null,
        mailbox: null,
      },
      {
        name: 'c',
        status: 'idle',
        cpuShare: null,
        fuelPerSecond: null,
        memoryBytes: 65_536,
        callsPerSecond: null,
        mailbox: null,
      },
    ]);
    expect(node).toEqual({ workers: 3, cpuShare: null, residentBytes: null, callsPerSecond: 1.5 });
    expect(viewOf(undefined, after, 'memory').rows.map(({ name }) => name)).toEqual(['b', 'a', 'c']);
    expect(viewOf(before, after, 'name').rows.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  test('takes a counter that fell for one that began anew', () => {
    const metric = (value: number): string => `container_cpu_usage_seconds_total{worker="a"} ${value}\n`;
    const workers = [workerOf('a', 0)];
    expect(viewOf(lookOf(0, workers, metric(50)), lookOf(1000, workers, metric(0.5)), 'cpu').rows[0]?.cpuShare).toBe(
      0.5,
    );
  });

  test('fits the screen', () => {
    const workers = Array.from({ length: 50 }, (_, index) => workerOf(`worker-${index}`, index));
    const view = viewOf(lookOf(0, workers), lookOf(1000, workers), 'name');
    const lines = screenOf(view, { columns: 30, rows: 10 }).split('\n').slice(0, -1);
    expect(lines).toHaveLength(9);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(30);
    expect(screenOf(view, { columns: 200, rows: 200 })).toMatch(
      /^50 workers   cpu -   memory -   calls -\/s\n\nNAME +STATUS +CPU +FUEL\/S +MEMORY +CALLS\/S +MAILBOX\nworker-0 +idle +- +0 +64\.0 KiB +- +-\n/,
    );
  });

  test.each([
    [0, '0'],
    [0.25, '0.3'],
    [99.4, '99.4'],
    [999, '999'],
    [1234, '1.2k'],
    [999_999, '1.0M'],
    [5e15, '5000T'],
  ])('%d is short as %s', (value, text) => {
    expect(shortNumber(value)).toBe(text);
  });
});

test('samples are read with their labels, and lines that are none passed over', () => {
  const text = '# HELP a b\na{x="1,\\"}",y="\\\\\\n"} 2\na 3\nb NaN\nnonsense\n';
  expect([...readSamples(text)]).toEqual([
    [
      'a',
      [
        { labels: { x: '1,"}', y: '\\\n' }, value: 2 },
        { labels: {}, value: 3 },
      ],
    ],
  ]);
});

describe('the command', () => {
  let node: CliNode;
  beforeAll(async () => {
    node = await startCliNode();
    await runCli(['run', '--node', node.url, '--name', 'pi', join(ROOT, 'examples/pi/pi.wasm'), '1000000']);
  });
  const env = (): { env: Record<string, string> } => ({ env: { PLUVIO_NODE: node.url } });

  test('once, as JSON', async () => {
    const { exitCode, stdout } = await runCli(['top', '--once', '--interval', '200ms', '-o', 'json'], env());
    expect(exitCode).toBe(0);
    const { rows } = JSON.parse(stdout) as { rows: TopRow[] };
    expect(rows).toMatchObject([{ name: 'pi', status: 'running' }]);
    expect(rows[0]?.fuelPerSecond).toBeGreaterThanOrEqual(0); // null: there was no look before
    expect(rows[0]?.memoryBytes).toBeGreaterThan(0);
  });

  test('again and again, until it is enough or interrupted', async () => {
    const text = await runCli(['top', '--count', '2', '--interval', '50ms'], env());
    expect(text.stdout.match(/\npi +running /g)).toHaveLength(2);
    expect(text.stdout).not.toContain('\u001b');
    const lines = startCli(['top', '--interval', '50ms', '-o', 'json'], env());
    await lines.until('stdout', '}\n{');
    lines.signal('SIGINT');
    expect((await lines.end()).exitCode).toBe(0);
  });

  test.each([
    ['--interval', '1ms'],
    ['--sort', 'size'],
  ])('%s %s is a mistake', async (...args) => {
    expect((await runCli(['top', ...args], env())).exitCode).toBe(2);
  });
});
