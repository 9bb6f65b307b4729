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

const TRACES = `## Traces

With \`tracing.endpoint\` the node sends spans by OTLP over HTTP (JSON), batched, beside the requests; what does not fit into the queue is dropped.
A request with a W3C \`traceparent\` goes on in that trace, another begins one, of which \`tracing.sampleRatio\` are kept. Without a receiver
nothing is recorded, and \`traceparent\` passes through to guests and on.

| span | kind | parent | stands for |
| --- | --- | --- | --- |
| operation, such as \`callExport\` | server | header of the request | a request of the API that asks for a right or is public |
| \`journal\` | internal | what the input came with | an input on its way into the journal, until it is durable |
| \`run EXPORT\` | consumer | what the input came with | a call of an export on its engine, until it ends here; the guest's \`trace_context\` is this one |
| \`call\` | client | \`run\` of the sender | a worker calls another and waits for the answer |
| \`send\`, \`publish\` | producer | \`run\` of the sender | a message leaves a worker; its receiver's \`run\` hangs below it |
| \`move\` | client | the request for it | a move to another node, whose operations hang below it |

A message that a guest takes from its mailbox with \`recv\` has no \`run\` of its own. A call that moves away in its middle has none on its first node.`;

const HEAD = ['| metric | type | unit | labels | tells |', '| --- | --- | --- | --- | --- |'];

export function metricsDocument(): string {
  const rows = Object.entries(METRICS as Readonly<Record<string, MetricRow>>);
  const table = (perWorker: boolean): string =>
    [...HEAD, ...rows.filter(([, { labels }]) => labels.includes('worker') === perWorker).map(rowText)].join('\n');
  return `${[INTRO, '## Per worker', table(true), '## Of the node', table(false), TRACES].join('\n\n')}\n`;
}
