/**
 * A run of the fuzzer: cases in child processes, watched from here.
 *
 * Boundary: processes, time and totals. What a case is, is the targets'.
 *
 * Invariants:
 * 1. A batch whose child dies or falls silent is run again, case by case, so that the culprit gets a name; then it goes on behind it.
 * 2. Children of the closed lane have no network, no child processes, and no files but the project's own to read and `out` to write:
 *    an input that reaches for more meets an error that nobody expects, which is a finding.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeInput } from './case.ts';
import type { Batch, BatchResult, Finding, FromChild } from './messages.ts';
import { PEAK_RESET_FILE } from './peak-memory.ts';
import { type TargetName, targetOf, TARGETS } from './targets.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));

const BATCH_CASES = 400;
/** A child that says nothing for so long hangs: cases take milliseconds, and progress is told between them. */
const SILENCE_MS = 60_000;
/** A child is replaced when it holds more than this, or has run that many batches. */
const RESIDENT_MAX_BYTES = 1.5 * 2 ** 30;
const BATCHES_PER_CHILD = 200;
/** After so many hangs and crashes a campaign ends: each takes long, and shows the same mostly. */
const FAILURES_MAX = 20;
const HEAP_MAX_MIB = 2048;

export interface CampaignOptions {
  readonly seed: number;
  readonly targets: readonly TargetName[];
  /** Number of the first case, and how many there are at most. */
  readonly first: number;
  readonly cases: number;
  readonly timeMs: number;
  /** Child processes at the same time; targets that need the network have one more. */
  readonly jobs: number;
  /** Folder for the inputs of findings. */
  readonly out: string;
  /** Ends the campaign with what it has, when its batches have ended. */
  readonly signal?: AbortSignal;
  readonly onProgress: (totals: Totals) => void;
}

/** How cases ended, by target, then by code or way of running. */
type Counts = Record<string, Record<string, number>>;

export interface FindingGroup extends Finding {
  /** How many cases gave it. */
  count: number;
}

/** What has come of a campaign so far. */
export interface Totals {
  cases: number;
  readonly coded: Counts;
  readonly ran: Counts;
  readonly findings: Map<string, FindingGroup>;
  /** Cases that gave an exception without a code or broke a promise; cases that did not end; that ended their process. */
  uncoded: number;
  hangs: number;
  crashes: number;
  slowest: { caseNumber: number; elapsedMs: number };
  peakResidentBytes: number;
}

const newTotals = (): Totals => ({
  cases: 0,
  coded: {},
  ran: {},
  findings: new Map(),
  uncoded: 0,
  hangs: 0,
  crashes: 0,
  slowest: { caseNumber: 0, elapsedMs: 0 },
  peakResidentBytes: 0,
});

function addCounts(into: Counts, from: Counts): void {
  for (const [target, counts] of Object.entries(from)) {
    const own = (into[target] ??= {});
    for (const [ending, count] of Object.entries(counts)) own[ending] = (own[ending] ?? 0) + count;
  }
}

function addFinding(totals: Totals, finding: Finding): void {
  const known = totals.findings.get(finding.signature);
  if (known === undefined) totals.findings.set(finding.signature, { ...finding, count: 1 });
  else known.count++;
}

function addResult(totals: Totals, result: BatchResult): void {
  totals.cases += result.cases;
  addCounts(totals.coded, result.coded);
  addCounts(totals.ran, result.ran);
  for (const finding of result.findings) addFinding(totals, finding);
  totals.uncoded += result.findings.length;
  if (result.slowest.elapsedMs > totals.slowest.elapsedMs) totals.slowest = { ...result.slowest };
  totals.peakResidentBytes = Math.max(totals.peakResidentBytes, result.residentBytes);
}

/** How a child failed at a batch. */
interface Failure {
  readonly kind: 'hang' | 'crash';
  /** The last case that the child told of. */
  readonly caseNumber: number;
  readonly report: string;
}

/** A child process that runs one batch at a time. */
class Runner {
  readonly #child: ChildProcess;
  #errors = '';
  #batches = 0;
  #residentBytes = 0;

  constructor(out: string, network: boolean) {
    const permissions = [
      '--permission',
      `--allow-fs-read=${ROOT}`,
      `--allow-fs-read=${realpathSync(join(ROOT, 'node_modules'))}`,
      `--allow-fs-read=${out}`,
      `--allow-fs-write=${out}`,
      `--allow-fs-write=${PEAK_RESET_FILE}`,
      ...(network && process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []),
      ...(network ? ['--allow-worker'] : []), // a node has threads for its workers and its store
    ];
    this.#child = fork(CHILD, [], {
      execArgv: [...permissions, '--no-warnings', `--max-old-space-size=${HEAP_MAX_MIB}`],
      env: { ...process.env, TMPDIR: out },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#errors = (this.#errors + chunk.toString()).slice(-4000)));
  }

  get isWorn(): boolean {
    return this.#batches >= BATCHES_PER_CHILD || this.#residentBytes > RESIDENT_MAX_BYTES;
  }

  run(batch: Batch): Promise<BatchResult | Failure> {
    const child = this.#child;
    this.#batches++;
    let caseNumber = batch.from;
    return new Promise((resolve) => {
      const settle = (result: BatchResult | Failure): void => {
        clearTimeout(timer);
        child.off('message', hear).off('exit', end);
        resolve(result);
      };
      const silence = (): void => {
        settle({ kind: 'hang', caseNumber, report: `silent for ${SILENCE_MS} ms` });
        child.kill('SIGKILL');
      };
      let timer = setTimeout(silence, SILENCE_MS);
      const hear = (message: FromChild): void => {
        if (message.kind === 'done') {
          this.#residentBytes = message.result.residentBytes;
          return settle(message.result);
        }
        if (message.kind === 'at') caseNumber = message.caseNumber;
        clearTimeout(timer);
        timer = setTimeout(silence, SILENCE_MS);
      };
      const end = (code: number | null, signal: string | null): void =>
        settle({ kind: 'crash', caseNumber, report: `ended with ${code ?? signal}: ${this.#errors}` });
      child.on('message', hear).on('exit', end);
      child.send(batch, (error) => void (error && end(null, error.message)));
    });
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}

/** One row of children with the same rights, and the cases that are theirs. */
interface Lane {
  readonly run: readonly TargetName[];
  readonly network: boolean;
  readonly jobs: number;
  next: number;
}

/** Runs cases until they or the time are over. */
export async function runCampaign(options: CampaignOptions): Promise<Totals> {
  const { targets, first, cases, timeMs, jobs } = options;
  const totals = newTotals();
  const deadline = performance.now() + timeMs;
  const end = Math.min(first + cases, 2 ** 32);
  const lanes = [false, true].map((network): Lane => {
    const run = targets.filter((name) => TARGETS[name].network === network);
    return { run, network, jobs: run.length === 0 ? 0 : network ? 1 : jobs, next: first };
  });
  const work = async (lane: Lane): Promise<void> => {
    let runner = new Runner(options.out, lane.network);
    const isOver = (): boolean =>
      performance.now() >= deadline ||
      options.signal?.aborted === true ||
      totals.hangs + totals.crashes >= FAILURES_MAX;
    while (lane.next < end && !isOver()) {
      const from = lane.next;
      lane.next = Math.min(end, from + BATCH_CASES);
      const batch = batchOf(options, totals, lane, from, lane.next, false);
      const result = await runner.run(batch);
      if ('cases' in result) addResult(totals, result);
      else await isolate(options, totals, lane, batch, result);
      options.onProgress(totals);
      if ('cases' in result && !runner.isWorn) continue;
      runner.close();
      runner = new Runner(options.out, lane.network);
    }
    runner.close();
  };
  await Promise.all(lanes.flatMap((lane) => Array.from({ length: lane.jobs }, () => work(lane))));
  return totals;
}

function batchOf(
  { seed, targets, out }: CampaignOptions,
  totals: Totals,
  { run }: Lane,
  from: number,
  to: number,
  careful: boolean,
): Batch {
  return { seed, from, to, targets, run, careful, out, known: [...totals.findings.keys()] };
}

/** Runs a batch at which a child failed again, telling of each case, and names those that fail. */
async function isolate(
  options: CampaignOptions,
  totals: Totals,
  lane: Lane,
  batch: Batch,
  first: Failure,
): Promise<void> {
  let found = false;
  for (let from = batch.from; from < batch.to && totals.hangs + totals.crashes < FAILURES_MAX;) {
    const runner = new Runner(options.out, lane.network);
    const result = await runner.run(batchOf(options, totals, lane, from, batch.to, true));
    runner.close();
    if ('cases' in result) {
      addResult(totals, result);
      break;
    }
    found = true;
    await addFailure(options, totals, result);
    from = result.caseNumber + 1;
  }
  if (!found) await addFailure(options, totals, { ...first, report: `not alone, but in a batch: ${first.report}` });
}

async function addFailure(options: CampaignOptions, totals: Totals, failure: Failure): Promise<void> {
  const { seed, out, targets } = options;
  const { caseNumber, kind, report } = failure;
  const target = targetOf(seed, caseNumber, targets);
  totals.cases++;
  if (kind === 'hang') totals.hangs++;
  else totals.crashes++;
  const file = await saveInput(target, seed, caseNumber, out).catch(() => undefined); // if not even it can be made
  const cause = /FATAL ERROR: [^\n]*/.exec(report)?.[0] ?? report.slice(0, 60);
  addFinding(totals, { target, caseNumber, signature: `${kind} of ${target}: ${cause}`, report, file });
}

async function saveInput(target: TargetName, seed: number, caseNumber: number, out: string): Promise<string> {
  const opened = await TARGETS[target].open();
  const { input } = await makeInput(opened, seed, caseNumber);
  await opened.close?.();
  const file = join(out, `${target}-${seed}-${caseNumber}.bin`);
  writeFileSync(file, input.bytes);
  return file;
}
