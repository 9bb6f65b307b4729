/**
 * Nodes that are killed at any moment, under load, and what they acknowledged is looked for at the end.
 *
 * Boundary: processes, load and kills. What is promised, and whether it holds, is the scenarios' and the books'.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Choices } from '../fuzz/choices.ts';
import { missing } from '../node/features.ts';
import type { Fault } from './book.ts';
import { Fleet } from './fleet.ts';
import type { Load } from './load.ts';
import type { Scenario } from './scenarios.ts';

export interface ChaosOptions {
  readonly kills: number;
  readonly seed: number;
  readonly nodes: number;
  readonly scenarios: Readonly<Record<string, Scenario>>;
  readonly onProgress: (text: string) => void;
}

export interface ScenarioResult {
  readonly name: string;
  /** Why it was left out. */
  readonly skipped: string | undefined;
  /** What was answered well, and how often. */
  readonly acknowledged: Readonly<Record<string, number>>;
  /** What was refused or in doubt, by step and code. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface ChaosResult {
  readonly kills: number;
  readonly faults: readonly Fault[];
  /** Workers that two nodes had a live copy of. */
  readonly doubles: readonly string[];
  readonly scenarios: readonly ScenarioResult[];
}

/** From the moment when all nodes are up to the next kill, at most. */
const CALM_MAX_MS = 1500;
/** How long a killed node stays down, at most. */
const DOWN_MAX_MS = 400;
const WATCH_MS = 150;
const REST_WITHIN_MS = 30_000;
/** Streams of choices: one for kills, and one for each worker. */
const KILLER = 0;
/** Of a scenario's name in names of workers, which have 63 characters at most. */
const NAME_CHARS = 40;

interface NamedLoad {
  readonly scenario: string;
  readonly load: Load;
}

function loadsOf(fleet: Fleet, seed: number, name: string, row: Scenario, first: number): NamedLoad[] {
  return Array.from({ length: row.loads }, (_, index) => {
    const load = row.open({
      fleet,
      choices: new Choices(seed, first + index),
      name: `${name.replaceAll(/[^a-z]+/g, '-').slice(0, NAME_CHARS)}-${first + index}`,
      fields: row.fields ?? {},
    });
    return { scenario: name, load };
  });
}

/** Kills nodes until it was done often enough. */
async function killNodes(fleet: Fleet, { kills, seed, onProgress }: ChaosOptions): Promise<void> {
  const choices = new Choices(seed, KILLER);
  for (let done = 1; done <= kills; done++) {
    await sleep(choices.below(CALM_MAX_MS));
    const node = choices.pick(fleet.nodes);
    await node.kill();
    await sleep(choices.below(DOWN_MAX_MS));
    await node.restart();
    if (done % 10 === 0 || done === kills) onProgress(`${done} of ${kills} kills`);
  }
}

/** Runs a campaign on nodes of its own. @throws Error if a node does not come up again */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-chaos-'));
  const fleet = await Fleet.open(options.nodes, folder);
  try {
    return await campaign(fleet, options);
  } finally {
    await fleet.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether a step ends within the time that any step may take once all nodes are up. */
async function endsInTime(driven: Promise<void> | undefined): Promise<boolean> {
  const late = new AbortController();
  const end = sleep(REST_WITHIN_MS, undefined, { signal: late.signal }).then(
    () => false,
    () => true,
  );
  return Promise.race([end, Promise.resolve(driven).then(() => true)]).finally(() => late.abort());
}

/** What has a request that nobody answers, though all nodes are up. */
async function noteUnrest(fleet: Fleet, { books, doing }: Load): Promise<void> {
  const book = books.at(-1);
  const copies = book ? await fleet.copiesOf(book.name) : [];
  const places = copies.map(({ node, info }) => `${info.status} on node ${node.index}`);
  book?.fault('lost', `a step does not end (${doing}), the worker is ${places.join(' and ') || 'nowhere'}`);
}

async function campaign(fleet: Fleet, options: ChaosOptions): Promise<ChaosResult> {
  const { seed, onProgress, scenarios } = options;
  const loads: NamedLoad[] = [];
  const skipped = new Map<string, string>();
  for (const [name, row] of Object.entries(scenarios)) {
    const reasons = await missing(fleet.nodes[0]!, row.needs);
    if (reasons.length === 0) loads.push(...loadsOf(fleet, seed, name, row, KILLER + 1 + loads.length));
    else skipped.set(name, reasons.join('; '));
  }
  for (const [name, reason] of skipped) onProgress(`scenario "${name}" is left out: ${reason}`);
  const over = new AbortController();
  const doubles = new Set<string>();
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      for (const name of await fleet.doubles()) doubles.add(name);
      await sleep(WATCH_MS);
    }
  };
  const drive = async ({ load }: NamedLoad): Promise<void> => {
    while (!over.signal.aborted) await load.step();
  };
  const driven = loads.map((named) => drive(named));
  const running = Promise.all([watch(), ...driven]);
  await Promise.race([killNodes(fleet, options).finally(() => over.abort()), running]);
  onProgress('audit');
  await Promise.all(
    loads.map(async ({ load }, index) => {
      if (await endsInTime(driven[index])) await load.audit();
      else await noteUnrest(fleet, load);
    }),
  );
  for (const name of await fleet.doubles()) doubles.add(name);
  return {
    kills: options.kills,
    faults: loads.flatMap(({ load }) => load.books.flatMap((book) => book.faults)),
    doubles: [...doubles],
    scenarios: Object.keys(scenarios).map((name) => {
      const own = loads.filter(({ scenario }) => scenario === name).map(({ load }) => load);
      return {
        name,
        skipped: skipped.get(name),
        acknowledged: sumOf(own.map(({ acknowledged }) => acknowledged)),
        refused: sumOf(own.map(({ refused }) => refused)),
      };
    }),
  };
}

function sumOf(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const one of counts) for (const [what, count] of Object.entries(one)) sum[what] = (sum[what] ?? 0) + count;
  return sum;
}
