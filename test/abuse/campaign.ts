/**
 * Abuse of one node: clients that misbehave in every way of the table, while others behave well and are timed.
 *
 * Invariants:
 * 1. The node, the abusers and the well-behaved clients are processes of their own.
 * 2. What the node holds is compared at two moments of rest: before the abuse and after everything of it is closed.
 * 3. Same seed, same attacks in the same order of each client.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Choices } from '../fuzz/choices.ts';
import { type ChildNode, startChildNode } from '../node/child-node.ts';
import type { ProcessUsage } from '../node/process-usage.ts';
import { AnswerFault, faultOf } from './answers.ts';
import type { Arena, Due } from './attack.ts';
import { ATTACKS } from './attacks.ts';
import { placeOf, RawConnection } from './raw-connection.ts';
import type { PoliteJob, PoliteResult } from './polite.ts';

export interface AbuseOptions {
  readonly seconds: number;
  readonly clients: number;
  readonly seed: number;
  /** Of a client between two attacks, at most: the pace is a matter of the machine, misbehaviour is not. */
  readonly restMs: number;
  /** Names of attacks to take; all if empty. */
  readonly only: readonly string[];
  readonly onProgress: (text: string) => void;
}

/** What was wrong, how often, and where it was first seen. */
export interface AbuseFinding {
  readonly attack: string;
  readonly fault: string;
  count: number;
}

/** A number of things before the abuse and after it. */
export interface Growth {
  readonly before: number;
  readonly after: number;
}

export interface AbuseTotals {
  /** Judged exchanges. */
  requests: number;
  /** Attacks by name. */
  readonly attacks: Record<string, number>;
  readonly findings: Map<string, AbuseFinding>;
  readonly before: ProcessUsage;
  readonly after: ProcessUsage;
  readonly stored: Growth;
  readonly bundles: Growth;
  readonly quietMs: readonly number[];
  readonly abusedMs: readonly number[];
  /** While another node of the machine is abused: what the load alone does, whoever bears it. */
  readonly elsewhereMs: readonly number[];
  /** Standard error of the node, if it ended. */
  readonly crash: string | undefined;
}

const POLITE_CLIENTS = 8;
const POLITE_EVERY_MS = 40;
const VICTIM = 'victim';
const POLITE_SCRIPT = fileURLToPath(new URL('polite.ts', import.meta.url));
const LEDGER = new URL('../programs/exports/ledger.wasm', import.meta.url);
/** What was begun for a client that is gone ends a little later: so long may it take. */
const CALM_TRIES = 150;
const CALM_STEP_MS = 200;
const CALM_BYTES = 4 * 2 ** 20;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function countFiles(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

/** Well-behaved clients for so long. */
async function politeFor(node: ChildNode, workers: readonly string[], forMs: number): Promise<PoliteResult> {
  const job: PoliteJob = { url: node.url, workers, forMs, everyMs: POLITE_EVERY_MS };
  const child = spawn(process.execPath, ['--no-warnings', POLITE_SCRIPT, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the well-behaved clients ended with exit code ${code}`);
  return JSON.parse(output) as PoliteResult; // polite.ts prints so
}

class Campaign {
  readonly #options: AbuseOptions;
  readonly #node: ChildNode;
  requests = 0;
  readonly attacks: Record<string, number> = {};
  readonly findings = new Map<string, AbuseFinding>();

  constructor(options: AbuseOptions, node: ChildNode) {
    this.#options = options;
    this.#node = node;
  }

  note(attack: string, fault: string): void {
    const key = `${attack}: ${fault}`;
    const known = this.findings.get(key);
    if (known) known.count++;
    else this.findings.set(key, { attack, fault, count: 1 });
  }

  /** All clients, for so long; each begins at another place of the table, so that a short campaign has each attack, too. */
  async run(forMs: number, slowMs: number): Promise<void> {
    const names = Object.keys(ATTACKS).filter(
      (name) => this.#options.only.length === 0 || this.#options.only.includes(name),
    );
    const deadline = performance.now() + forMs;
    const client = async (index: number): Promise<void> => {
      const choices = new Choices(this.#options.seed, index);
      for (let turn = 0; turn === 0 || (performance.now() < deadline && !this.#node.isGone); turn++) {
        const name = turn === 0 ? names[index % names.length] : choices.pick(names);
        if (name !== undefined) await this.#attack(name, choices, slowMs);
        await sleep(choices.below(this.#options.restMs));
      }
    };
    await Promise.all(Array.from({ length: this.#options.clients }, (_, index) => client(index)));
  }

  async #attack(name: string, choices: Choices, slowMs: number): Promise<void> {
    const opened: RawConnection[] = [];
    const place = placeOf(this.#node.url);
    const arena: Arena = {
      choices,
      hostName: `${place.host}:${place.port}`,
      victim: VICTIM,
      slowMs,
      open: async () => {
        const connection = await RawConnection.open(place);
        opened.push(connection);
        return connection;
      },
      expect: (connection, due, toHead = false) => this.#expect(name, connection, due, toHead),
      pause: sleep,
    };
    this.attacks[name] = (this.attacks[name] ?? 0) + 1;
    try {
      await ATTACKS[name]?.(arena);
    } catch (error) {
      if (!this.#node.isGone) this.note(name, `cannot be done: ${(error as Error).message}`);
    } finally {
      for (const connection of opened) connection.close();
    }
  }

  async #expect(attack: string, connection: RawConnection, due: Due, toHead: boolean): Promise<void> {
    this.requests++;
    try {
      const answer = await connection.answer({ toHead });
      if (answer === undefined) {
        if (!connection.ended) this.note(attack, 'neither an answer nor an end');
        else if (due === 'due') this.note(attack, `no answer (${connection.failure ?? 'closed'})`);
        return;
      }
      const fault = faultOf(answer, toHead);
      if (fault !== undefined) this.note(attack, fault);
      else if (due === 'refusal' && answer.status < 400) this.note(attack, `accepted with ${answer.status}`);
    } catch (error) {
      if (!(error instanceof AnswerFault)) throw error;
      this.note(attack, error.message);
    }
  }
}

const bytesOf = ({ heapBytes, externalBytes }: ProcessUsage): number => heapBytes + externalBytes;

/** What the node holds when nobody is there any more; waits until it is like that, if it ever is. */
async function atRest(node: ChildNode, like?: ProcessUsage): Promise<ProcessUsage> {
  let usage = await node.usage();
  for (let tries = 0; tries < CALM_TRIES && like; tries++) {
    if (usage.descriptors <= like.descriptors && bytesOf(usage) <= bytesOf(like) + CALM_BYTES) break;
    await sleep(CALM_STEP_MS);
    usage = await node.usage();
  }
  return usage;
}

/** Runs abuse against a node of its own, and for a while against another one. */
export function runAbuse(options: AbuseOptions): Promise<AbuseTotals> {
  return onNode((node, folder) => onNode((other) => abuse(options, node, folder, other)));
}

async function onNode<Result>(run: (node: ChildNode, folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-abuse-'));
  const node = await startChildNode({ dataDir: folder });
  try {
    return await run(node, folder);
  } finally {
    await node.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function abuse(options: AbuseOptions, node: ChildNode, folder: string, other: ChildNode): Promise<AbuseTotals> {
  const { seconds, onProgress } = options;
  const { client } = node;
  const module = new Uint8Array(await readFile(LEDGER));
  const polite = Array.from({ length: POLITE_CLIENTS }, (_, index) => `polite-${index}`);
  for (const name of [...polite, VICTIM]) await client.workers.create({ name, module });
  const campaign = new Campaign(options, node);
  const abuseMs = seconds * 1000;
  const quietMs = abuseMs / 4;
  const slowMs = Math.min(3000, abuseMs / 6);
  const measured = async (when: string, forMs: number): Promise<readonly number[]> => {
    const { elapsedMs, faults } = await politeFor(node, polite, forMs);
    for (const [fault, count] of Object.entries(faults))
      campaign.note(`good clients ${when}`, `${fault}, ${count} times`);
    return elapsedMs;
  };
  onProgress('warming up');
  await campaign.run(Math.min(2000, quietMs), Math.min(200, slowMs)); // what is loaded and kept once is no growth
  await measured('before', Math.min(1000, quietMs));
  const stored = { before: await countFiles(folder), after: 0 };
  const bundles = { before: (await client.bundles.list()).length, after: 0 };
  const before = await atRest(node);
  onProgress('quiet');
  const quiet = [...(await measured('before', quietMs))];
  onProgress(`abuse by ${options.clients} clients`);
  const [abused] = await Promise.all([measured('under abuse', abuseMs), campaign.run(abuseMs, slowMs)]);
  const { requests, attacks, findings } = campaign;
  const found = { requests, attacks, findings, before, quietMs: quiet, abusedMs: abused, elsewhereMs: [] };
  if (node.isGone) return { ...found, after: before, stored, bundles, crash: node.errors };
  onProgress('quiet again');
  const after = await atRest(node, before);
  quiet.push(...(await measured('after', quietMs)));
  onProgress('abuse of another node');
  await other.client.workers.create({ name: VICTIM, module });
  const campaignElsewhere = new Campaign(options, other);
  const [elsewhere] = await Promise.all([measured('beside abuse', quietMs), campaignElsewhere.run(quietMs, slowMs)]);
  const names = (await client.workers.list()).map(({ name }) => name);
  for (const name of [...polite, VICTIM]) if (!names.includes(name)) campaign.note('all', `worker ${name} is gone`);
  for (const name of names) if (![...polite, VICTIM].includes(name)) campaign.note('all', `worker ${name} was made`);
  return {
    ...found,
    elsewhereMs: elsewhere,
    after,
    stored: { ...stored, after: await countFiles(folder) },
    bundles: { ...bundles, after: (await client.bundles.list()).length },
    crash: undefined,
  };
}
