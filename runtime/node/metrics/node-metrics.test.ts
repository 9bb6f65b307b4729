import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { METRICS, type MetricName } from './metric-table.ts';
import { LABEL_VALUES_MAX, NodeMetrics, type NodeMetricsOptions, type WorkerSample } from './node-metrics.ts';
import { type Family, parseExposition, type Sample } from './testing/exposition.ts';
import { OTHER } from './worker-series.ts';

const metricsOf = (options: NodeMetricsOptions = {}): NodeMetrics => new NodeMetrics({ process: false, ...options });
const scrape = async (metrics: NodeMetrics): Promise<Family[]> => parseExposition(await metrics.text());
async function samplesOf(metrics: NodeMetrics, name: MetricName): Promise<readonly Sample[]> {
  return (await scrape(metrics)).find((family) => family.name === name)?.samples ?? [];
}
const a = { worker: 'a', tenant: 'acme' };

/** Everything that a node can tell, once. */
function tellAll(metrics: NodeMetrics): void {
  metrics.callEnded({ ...a, seconds: 0.003, outcome: 'returned' });
  metrics.used({ ...a, cpuSeconds: 0.5, fuel: 1000 });
  metrics.hibernated(a);
  metrics.woken({ ...a, seconds: 0.002, reason: 'call' });
  metrics.checkpointed({ ...a, seconds: 0.01, bytes: 4096 });
  metrics.moved({ direction: 'out', outcome: 'moved', downtimeSeconds: 0.02, bytes: 5 });
  metrics.workerLimitReached({ ...a, limit: 'fuel' });
  metrics.limitReached({ scope: 'node', limit: 'workers' });
  metrics.storeOperation({ operation: 'commit', seconds: 0.001 });
  metrics.delivered('message');
  metrics.requestEnded({ operation: 'getWorker', code: 'OK', seconds: 0.001 });
  metrics.eventHappened('created');
  metrics.threadRestarted();
  metrics.collectFrom({
    workers: () => [
      {
        ...a,
        status: 'idle',
        memoryBytes: 65_536,
        memoryLimitBytes: 2 ** 20,
        createdMs: 5000,
        queuedCalls: 1,
        mailboxMessages: 2,
        storageBytes: 3,
      },
    ],
    threads: () => [{ thread: '0', utilisation: 0.25, workers: 1, queueLength: 0 }],
    storeQueueLength: () => 4,
    bundles: () => 5,
    modules: () => 3,
    streams: () => 1,
  });
}

describe('what a scrape gives', () => {
  it('is the text format, strictly, with every metric of the table', async () => {
    const metrics = metricsOf({ version: '1.2.3' });
    tellAll(metrics);
    const families = await scrape(metrics);
    expect(families.map(({ name }) => name).sort()).toEqual(Object.keys(METRICS).sort());
    for (const { name, type, help, samples } of families) {
      const row = METRICS[name as MetricName];
      expect({ name, type, help }).toEqual({ name, type: row.type, help: row.help });
      expect(samples, name).not.toEqual([]);
      for (const { labels } of samples) {
        const names = Object.keys(labels).filter((label) => label !== 'le');
        expect(names.sort()).toEqual([...row.labels].sort());
      }
    }
    expect(metrics.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await metrics.text()).toContain('\npluvio_streams 1\n');
  });

  it('has the metrics of the process besides, once for all nodes of it', async () => {
    const families = await scrape(new NodeMetrics());
    const names = families.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['process_cpu_seconds_total', 'nodejs_eventloop_lag_seconds', 'process_open_fds']),
    );
    await scrape(new NodeMetrics());
  });

  it('is what promtool takes, where it is installed', async ({ skip }) => {
    const metrics = new NodeMetrics({ version: '1.2.3' });
    tellAll(metrics);
    const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], {
      input: await metrics.text(),
      encoding: 'utf8',
    });
    if (error) skip('promtool is not installed: Debian has it in the package prometheus');
    expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: '' });
  });

  it('escapes what names of workers can be made of', async () => {
    const metrics = metricsOf();
    const worker = 'a"b\\c\nd';
    metrics.hibernated({ worker, tenant: '' });
    expect(await samplesOf(metrics, 'pluvio_worker_hibernations_total')).toMatchObject([
      { labels: { worker }, value: 1 },
    ]);
  });
});

describe('units', () => {
  it('stand at the end of names', () => {
    for (const [name, { type, unit }] of Object.entries(METRICS)) {
      const end = `${unit === '' ? '' : `_${unit}`}${type === 'counter' ? '_total' : ''}`;
      expect(name.endsWith(end), `${name} must end in ${end}`).toBe(true);
      expect(name).toMatch(/^(?:container|pluvio)_/);
    }
  });
});

describe('workers', () => {
  it('beyond the limit are told as one, and a place becomes free', async () => {
    const metrics = metricsOf({ workerSeries: 2 });
    for (const worker of ['a', 'b', 'c', 'd']) metrics.used({ worker, tenant: 't', fuel: 10, cpuSeconds: 1 });
    const fuelBy = async (): Promise<Record<string, number>> =>
      Object.fromEntries(
        (await samplesOf(metrics, 'pluvio_worker_fuel_total')).map(
          ({ labels, value }) => [labels['worker'] ?? '', value] as const,
        ),
      );
    expect(await fuelBy()).toEqual({ a: 10, b: 10, [OTHER]: 20 });
    metrics.workerGone('a');
    metrics.workerGone('absent');
    metrics.used({ worker: 'd', tenant: 't', fuel: 5 });
    metrics.used({ worker: 'e', tenant: 't', fuel: 7 });
    expect(await fuelBy()).toEqual({ b: 10, d: 5, [OTHER]: 27 });
  });

  it('leave no series behind', async () => {
    const metrics = metricsOf();
    tellAll(metrics);
    metrics.collectFrom({ workers: () => [] });
    metrics.workerGone('a');
    const left = (await scrape(metrics)).flatMap(({ samples }) =>
      samples.filter(({ labels }) => labels['worker'] === 'a'),
    );
    expect(left).toEqual([]);
  });

  it('are counted by status, and their gauges summed', async () => {
    const metrics = metricsOf({ workerSeries: 1 });
    const sample = (worker: string, status: string): WorkerSample => ({
      worker,
      tenant: 't',
      status,
      memoryBytes: 100,
      memoryLimitBytes: 1000,
      createdMs: 1000,
    });
    let workers = [sample('a', 'idle'), sample('b', 'running'), sample('c', 'idle')];
    metrics.collectFrom({ workers: () => workers });
    expect(await samplesOf(metrics, 'pluvio_workers')).toMatchObject([
      { labels: { status: 'idle' }, value: 2 },
      { labels: { status: 'running' }, value: 1 },
    ]);
    expect(await samplesOf(metrics, 'container_memory_usage_bytes')).toMatchObject([
      { labels: { worker: 'a' }, value: 100 },
      { labels: { worker: OTHER }, value: 200 },
    ]);
    expect(await samplesOf(metrics, 'container_start_time_seconds')).toMatchObject([
      { labels: { worker: 'a' }, value: 1 },
    ]);
    workers = [];
    expect(await samplesOf(metrics, 'pluvio_workers')).toEqual([]);
    expect(await samplesOf(metrics, 'container_memory_usage_bytes')).toEqual([]);
  });

  it('of a whole node stay within the limit', async () => {
    const metrics = metricsOf({ workerSeries: 50 });
    for (let index = 0; index < 5000; index++)
      metrics.callEnded({ worker: `w${index}`, tenant: `t${index}`, seconds: 0.01, outcome: 'returned' });
    const counts = await samplesOf(metrics, 'pluvio_worker_calls_total');
    expect(counts).toHaveLength(51);
    expect(counts.reduce((sum, { value }) => sum + value, 0)).toBe(5000);
  });
});

it('labels from outside are bounded, too', async () => {
  const metrics = metricsOf();
  for (let index = 0; index < LABEL_VALUES_MAX + 10; index++) metrics.eventHappened(`kind-${index}`);
  const samples = await samplesOf(metrics, 'pluvio_events_total');
  expect(samples).toHaveLength(LABEL_VALUES_MAX + 1);
  expect(samples.find(({ labels }) => labels['kind'] === OTHER)?.value).toBe(10);
});

describe('the strict reader', () => {
  const good = '# HELP x_total h\n# TYPE x_total counter\nx_total{a="1"} 2\n';
  it.each([
    ['x_total 1\n', /sample without TYPE/],
    [good.slice(0, -1), /has no end/],
    [`${good}x_total{a="1"} 3\n`, /series twice/],
    [`${good}${good}`, /HELP twice|comment after samples/],
    [good.replace('"1"', '"\\x"'), /bad label/],
    [good.replace(' 2', ' two'), /no number/],
    [good.replaceAll('x_total', 'x'), /must end in _total/],
    [good.replace('counter', 'gauge'), /has a reserved end/],
    [good.replace(' h\n', ' \n'), /lacks HELP/],
    [good.replace('{a="1"}', '_sum'), /not of a counter/],
  ])('refuses %j', (text, problem) => {
    expect(() => parseExposition(text)).toThrowError(problem);
  });

  it('refuses a histogram that falls or has no end', () => {
    const histogram = (...buckets: string[]): string =>
      `# HELP h h\n# TYPE h histogram\n${buckets.join('\n')}\nh_sum 1\nh_count 2\n`;
    const [one, all] = ['h_bucket{le="1"} 1', 'h_bucket{le="+Inf"} 2'];
    expect(parseExposition(histogram(one, all))).toHaveLength(1);
    for (const buckets of [[one], [all, one], [one.replace('} 1', '} 3'), all], [one, all.replace('2', '3')]]) {
      expect(() => parseExposition(histogram(...buckets))).toThrowError(/histogram h/);
    }
  });
});
