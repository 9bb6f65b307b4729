/** What keeping a worker of some MiB costs after each call: as a whole, or as what changed. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packBundle, writeDrop } from '../../runtime/bundle/index.ts';
import { type NodeOptions, nodeCodecs } from '../../runtime/node/index.ts';
import { readSamples } from '../../sdk/cli/top/metric-samples.ts';
import { quantile } from '../abuse/summary.ts';
import { type ChildNode, startChildNode } from '../node/child-node.ts';
import { SLATE_BYTES, slateModule } from '../programs/slate.ts';
import { type Benchmark, progress, rotated } from './benchmark.ts';
import { runChild } from './child.ts';
import type { CallJob, CallTimes } from './children/call-workers.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { summarise, type Summary } from './statistics.ts';
import { formatTable, range } from './table.ts';

const CLIENTS = 4;
const WINDOW_MS = 8000;
const QUICK_WINDOW_MS = 500;
const MS_PER_SECOND = 1000;
const KIB = 1024;

/** The limits under which checkpoints are so. */
const KINDS = {
  whole: { checkpointDeltas: 0 },
  changes: {},
} as const satisfies Record<string, NodeOptions['limits']>;
type Kind = keyof typeof KINDS;
const KIND_NAMES = Object.keys(KINDS) as readonly Kind[]; // the table has exactly these keys

export interface CheckpointResult {
  readonly benchmark: 'checkpoint';
  readonly machine: Machine;
  readonly rounds: number;
  readonly clients: number;
  readonly memory_bytes: number;
  /** Calls a second with checkpoints of what changed, to those with whole ones. */
  readonly ratio: number;
  readonly per_kind: Readonly<Record<Kind, KindResult>>;
}

interface KindResult {
  readonly per_second: Summary;
  readonly p50_ms: Summary;
  /** Of checkpoints, for each call. */
  readonly state_kib: Summary;
  /** What the node's process wrote to the device, for each call. */
  readonly disk_kib: Summary;
}

interface Window {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly stateKib: number;
  readonly diskKib: number;
}

async function deploySlates({ client }: ChildNode, workers: readonly string[], exportName: string): Promise<void> {
  const manifest = { schemaVersion: 1, name: 'slate', checkpoint: 'each-call' } as const;
  const packed = await packBundle({ manifest, module: await slateModule(), files: new Map() }, nodeCodecs);
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeDrop(packed)) chunks.push(chunk);
  const { digest: bundle } = await client.bundles.upload(new Blob(chunks as BlobPart[])); // chunks lie in buffers of their own
  for (const name of workers) {
    await client.workers.create({ name, bundle });
    await client.workers.call(name, exportName);
  }
}

/** Bytes of checkpoints, and bytes that went to the device, since the process began. */
async function writtenBy({ client, pid }: ChildNode): Promise<{ state: number; disk: number }> {
  const samples = readSamples(await client.metrics()).get('pluvio_worker_checkpoint_bytes_total') ?? [];
  const state = samples.reduce((sum, { value }) => sum + value, 0);
  const disk = Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
  return { state, disk };
}

/** Every client has a worker of its own. */
async function measureKind(kind: Kind, forMs: number): Promise<Window> {
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-checkpoint-'));
  const node = await startChildNode({ dataDir: folder, limits: KINDS[kind] }, []);
  try {
    const workers = Array.from({ length: CLIENTS }, (_, index) => `w-${index}`);
    await deploySlates(node, workers, 'fill');
    const call = { exportName: 'touch', args: [1] };
    const job: CallJob = { url: node.url, workers, clients: CLIENTS, everyMs: 0, forMs, ...call };
    await runChild<CallTimes>('call-workers', { ...job, forMs: forMs / 4 }); // warm
    const before = await writtenBy(node);
    const { elapsedMs, wallMs } = await runChild<CallTimes>('call-workers', job);
    const after = await writtenBy(node);
    return {
      perSecond: (elapsedMs.length * MS_PER_SECOND) / wallMs,
      p50Ms: quantile(elapsedMs, 0.5),
      stateKib: (after.state - before.state) / KIB / elapsedMs.length,
      diskKib: (after.disk - before.disk) / KIB / elapsedMs.length,
    };
  } finally {
    await node.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure({ quick, rounds }: BenchOptions): Promise<CheckpointResult> {
  const where = machine();
  const runs = new Map<Kind, Window[]>(KIND_NAMES.map((kind) => [kind, []]));
  for (let turn = 0; turn < rounds; turn++) {
    for (const kind of rotated(KIND_NAMES, turn)) {
      runs.get(kind)?.push(await measureKind(kind, quick ? QUICK_WINDOW_MS : WINDOW_MS));
    }
    progress(`round ${turn + 1} of ${rounds}`);
  }
  const kindResult = (kind: Kind): KindResult => {
    const of = (read: (window: Window) => number): Summary => summarise((runs.get(kind) ?? []).map(read));
    return {
      per_second: of(({ perSecond }) => perSecond),
      p50_ms: of(({ p50Ms }) => p50Ms),
      state_kib: of(({ stateKib }) => stateKib),
      disk_kib: of(({ diskKib }) => diskKib),
    };
  };
  const perKind = { whole: kindResult('whole'), changes: kindResult('changes') };
  return {
    benchmark: 'checkpoint',
    machine: where,
    rounds,
    clients: CLIENTS,
    memory_bytes: SLATE_BYTES,
    ratio: perKind.changes.per_second.median / perKind.whole.per_second.median,
    per_kind: perKind,
  };
}

function format({ machine: where, clients, per_kind }: CheckpointResult): string {
  const rows = KIND_NAMES.map((kind) => {
    const { per_second, p50_ms, state_kib, disk_kib } = per_kind[kind];
    return [kind, range(per_second), range(p50_ms), range(state_kib), range(disk_kib)];
  });
  const header = ['checkpoints', 'calls per second', 'p50, ms', 'state per call, KiB', 'written per call, KiB'];
  return `${machineLine(where)}; ${clients} clients\n\n${formatTable(header, rows)}`;
}

export const checkpoint: Benchmark<CheckpointResult> = {
  question: 'What does a checkpoint of each call cost a worker of 4 MiB?',
  measure,
  format,
};
