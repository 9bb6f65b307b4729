/** docs/metrics.md, from the table of metrics. */
import type { MetricRow } from './metric-row.ts';
import { METRICS } from './metric-table.ts';
import { WORKER_SERIES_DEFAULT } from './node-metrics.ts';

const INTRO = `<!-- Written by \`node scripts/write-docs.ts\` from runtime/node/metrics/metric-table.ts. -->

# Metrics

\`GET /metrics\` answers in Prometheus' text format 0.0.4; a token needs the verb \`read\`. \`pluvio top\` shows the same to people.

- What cAdvisor has for containers keeps its name here, with the worker as the container: its dashboards work with \`worker\` for \`name\`.
  All else begins with \`pluvio_\`. Base units: seconds, bytes, ratios from 0 to 1. Counters end in \`_total\`.
- Series per worker are bounded: the first workers that are heard of have series of their own, up to the setting \`metrics.workerSeries\`
  (${WORKER_SERIES_DEFAULT} if nothing is said); all others are told as one, \`worker="_other", tenant="_other"\`. When a worker is gone its series go, and another
  worker gets its place. A sum over all series of a worker's metric is the node's.
- A series appears when there is something to tell.
- Besides come the \`process_…\` and \`nodejs_…\` metrics that Prometheus' client for Node.js gives: processor time, memory, open files, the lag of
  the event loop, garbage collection.`;

function rowText([name, { type, unit, labels, help, buckets }]: readonly [string, MetricRow]): string {
  const text = buckets ? `${help} Buckets: ${buckets.join(', ')}.` : help;
  return `| \`${name}\` | ${type} | ${unit} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${text} |`;
}

const HEAD = ['| metric | type | unit | labels | tells |', '| --- | --- | --- | --- | --- |'];

export function metricsDocument(): string {
  const rows = Object.entries(METRICS as Readonly<Record<string, MetricRow>>);
  const table = (perWorker: boolean): string =>
    [...HEAD, ...rows.filter(([, { labels }]) => labels.includes('worker') === perWorker).map(rowText)].join('\n');
  return `${[INTRO, '## Per worker', table(true), '## Of the node', table(false)].join('\n\n')}\n`;
}
