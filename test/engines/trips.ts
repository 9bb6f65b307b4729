/**
 * Programs on a journey through all engines: begun in Node, stopped in mid-computation, sent on as a snapshot over HTTP, resumed in the
 * next engine, several times round, ended in Node. What they give and the fuel that they used must be what they give and use at home.
 */
import { readFile } from 'node:fs/promises';
import vm from 'node:vm';
import { kernelNamed } from '../bench/kernels.ts';
import { CORPUS } from '../programs/corpus.ts';
import { runBareCommand } from '../programs/run-bare.ts';
import { runBareFunction } from '../programs/run-bare-function.ts';
import { readQuickjs, SCRIPT } from '../real/quickjs.ts';
import { ENGINES } from '../../runtime/engine/index.ts';
import { type EngineHost, HOSTS } from './engine-hosts.ts';
import type { Exchange } from './exchange.ts';
import { type GuestSpec, type HopReport, outcomeText } from './wire.ts';

/** What a program gives in the end. */
interface Result {
  readonly outcome: string;
  readonly stdout: string;
}

export interface Trip {
  readonly name: string;
  readonly what: string;
  readonly guest: GuestSpec;
  load(): Promise<Uint8Array<ArrayBuffer>>;
  /** Undisturbed and without Pluvio, in this process. */
  runBare(bytes: Uint8Array<ArrayBuffer>): Promise<Result>;
}

const commandTrip = (name: string, path: string, args: readonly string[], what: string): Trip => ({
  name,
  what,
  guest: { kind: 'command', args, stdin: '' },
  load: async () => new Uint8Array(await readFile(new URL(path, import.meta.url))),
  runBare: async (bytes) => {
    const { exitCode, stdout } = await runBareCommand('program', bytes, { args });
    return { outcome: `exited ${exitCode}`, stdout };
  },
});

/** A function program of the corpus, with enough work for the journey. */
function functionTrip(name: string, args: readonly unknown[], what: string): Trip {
  const program = CORPUS.find((entry) => entry.name === name);
  if (program?.kind !== 'function') throw new RangeError(`the corpus has no function program "${name}"`);
  return {
    name,
    what,
    guest: { kind: 'function', export: program.export, args },
    load: () => program.load(),
    runBare: async () => ({ outcome: outcomeText(await runBareFunction({ ...program, args })), stdout: '' }),
  };
}

/** A benchmark's kernel. */
function kernelTrip(name: string, arg: number, what: string): Trip {
  const { path } = kernelNamed(name);
  return {
    name,
    what,
    guest: { kind: 'function', export: 'run', args: [arg] },
    load: async () => new Uint8Array(await readFile(path)),
    runBare: async (bytes) => {
      const { instance } = await WebAssembly.instantiate(bytes);
      const run = instance.exports['run'] as (arg: number) => number; // every kernel exports it
      return { outcome: `returned ${run(arg)}`, stdout: '' };
    },
  };
}

/** Each takes about half a second on a bare engine. */
export const TRIPS: readonly Trip[] = [
  commandTrip('pi', '../../examples/pi/pi.wasm', ['6000'], 'digits of pi: loops over an array'),
  commandTrip(
    'recursion',
    '../../examples/recursion/recursion.wasm',
    ['1500', '60', '4000'],
    'C, 1500 deep through function pointers',
  ),
  kernelTrip('bytecode', 40_000_000, 'an interpreter in one function'),
  {
    name: 'quickjs',
    what: 'a JavaScript engine that runs a script',
    guest: { kind: 'quickjs' },
    load: readQuickjs,
    runBare: () => Promise.resolve({ outcome: `returned ${String(vm.runInNewContext(SCRIPT))}`, stdout: '' }),
  },
  functionTrip('eh-across-frames', [1200], 'exceptions (try) that leave a thousand frames'),
  functionTrip('eh-rethrow', [250_000], 'handlers (try) that rethrow'),
  functionTrip('exnref-loops', [2_000_000], 'handlers (try_table) in loops'),
  functionTrip('recursion-fib', [37], 'recursion and little else'),
  functionTrip('floats', [2_000_000], 'floating point'),
];

/** One stage of a journey, as it is reported. */
export interface Stage {
  readonly trip: string;
  readonly host: EngineHost;
  readonly report: HopReport;
  readonly moduleBytes: number;
  readonly snapshotBytes: number;
  /** What is wrong; empty: nothing. */
  readonly faults: readonly string[];
}

/** Where a stage begins and ends. */
interface Plan {
  readonly host: EngineHost;
  readonly untilFuel: bigint | undefined;
}

/** Stages through all hosts, `rounds` times, each with the same share of the fuel; the last one, to the end, in the first host. */
function planStages(hosts: readonly EngineHost[], rounds: number, fuel: bigint): readonly Plan[] {
  const stages = Array.from({ length: rounds }, () => hosts).flat();
  const plans: Plan[] = stages.map((host, index) => ({
    host,
    untilFuel: (fuel * BigInt(index + 1)) / BigInt(stages.length + 1),
  }));
  const [home] = hosts;
  return home === undefined ? plans : [...plans, { host: home, untilFuel: undefined }];
}

/** What is wrong with a stage on the way. */
function faultsOfStop(report: HopReport, untilFuel: bigint, whole: bigint): string[] {
  const faults: string[] = [];
  if (report.outcome !== 'stopped') faults.push(`ended as "${report.outcome}" and should have been stopped`);
  if (report.fuelUsed < untilFuel) faults.push(`was stopped at fuel ${report.fuelUsed}, before ${untilFuel}`);
  if (report.fuelUsed >= whole) faults.push(`used all the fuel: ${report.fuelUsed} of ${whole}`);
  return faults;
}

function faultsOfEnd(result: Result, fuelUsed: bigint, expected: Result, whole: bigint): string[] {
  const faults: string[] = [];
  if (result.outcome !== expected.outcome) faults.push(`gave "${result.outcome}", bare it gives "${expected.outcome}"`);
  if (result.stdout !== expected.stdout) faults.push('wrote something else than it does bare');
  if (fuelUsed !== whole) faults.push(`used fuel ${fuelUsed}, at home it uses ${whole}`);
  return faults;
}

/** Takes the journey and tells of each stage as it ends; a fault ends the journey. */
export async function runTrip(
  trip: Trip,
  hosts: readonly EngineHost[],
  rounds: number,
  exchange: Exchange,
  onStage: (stage: Stage) => void,
): Promise<void> {
  const [home] = hosts;
  if (home === undefined) throw new RangeError('a journey needs an engine');
  const bytes = await trip.load();
  const expected = await trip.runBare(bytes);
  const job = { kind: 'hop', module: exchange.put(bytes), guest: trip.guest } as const;
  const whole = await home.ask(job);
  let snapshot: string | undefined;
  let stdout = '';
  for (const { host, untilFuel } of planStages(hosts, rounds, whole.fuelUsed)) {
    const report = await host.ask({
      ...job,
      ...(snapshot === undefined ? {} : { snapshot }),
      ...(untilFuel === undefined ? {} : { untilFuel }),
    });
    stdout += report.stdout;
    const faults =
      untilFuel === undefined
        ? faultsOfEnd({ outcome: report.outcome, stdout }, report.fuelUsed, expected, whole.fuelUsed)
        : faultsOfStop(report, untilFuel, whole.fuelUsed);
    const { unwind } = ENGINES[HOSTS[host.name].engine];
    if (report.unwind !== unwind) faults.push(`unwinds by ${report.unwind}; the way of this engine is ${unwind}`);
    if (report.recaptured === false) faults.push('gave other bytes when captured than it was restored from');
    const { length: snapshotBytes } = report.snapshot === undefined ? new Uint8Array() : exchange.blob(report.snapshot);
    onStage({ trip: trip.name, host, report, moduleBytes: bytes.length, snapshotBytes, faults });
    if (faults.length > 0) return;
    snapshot = report.snapshot;
  }
}
