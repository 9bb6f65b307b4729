/**
 * The child processes of a run: hands out numbers of programs, notices processes that end or stop answering, has findings reduced.
 *
 * Invariant: every number from `first` on is handed out once; after a crash or a hang the numbers behind it are handed out again.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Difference } from './check.ts';
import { type Counts, noCounts, type Report, type Request, type Settings } from './messages.ts';

const BATCH = 20;
/** A program takes milliseconds; one that says nothing for so long hangs. */
const HANG_MS = 90_000;
/** Reducing says nothing meanwhile. */
const REDUCE_HANG_MS = 400_000;
/** Of one kind not more than so many are reduced. */
const REDUCED_PER_KIND = 3;
/** Programs are short: the optimising compiler would only cost time. */
const CHILD_FLAGS = ['--liftoff-only'];

export interface Finding {
  readonly number: number;
  readonly kind: string;
  readonly detail: string;
}

export interface Plan {
  readonly first: number;
  /** Number behind the last. */
  readonly end: number;
  readonly deadlineMs: number;
  readonly onFinding: (finding: Finding) => void;
  /** The reduction itself crashed or hung: the program is saved as it is. */
  readonly onNotReduced: (number: number) => void;
  readonly onReduced: (number: number, file: string, sizeBytes: number) => void;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

export class Pool {
  readonly counts: Counts = noCounts();
  readonly covered = new Set<number>();
  readonly findings: Finding[] = [];
  differences = 0;
  crashes = 0;
  hangs = 0;
  readonly #settings: Settings;
  readonly #jobs: number;
  readonly #plan: Plan;
  #next: number;
  readonly #again: Span[] = [];
  readonly #toReduce: { number: number; difference: Difference }[] = [];
  readonly #reducedByKind = new Map<string, number>();

  constructor(settings: Settings, jobs: number, plan: Plan) {
    this.#settings = settings;
    this.#jobs = jobs;
    this.#plan = plan;
    this.#next = plan.first;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#jobs }, async () => this.#job()));
  }

  /** One process after another until there is no more to do. */
  async #job(): Promise<void> {
    while (this.#hasWork()) await this.#process();
  }

  #hasWork(): boolean {
    if (this.#toReduce.length > 0) return true;
    return performance.now() < this.#plan.deadlineMs && (this.#again.length > 0 || this.#next < this.#plan.end);
  }

  #request(): Request | undefined {
    const reduce = this.#toReduce.shift();
    if (reduce !== undefined) return { kind: 'reduce', ...reduce };
    if (!this.#hasWork()) return undefined;
    const again = this.#again.shift();
    if (again !== undefined) return { kind: 'check', ...again };
    const from = this.#next;
    this.#next = Math.min(from + BATCH, this.#plan.end);
    return { kind: 'check', from, to: this.#next };
  }

  /** A process from its start to its end. */
  async #process(): Promise<void> {
    const child = fork(fileURLToPath(new URL('child.ts', import.meta.url)), [JSON.stringify(this.#settings)], {
      execArgv: CHILD_FLAGS,
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    let request: Request | undefined;
    let at = -1;
    let hung = false;
    let watchdog: NodeJS.Timeout | undefined;
    const watch = (): void => {
      clearTimeout(watchdog);
      watchdog = setTimeout(
        () => {
          hung = true;
          child.kill('SIGKILL');
        },
        request?.kind === 'reduce' ? REDUCE_HANG_MS : HANG_MS,
      );
    };
    const send = (): void => {
      request = this.#request();
      at = -1;
      if (request === undefined) child.disconnect();
      else child.send(request);
    };
    child.on('message', (report: Report) => {
      if (report.kind === 'begun') at = report.number;
      else if (report.kind === 'different') this.#different(report.number, report.difference);
      else {
        if (report.kind === 'checked') this.#checked(report.counts, report.covered);
        if (report.kind === 'reduced') this.#plan.onReduced(report.number, report.file, report.sizeBytes);
        send();
      }
      watch();
    });
    child.on('exit', (code, signal) => {
      clearTimeout(watchdog);
      if (request?.kind === 'reduce') this.#plan.onNotReduced(request.number);
      if (request?.kind === 'check') this.#died(request, at, hung, `code ${code}, signal ${signal}`);
      resolve();
    });
    watch();
    await this.#ended(child, promise);
  }

  async #ended(child: ChildProcess, exit: Promise<void>): Promise<void> {
    try {
      await exit;
    } finally {
      child.removeAllListeners();
    }
  }

  #checked(counts: Counts, covered: readonly number[]): void {
    for (const [name, count] of Object.entries(counts)) this.counts[name as keyof Counts] += Number(count); // of the same type
    for (const row of covered) this.covered.add(row);
  }

  #different(number: number, difference: Difference): void {
    const { unwind, mode, kind, detail } = difference;
    this.differences++;
    this.#find({ number, kind: `${unwind} ${mode} ${kind}`, detail });
    const reduced = this.#reducedByKind.get(kind) ?? 0;
    if (reduced >= REDUCED_PER_KIND) return;
    this.#reducedByKind.set(kind, reduced + 1);
    this.#toReduce.push({ number, difference });
  }

  /** The process ended in the middle of its work. */
  #died(span: Span, at: number, hung: boolean, detail: string): void {
    const number = Math.max(at, span.from);
    if (hung) this.hangs++;
    else this.crashes++;
    this.#find({ number, kind: hung ? 'hang' : 'crash', detail });
    if (number + 1 < span.to) this.#again.push({ from: number + 1, to: span.to });
  }

  #find(finding: Finding): void {
    this.findings.push(finding);
    this.#plan.onFinding(finding);
  }
}
