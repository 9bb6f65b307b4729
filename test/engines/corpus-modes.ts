/** The corpus in every engine, by both ways of unwinding, in every mode: what programs give and the fuel that they use must be equal. */
import { CORPUS, type FunctionProgram } from '../programs/corpus.ts';
import type { UnwindMode } from '../../runtime/instrument/index.ts';
import type { EngineHost, HostName } from './engine-hosts.ts';
import type { Exchange } from './exchange.ts';
import { type ModesReport, outcomeText } from './wire.ts';

const PROGRAMS = CORPUS.filter((program): program is FunctionProgram => program.kind === 'function');
const UNWINDS = ['throw', 'flag'] as const satisfies readonly UnwindMode[];

/** Programs that an engine cannot compile, and why; that it still cannot is checked. */
const UNSUPPORTED: Partial<Record<HostName, Readonly<Record<string, string>>>> = {
  bun: { memory64: 'memories with 64-bit addresses are off in JavaScriptCore' },
};

/** One program, one engine, one way of unwinding. */
export interface ModesResult {
  readonly program: string;
  readonly host: EngineHost;
  readonly unwind: UnwindMode;
  readonly runs: number;
  readonly breaks: number;
  readonly unsupported: boolean;
  readonly faults: readonly string[];
}

function faultsOf(program: FunctionProgram, host: EngineHost, report: ModesReport, home: ModesReport): string[] {
  const reason = UNSUPPORTED[host.name]?.[program.name];
  if (report.unsupported !== undefined) return reason === undefined ? [report.unsupported] : [];
  if (reason !== undefined) return [`runs, though the table says: ${reason}`];
  const expected = outcomeText(program.expected);
  const fuel = home.runs.find(({ mode }) => mode === 'plain')?.fuelUsed;
  const faults: string[] = [];
  for (const { mode, outcome, message, fuelUsed } of report.runs) {
    if (outcome !== expected) faults.push(`${mode}: gave "${outcome}" (${message}), not "${expected}"`);
    // After a trap fuel is a lower bound.
    else if (fuelUsed !== fuel && program.expected.kind === 'returned') {
      faults.push(`${mode}: used fuel ${fuelUsed}, at home it uses ${fuel}`);
    }
  }
  if (report.runs.length !== home.runs.length)
    faults.push(`was run in ${report.runs.length} modes, at home in ${home.runs.length}`);
  return faults;
}

/**
 * Runs all programs in all hosts, the first of which is the measure of fuel.
 * @param breaks About so often a program is sliced or stopped in a run; more are of the same places, in other turns.
 */
export async function runCorpus(
  hosts: readonly EngineHost[],
  exchange: Exchange,
  breaks: number,
  onResult: (result: ModesResult) => void,
): Promise<void> {
  const [home] = hosts;
  if (home === undefined) throw new RangeError('the corpus needs an engine');
  for (const program of PROGRAMS) {
    const module = exchange.put(await program.load());
    for (const unwind of UNWINDS) {
      const job = { kind: 'modes', module, unwind, export: program.export, args: program.args } as const;
      const sparse = await home.ask({ ...job, stride: 1000 });
      const safepoints = 1000 * Math.max(0, ...sparse.runs.map(({ breaks }) => breaks));
      const stride = Math.max(1, Math.ceil(safepoints / breaks));
      const measure = await home.ask({ ...job, stride });
      for (const host of hosts) {
        const report = host === home ? measure : await host.ask({ ...job, stride });
        const left = report.runs.reduce((sum, run) => sum + run.breaks, 0);
        const faults = faultsOf(program, host, report, measure);
        const unsupported = report.unsupported !== undefined;
        onResult({ program: program.name, host, unwind, runs: report.runs.length, breaks: left, unsupported, faults });
      }
    }
  }
}
