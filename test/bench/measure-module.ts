/** What making one module stoppable takes. */
import { join } from 'node:path';
import { rotated } from './benchmark.ts';
import { runChild } from './child.ts';
import type { CompileJob, CompileTimes } from './children/compile-module.ts';
import type { InstrumentJob, InstrumentTimes } from './children/instrument-module.ts';
import { modulePath, type RealModule } from './modules.ts';
import type { BenchOptions } from './options.ts';
import { mean, median, round, summarise, type Summary } from './statistics.ts';
import type { Elapsed } from './stopwatch.ts';

/** At most so many of a process's last repetitions count as warm, and no more than half of them. */
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
  /** The same: time on a core. */
  readonly cold_ms: Summary;
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

/** @param folder Takes the module's other forms. */
export async function measureModule(
  entry: RealModule,
  folder: string,
  options: BenchOptions,
): Promise<ModuleInstrumentation> {
  const original = modulePath(entry, folder);
  const instrumented = join(folder, 'instrumented.wasm');
  const repetitions = options.quick ? 2 : entry.repetitions;
  const job: InstrumentJob = { path: original, repetitions, output: instrumented };
  const runs: InstrumentTimes[] = [];
  for (let turn = 0; turn < options.rounds; turn++)
    runs.push(await runChild<InstrumentTimes>('instrument-module', job));
  const [shape] = runs;
  if (shape === undefined) throw new Error(`nothing was measured of ${entry.name}`);
  const warm = runs.map(({ times }) => times.slice(-Math.min(WARM, repetitions >> 1)));
  const warmMs = summarise(warm.map((times) => mean(times.map(({ cpuMs }) => cpuMs))));
  const first = runs.flatMap(({ times }) => times.slice(0, 1));
  const cold = summarise(first.map(({ wallMs }) => wallMs));
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
    cold_ms: summarise(first.map(({ cpuMs }) => cpuMs)),
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
