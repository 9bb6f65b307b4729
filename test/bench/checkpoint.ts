/** What keeping a worker of some MiB costs after each call: as a whole, or as what changed, of its memory or of what it has stored. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packBundle, writeDrop } from '../../runtime/bundle/index.ts';
import { type NodeOptions, nodeCodecs } from '../../runtime/node/index.ts';
import { readSamples } from '../../sdk/cli/top/metric-samples.ts';
import { quantile } from '../abuse/summary.ts';
import { type ChildNode, startChildNode } from '../node/child-node.ts';
import { pantryModule } from '../programs/pantry.ts';
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

/** Programs by where they have what they keep. */
const PROGRAMS = { memory: slateModule, keys: pantryModule } as const;
type Place = keyof typeof PROGRAMS;
const PLACES = Object.keys(PROGRAMS) as readonly Place[]; // the table has exactly these keys
const CAPABILITIES = { kv: [] } as const;

export interface CheckpointResult {
  readonly benchmark: 'checkpoint';
  readonly machine: Machine;
  readonly rounds: number;
  readonly clients: number;
  readonly kept_bytes: number;
  /** Calls a second with checkpoints of what changed, to those with whole ones: of a program that keeps all in its memory. */
  readonly ratio: number;
  /** The same of one that has stored it under keys. */
  readonly keys_ratio: number;
  readonly per_place: Readonly<Record<Place, Readonly<Record<Kind, KindResult>>>>;
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

async function deployAll({ client }: ChildNode, workers: readonly string[], place: Place): Promise<void> {
  const manifest = { schemaVersion: 1, name: place, checkpoint: 'each-call', capabilities: CAPABILITIES } as const;
  const packed = await packBundle({ manifest, module: await PROGRAMS[place](), files: new Map() }, nodeCodecs);
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeDrop(packed)) chunks.push(chunk);
  const { digest: bundle } = await client.bundles.upload(new Blob(chunks as BlobPart[])); // chunks lie in buffers of their own
  for (const name of workers) {
    await client.workers.create({ name, bundle });
    await client.workers.call(name, 'fill');
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
async function measureKind(place: Place, kind: Kind, forMs: number): Promise<Window> {
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-checkpoint-'));
  const grants = { all: CAPABILITIES, tenants: {} };
  const node = await startChildNode({ dataDir: folder, limits: KINDS[kind], grants }, []);
  try {
    const workers = Array.from({ length: CLIENTS }, (_, index) => `w-${index}`);
    await deployAll(node, workers, place);
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
  const windows: { readonly place: Place; readonly kind: Kind; readonly window: Window }[] = [];
  for (let turn = 0; turn < rounds; turn++) {
    for (const place of PLACES) {
      for (const kind of rotated(KIND_NAMES, turn)) {
        windows.push({ place, kind, window: await measureKind(place, kind, quick ? QUICK_WINDOW_MS : WINDOW_MS) });
      }
    }
    progress(`round ${turn + 1} of ${rounds}`);
  }
  const kindResult = (place: Place, kind: Kind): KindResult => {
    const own = windows.filter((each) => each.place === place && each.kind === kind);
    const of = (read: (window: Window) => number): Summary => summarise(own.map(({ window }) => read(window)));
    return {
      per_second: of(({ perSecond }) => perSecond),
      p50_ms: of(({ p50Ms }) => p50Ms),
      state_kib: of(({ stateKib }) => stateKib),
      disk_kib: of(({ diskKib }) => diskKib),
    };
  };
  const placeResult = (place: Place) => ({ whole: kindResult(place, 'whole'), changes: kindResult(place, 'changes') });
  const perPlace = { memory: placeResult('memory'), keys: placeResult('keys') };
  const ratioOf = ({ changes, whole }: Readonly<Record<Kind, KindResult>>): number =>
    changes.per_second.median / whole.per_second.median;
  return {
    benchmark: 'checkpoint',
    machine: where,
    rounds,
    clients: CLIENTS,
    kept_bytes: SLATE_BYTES,
    ratio: ratioOf(perPlace.memory),
    keys_ratio: ratioOf(perPlace.keys),
    per_place: perPlace,
  };
}

function format({ machine: where, clients, per_place }: CheckpointResult): string {
  const rows = PLACES.flatMap((place) =>
    KIND_NAMES.map((kind) => {
      const { per_second, p50_ms, state_kib, disk_kib } = per_place[place][kind];
      return [place, kind, range(per_second), range(p50_ms), range(state_kib), range(disk_kib)];
    }),
  );
  const header = [
    '4 MiB in',
    'checkpoints',
    'calls per second',
    'p50, ms',
    'state per call, KiB',
    'written per call, KiB',
  ];
  return `${machineLine(where)}; ${clients} clients\n\n${formatTable(header, rows)}`;
}

export const checkpoint: Benchmark<CheckpointResult> = {
  question: 'What does a checkpoint of each call cost a worker of 4 MiB?',
  measure,
  format,
};
