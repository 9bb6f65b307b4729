/** What a call with values costs, through the loader in the guest and HTTP, against one with bytes that does the same. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildProject, loadProject } from '../../sdk/project/index.ts';
import { applyDeploy, planDeploy } from '../../sdk/project/deploy.ts';
import { startChildNode } from '../node/child-node.ts';
import { type Benchmark, progress, rotated } from './benchmark.ts';
import { runChild } from './child.ts';
import type { TypedCallJob, TypedCallTimes, Way } from './children/call-typed.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { round, summarise, type Summary } from './statistics.ts';
import { formatTable, range, spread } from './table.ts';

const AMOUNT = { calls: 300, blocks: 12 };
const QUICK_AMOUNT = { calls: 5, blocks: 2 };

/** `never`: nothing but the call. `idle`: what `pluvio node` gives a worker that says nothing; its calls are on disk before they are answered. */
const POLICIES = ['never', 'idle'] as const;
type Policy = (typeof POLICIES)[number];

const SOURCE = `
import { input, output } from 'pluvio/assembly';

export function greet(name: string): string {
  return 'Hello, ' + name + '!';
}

export function greetBytes(): void {
  output.text(greet(input.text()));
}
`;

interface WayResult {
  readonly us: Summary;
}

interface PolicyResult {
  readonly per_way: Readonly<Record<Way, WayResult>>;
  /** A call with values to one with bytes, both through the client. */
  readonly ratio: Summary;
  /** The same as plain HTTP requests. */
  readonly wire_ratio: Summary;
}

export interface CallResult {
  readonly benchmark: 'call';
  readonly machine: Machine;
  readonly rounds: number;
  /** The worse of the two policies, through the client. */
  readonly ratio: number;
  readonly wire_ratio: number;
  readonly per_policy: Readonly<Record<Policy, PolicyResult>>;
}

async function measurePolicy(policy: Policy, amount: Omit<TypedCallJob, 'url' | 'worker'>): Promise<TypedCallTimes> {
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-call-'));
  const node = await startChildNode({ dataDir: join(folder, 'data') }, []);
  try {
    await mkdir(join(folder, 'assembly'));
    await writeFile(join(folder, 'assembly/index.ts'), SOURCE);
    const json = {
      name: 'greeter',
      build: { entry: 'assembly/index.ts' },
      interface: { greetBytes: { encoding: 'bytes' } },
      checkpoint: policy,
    };
    await writeFile(join(folder, 'pluvio.json'), JSON.stringify(json));
    const built = await buildProject(await loadProject(folder));
    await applyDeploy(node.client, await planDeploy(node.client, built), built, false);
    return await runChild<TypedCallTimes>('call-typed', {
      url: node.url,
      worker: 'greeter',
      ...amount,
    } satisfies TypedCallJob);
  } finally {
    await node.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

function policyResult(runs: readonly TypedCallTimes[]): PolicyResult {
  const way = (name: Way): WayResult => ({ us: summarise(runs.map((run) => run[name])) });
  return {
    per_way: {
      raw: way('raw'),
      typed: way('typed'),
      'raw-wire': way('raw-wire'),
      'typed-wire': way('typed-wire'),
    },
    ratio: summarise(runs.map((run) => run.typed / run.raw)),
    wire_ratio: summarise(runs.map((run) => run['typed-wire'] / run['raw-wire'])),
  };
}

async function measure({ quick, rounds }: BenchOptions): Promise<CallResult> {
  const where = machine();
  const runs: Record<Policy, TypedCallTimes[]> = { never: [], idle: [] };
  for (let turn = 0; turn < rounds; turn++) {
    for (const policy of rotated(POLICIES, turn)) {
      runs[policy].push(await measurePolicy(policy, quick ? QUICK_AMOUNT : AMOUNT));
    }
    progress(`round ${turn + 1} of ${rounds}`);
  }
  const perPolicy = { never: policyResult(runs.never), idle: policyResult(runs.idle) };
  const worse = (read: (result: PolicyResult) => Summary): number =>
    round(Math.max(...POLICIES.map((policy) => read(perPolicy[policy]).median)));
  return {
    benchmark: 'call',
    machine: where,
    rounds,
    ratio: worse(({ ratio }) => ratio),
    wire_ratio: worse(({ wire_ratio }) => wire_ratio),
    per_policy: perPolicy,
  };
}

function format({ machine: where, per_policy }: CallResult): string {
  const rows = POLICIES.flatMap((policy) => {
    const { per_way, ratio, wire_ratio } = per_policy[policy];
    return [
      [`${policy}, client`, range(per_way.raw.us), range(per_way.typed.us), spread(ratio)],
      [`${policy}, plain HTTP`, range(per_way['raw-wire'].us), range(per_way['typed-wire'].us), spread(wire_ratio)],
    ];
  });
  const header = ['checkpoints, caller', 'with bytes, µs', 'with values, µs', 'values / bytes'];
  return `${machineLine(where)}\n\n${formatTable(header, rows)}`;
}

export const call: Benchmark<CallResult> = {
  question: 'What does a call with values cost, against one with bytes?',
  measure,
  format,
};
