/** How many calls a second a node answers whose input and state are on disk before the answer goes out. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quantile } from '../abuse/summary.ts';
import { startChildNode } from '../node/child-node.ts';
import { uploadGuest } from '../node/guests.ts';
import { mustHave } from '../node/features.ts';
import { type Benchmark, progress, rotated } from './benchmark.ts';
import { runChild } from './child.ts';
import type { CallJob, CallTimes } from './children/call-workers.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { summarise, type Summary } from './statistics.ts';
import { formatTable, range } from './table.ts';

const CLIENTS = 128;
const WINDOW_MS = 5000;
const QUICK_WINDOW_MS = 500;
const MS_PER_SECOND = 1000;

/** With a checkpoint of each call, and without any, on the same node: what durability costs. */
const POLICIES = ['each-call', 'never'] as const;
type Policy = (typeof POLICIES)[number];

export interface JournalResult {
  readonly benchmark: 'journal';
  readonly machine: Machine;
  readonly rounds: number;
  readonly clients: number;
  /** Calls with `each-call` checkpoints. */
  readonly per_second: number;
  readonly per_policy: Readonly<Record<Policy, PolicyResult>>;
}

export interface PolicyResult {
  readonly per_second: Summary;
  readonly p50_ms: Summary;
  readonly p99_ms: Summary;
}

interface Window {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Every client has a worker of its own. */
async function measurePolicy(policy: Policy, forMs: number): Promise<Window> {
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-journal-'));
  const node = await startChildNode({ dataDir: folder }, []);
  try {
    await mustHave(node, ['checkpoints of each call']);
    const bundle = await uploadGuest(node.client, 'ledger', { checkpoint: policy });
    const workers = Array.from({ length: CLIENTS }, (_, index) => `w-${index}`);
    for (const name of workers) await node.client.workers.create({ name, bundle });
    const job: CallJob = {
      url: node.url,
      workers,
      clients: CLIENTS,
      everyMs: 0,
      forMs,
      exportName: 'apply',
      args: [1],
    };
    await runChild<CallTimes>('call-workers', { ...job, forMs: forMs / 4 }); // warm
    const { elapsedMs, wallMs } = await runChild<CallTimes>('call-workers', job);
    return {
      perSecond: (elapsedMs.length * MS_PER_SECOND) / wallMs,
      p50Ms: quantile(elapsedMs, 0.5),
      p99Ms: quantile(elapsedMs, 0.99),
    };
  } finally {
    await node.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure({ quick, rounds }: BenchOptions): Promise<JournalResult> {
  const before = machine();
  const runs = new Map<Policy, Window[]>(POLICIES.map((policy) => [policy, []]));
  for (let turn = 0; turn < rounds; turn++) {
    for (const policy of rotated(POLICIES, turn)) {
      runs.get(policy)?.push(await measurePolicy(policy, quick ? QUICK_WINDOW_MS : WINDOW_MS));
    }
    progress(`round ${turn + 1} of ${rounds}`);
  }
  const policyResult = (policy: Policy): PolicyResult => {
    const of = (read: (window: Window) => number): Summary => summarise((runs.get(policy) ?? []).map(read));
    return {
      per_second: of(({ perSecond }) => perSecond),
      p50_ms: of(({ p50Ms }) => p50Ms),
      p99_ms: of(({ p99Ms }) => p99Ms),
    };
  };
  const perPolicy = { 'each-call': policyResult('each-call'), never: policyResult('never') };
  return {
    benchmark: 'journal',
    machine: before,
    rounds,
    clients: CLIENTS,
    per_second: perPolicy['each-call'].per_second.median,
    per_policy: perPolicy,
  };
}

function format({ machine: where, clients, per_policy }: JournalResult): string {
  const rows = POLICIES.map((policy) => {
    const { per_second, p50_ms, p99_ms } = per_policy[policy];
    return [policy, range(per_second), range(p50_ms), range(p99_ms)];
  });
  const header = ['checkpoints', 'calls per second', 'p50, ms', 'p99, ms'];
  return `${machineLine(where)}; ${clients} clients\n\n${formatTable(header, rows)}`;
}

export const journal: Benchmark<JournalResult> = {
  question: 'How many calls a second are on disk before they are answered?',
  measure,
  format,
};
