/** All scripts of a folder, in modes: on this thread, or on several. */
import { globSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { Worker } from 'node:worker_threads';
import { concerns, type Expectation } from './expectations.ts';
import type { ModeName } from './mode.ts';
import { prepareScript, type Script } from './prepare.ts';
import { expected, Report } from './report.ts';
import { runScript, type ScriptResult } from './run-script.ts';
import { moduleOfText } from './text-module.ts';

export interface SuiteOptions {
  readonly folder: string;
  readonly modes: readonly ModeName[];
  readonly expectations: readonly Expectation[];
  /** Which files, as patterns of paths in the folder; default: all. */
  readonly only?: readonly string[];
  readonly seed: number;
  /** Threads; 1: this one. */
  readonly jobs: number;
  readonly onFile?: (file: string, done: number, count: number) => void;
}

/** What a thread is asked for. */
export interface FileRequest {
  readonly folder: string;
  readonly file: string;
  readonly modes: readonly ModeName[];
  readonly seed: number;
}

export interface ModeResult extends ScriptResult {
  readonly mode: ModeName;
}

export async function runSuite(options: SuiteOptions): Promise<Report> {
  const { folder, modes, seed, expectations } = options;
  const files = globSync('**/*.wast', { cwd: folder }).sort();
  const chosen = files.filter((file) => isChosen(options, file));
  const missing = await missingFeatures(expectations);
  const report = new Report();
  const queue = [...chosen];
  const next = async (run: (request: FileRequest) => Promise<readonly ModeResult[]>): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const row = missing.find((one) => concerns(one, file ?? ''));
      const results =
        row === undefined ? await run({ folder, file, modes, seed }) : wholeFile(file, modes, 'skipped', row.reason);
      for (const { mode, checks, stopCounts } of results) {
        for (const check of checks) report.add(mode, expected(check, mode, expectations));
        if (stopCounts !== undefined) report.addStops(mode, stopCounts);
      }
      options.onFile?.(file, chosen.length - queue.length, chosen.length);
    }
  };
  if (options.jobs === 1) await next(runFile);
  else await Promise.all(Array.from({ length: options.jobs }, async () => onThread(next)));
  return report;
}

export const isChosen = ({ only = ['**'] }: SuiteOptions, file: string): boolean =>
  only.some((pattern) => matchesGlob(file, pattern));

/** What such a script checks later depends on what its threads did. */
const THREADS_REASON = 'the script runs threads at the same time; a worker is one thread';

/** Runs one script in every mode that is asked for. */
export async function runFile({ folder, file, modes, seed }: FileRequest): Promise<ModeResult[]> {
  let script: Script;
  try {
    script = await prepareScript(join(folder, file), file);
  } catch (error) {
    return wholeFile(file, modes, 'failed', `the script cannot be read: ${String(error)}`);
  }
  if (script.commands.some((command) => command.kind === 'unsupported' && command.form === 'thread')) {
    return wholeFile(file, modes, 'skipped', THREADS_REASON);
  }
  const results: ModeResult[] = [];
  for (const mode of modes) results.push({ mode, ...(await runScript(script, mode, seed)) });
  return results;
}

/** Rows of features that the engine lacks. */
async function missingFeatures(expectations: readonly Expectation[]): Promise<Expectation[]> {
  const missing: Expectation[] = [];
  for (const row of expectations) {
    if (row.needs !== undefined && !WebAssembly.validate(await moduleOfText(row.needs))) missing.push(row);
  }
  return missing;
}

/** A file that does not run counts as one check. */
const wholeFile = (
  file: string,
  modes: readonly ModeName[],
  result: 'failed' | 'skipped',
  reason: string,
): ModeResult[] =>
  modes.map((mode) => ({ mode, checks: [{ file, line: 1, text: file, result, reason }], stopCounts: undefined }));

/** Lets `work` run files on a thread of their own. */
async function onThread(
  work: (run: (request: FileRequest) => Promise<readonly ModeResult[]>) => Promise<void>,
): Promise<void> {
  const worker = new Worker(new URL('./suite-thread.ts', import.meta.url));
  const run = async (request: FileRequest): Promise<readonly ModeResult[]> =>
    new Promise((resolve, reject) => {
      const fail = (error: unknown): void => reject(error instanceof Error ? error : new Error(String(error)));
      worker.once('error', fail);
      worker.once('message', (results: readonly ModeResult[]) => {
        worker.off('error', fail);
        resolve(results);
      });
      worker.postMessage(request);
    });
  try {
    await work(run);
  } finally {
    await worker.terminate();
  }
}
