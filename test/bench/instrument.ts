/** What making a module stoppable takes: time, bytes, and the engine's time to compile the larger module. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Benchmark, progress, rotated } from './benchmark.ts';
import { runChild } from './child.ts';
import type { CompileJob, CompileTimes } from './children/compile-module.ts';
import type { InstrumentJob, InstrumentTimes } from './children/instrument-module.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import { REAL_MODULES, type RealModule } from './modules.ts';
import { type BenchOptions, chosen } from './options.ts';
import { mean, median, round, summarise, type Summary } from './statistics.ts';
import type { Elapsed } from './stopwatch.ts';
import { formatTable, spread } from './table.ts';

const REPETITIONS = 12;
/** Repetitions that count as warm. */
const WARM = 5;
const COMPILATIONS = 5;
const BYTES_PER_MB = 1e6;

/** The engine compiles a function when it is first called, unless it is told to compile all at once (with its baseline compiler). */
const COMPILE_MODES = { lazy: [], eager: ['--no-wasm-lazy-compilation'] } as const;
type CompileMode = keyof typeof COMPILE_MODES;

export interface ModuleInstrumentation {
  readonly file_mb: number;
  readonly code_mb: number;
  readonly functions: number;
  /** Decoding, validating and instrumenting, warm: time on a core. */
  readonly warm_ms: Summary;
  /** The same by the clock. */
  readonly warm_wall_ms: Summary;
  /** In a fresh process, by the clock. */
  readonly cold_wall_ms: Summary;
  readonly ms_per_mb: number;
  readonly ms_per_mb_of_code: number;
  readonly cold_ms_per_mb: number;
  readonly size_ratio: number;
  /** Instrumented to original, of the function bodies alone. */
  readonly code_size_ratio: number;
  /** `new WebAssembly.Module`, instrumented to original, by the clock. */
  readonly compile_ratio: Summary;
  readonly compile_eager_ratio: Summary;
  readonly compile_ms: Summary;
  readonly compile_eager_ms: Summary;
}

export interface InstrumentResult {
  readonly benchmark: 'instrument';
  readonly machine: Machine;
  readonly rounds: number;
  /** These are of the module where they are worst. */
  readonly ms_per_mb: number;
  readonly cold_ms_per_mb: number;
  readonly size_ratio: number;
  readonly compile_ratio: number;
  readonly compile_eager_ratio: number;
  readonly per_module: Readonly<Record<string, ModuleInstrumentation>>;
}

interface Compiled {
  readonly original: number[];
  readonly instrumented: number[];
}

const wallOf = (times: readonly Elapsed[]): number => median(times.map(({ wallMs }) => wallMs));

async function measureCompile(
  paths: Record<keyof Compiled, string>,
  mode: CompileMode,
  options: BenchOptions,
): Promise<Compiled> {
  const found: Compiled = { original: [], instrumented: [] };
  for (let turn = 0; turn < options.rounds; turn++) {
    for (const form of rotated(['original', 'instrumented'] as const, turn)) {
      const job: CompileJob = { path: paths[form], repetitions: options.quick ? 1 : COMPILATIONS };
      const { times } = await runChild<CompileTimes>('compile-module', job, COMPILE_MODES[mode]);
      found[form].push(wallOf(times));
    }
  }
  return found;
}

const compileRatio = ({ original, instrumented }: Compiled): Summary =>
  summarise(instrumented.map((value, at) => value / (original[at] ?? Number.NaN)));

async function measureModule(entry: RealModule, folder: string, options: BenchOptions): Promise<ModuleInstrumentation> {
  const original = fileURLToPath(entry.path);
  const instrumented = join(folder, `${entry.name}.wasm`);
  const job: InstrumentJob = { path: original, repetitions: options.quick ? 2 : REPETITIONS, output: instrumented };
  const runs: InstrumentTimes[] = [];
  for (let turn = 0; turn < options.rounds; turn++)
    runs.push(await runChild<InstrumentTimes>('instrument-module', job));
  const [shape] = runs;
  if (shape === undefined) throw new Error(`nothing was measured of ${entry.name}`);
  const warm = runs.map(({ times }) => times.slice(-WARM));
  const warmMs = summarise(warm.map((times) => mean(times.map(({ cpuMs }) => cpuMs))));
  const cold = summarise(runs.flatMap(({ times }) => times.slice(0, 1).map(({ wallMs }) => wallMs)));
  const lazy = await measureCompile({ original, instrumented }, 'lazy', options);
  const eager = await measureCompile({ original, instrumented }, 'eager', options);
  const fileMb = shape.fileBytes / BYTES_PER_MB;
  const codeMb = shape.codeBytes / BYTES_PER_MB;
  return {
    file_mb: round(fileMb),
    code_mb: round(codeMb),
    functions: shape.functions,
    warm_ms: warmMs,
    warm_wall_ms: summarise(warm.map(wallOf)),
    cold_wall_ms: cold,
    ms_per_mb: round(warmMs.median / fileMb),
    ms_per_mb_of_code: round(warmMs.median / codeMb),
    cold_ms_per_mb: round(cold.median / fileMb),
    size_ratio: round(shape.instrumentedBytes / shape.fileBytes),
    code_size_ratio: round(shape.instrumentedCodeBytes / shape.codeBytes),
    compile_ratio: compileRatio(lazy),
    compile_eager_ratio: compileRatio(eager),
    compile_ms: summarise(lazy.instrumented),
    compile_eager_ms: summarise(eager.instrumented),
  };
}

async function measure(options: BenchOptions): Promise<InstrumentResult> {
  const before = machine();
  const modules: Record<string, ModuleInstrumentation> = {};
  const folder = mkdtempSync(join(tmpdir(), 'pluvio-bench-'));
  try {
    const wanted = REAL_MODULES.filter(({ small }) => small || !options.quick);
    for (const entry of chosen(wanted, options.only)) {
      const found = await measureModule(entry, folder, options);
      modules[entry.name] = found;
      progress(
        `${entry.name}: ${found.ms_per_mb} ms/MB, size ${found.size_ratio}, compile ${found.compile_ratio.median}`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const worst = (read: (module: ModuleInstrumentation) => number): number =>
    Math.max(...Object.values(modules).map(read));
  return {
    benchmark: 'instrument',
    machine: before,
    rounds: options.rounds,
    ms_per_mb: worst(({ ms_per_mb }) => ms_per_mb),
    cold_ms_per_mb: worst(({ cold_ms_per_mb }) => cold_ms_per_mb),
    size_ratio: worst(({ size_ratio }) => size_ratio),
    compile_ratio: worst(({ compile_ratio }) => compile_ratio.median),
    compile_eager_ratio: worst(({ compile_eager_ratio }) => compile_eager_ratio.median),
    per_module: modules,
  };
}

function format(result: InstrumentResult): string {
  const rows = Object.entries(result.per_module).map(([name, module]) => [
    name,
    `${module.file_mb} (${module.code_mb})`,
    `${module.ms_per_mb} (${module.ms_per_mb_of_code})`,
    `${module.cold_ms_per_mb}`,
    `${module.size_ratio} (${module.code_size_ratio})`,
    spread(module.compile_ratio),
    spread(module.compile_eager_ratio),
  ]);
  const header = ['module', 'MB (code)', 'ms/MB (of code)', 'cold', 'size ratio (code)', 'compile ratio', 'eagerly'];
  return `${machineLine(result.machine)}\n\n${formatTable(header, rows)}`;
}

export const instrument: Benchmark<InstrumentResult> = {
  question: 'What does making a module stoppable take?',
  measure,
  format,
};
