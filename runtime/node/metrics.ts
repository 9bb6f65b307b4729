import type { NodeServices } from './handlers.ts';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: (services: NodeServices) => readonly Sample[];
}

const counted = (counts: ReadonlyMap<string, number>, label: string): Sample[] =>
  [...counts].map(([name, value]) => ({ labels: { [label]: name }, value }));

function countBy(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

const METRICS: readonly Metric[] = [
  {
    name: 'pluvio_workers',
    type: 'gauge',
    help: 'Workers by status.',
    samples: ({ table }) => counted(countBy(table.list().map(({ status }) => status)), 'status'),
  },
  {
    name: 'pluvio_events_total',
    type: 'counter',
    help: 'Events of workers by kind.',
    samples: ({ events }) => counted(events.counts, 'kind'),
  },
  {
    name: 'pluvio_bundles',
    type: 'gauge',
    help: 'Bundles that the node keeps.',
    samples: ({ shelf }) => [{ value: shelf.list().length }],
  },
  {
    name: 'pluvio_streams',
    type: 'gauge',
    help: 'Open log and event streams.',
    samples: ({ streams }) => [{ value: streams.open }],
  },
  {
    name: 'pluvio_resident_bytes',
    type: 'gauge',
    help: 'Resident memory of the process.',
    samples: () => [{ value: process.memoryUsage.rss() }],
  },
];

/** All metrics in Prometheus' text format 0.0.4. Label values are words of ours and need no escaping. */
export function metricsText(services: NodeServices): string {
  const lines = METRICS.flatMap(({ name, type, help, samples }) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples(services).map(({ labels = {}, value }) => {
      const inner = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
      return `${name}${inner.length > 0 ? `{${inner.join(',')}}` : ''} ${value}`;
    }),
  ]);
  return `${lines.join('\n')}\n`;
}
