/** The official suite of WASI 0.1, in modes. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ModeName } from './mode.ts';
import { expected, Report } from './report.ts';
import type { Check } from './run-script.ts';
import { isChosen, type SuiteOptions } from './suite.ts';
import type { StopCounts } from './stop-plan.ts';
import { listWasi, readWasiCase, type WasiCase } from './wasi-case.ts';
import { type ProgramEnd, runWasiProgram } from './wasi-modes.ts';

/** Runs each program once per mode; its check is the whole run. */
export async function runWasiSuite(options: SuiteOptions): Promise<Report> {
  const { folder, modes, seed, expectations } = options;
  const { programs, otherFolders } = listWasi(folder);
  const chosen = programs.filter((file) => isChosen(options, file));
  const report = new Report();
  for (const mode of modes) {
    for (const file of otherFolders) {
      report.add(mode, { file, line: 1, text: file, result: 'skipped', reason: 'a folder of another version of WASI' });
    }
  }
  for (const [index, file] of chosen.entries()) {
    for (const mode of modes) {
      const { check, stopCounts } = await checkProgram(folder, file, mode, seed);
      report.add(mode, expected(check, mode, expectations));
      if (stopCounts !== undefined) report.addStops(mode, stopCounts);
    }
    options.onFile?.(file, index + 1, chosen.length);
  }
  return report;
}

async function checkProgram(
  folder: string,
  file: string,
  mode: ModeName,
  seed: number,
): Promise<{ readonly check: Check; readonly stopCounts: StopCounts | undefined }> {
  const check = { file, line: 1, text: basename(file) };
  try {
    const given = readWasiCase(folder, file);
    const { args, env, files } = given;
    const options = { args: [basename(file), ...args], env, ...(files === undefined ? { preopens: {} } : { files }) };
    const wasm = new Uint8Array(readFileSync(join(folder, file)));
    const end = await runWasiProgram(wasm, options, mode, seed);
    const reason = mismatch(given, end);
    const result = reason === undefined ? 'passed' : 'failed';
    return { check: { ...check, result, reason: reason ?? '' }, stopCounts: end.stopCounts };
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { check: { ...check, result: 'failed', reason }, stopCounts: undefined };
  }
}

/** What is not as the case says. */
function mismatch(given: WasiCase, end: ProgramEnd): string | undefined {
  const told = end.stderr === '' ? '' : `; it wrote: ${end.stderr.trim()}`;
  if (end.exit !== given.exitCode) return `exit code ${end.exit}; expected ${given.exitCode}${told}`;
  for (const stream of ['stdout', 'stderr'] as const) {
    if (given[stream] !== undefined && given[stream] !== end[stream]) {
      return `${stream} ${JSON.stringify(end[stream])}; expected ${JSON.stringify(given[stream])}`;
    }
  }
  return undefined;
}
