/** What making a module stoppable takes: time, bytes, and the engine's time to compile the larger module. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Benchmark, progress } from './benchmark.ts';
import { measureModule, type ModuleInstrumentation } from './measure-module.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import { LARGE_MODULE, MODULES_BY_SIZE, REAL_MODULES, type RealModule } from './modules.ts';
import { type BenchOptions, chosen } from './options.ts';
import { formatTable, spread } from './table.ts';

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
  /** A module with 20 MB of code in a fresh process, by the clock; undefined if it was not measured. */
  readonly cold_20mb_ms: number | undefined;
  /** The same: time on a core. */
  readonly cold_20mb_cpu_ms: number | undefined;
  readonly per_module: Readonly<Record<string, ModuleInstrumentation>>;
  /** With `--growth`: parts of one module, the smallest first. */
  readonly by_size: readonly ModuleInstrumentation[];
}

async function measureAll(
  entries: readonly RealModule[],
  options: BenchOptions,
): Promise<Record<string, ModuleInstrumentation>> {
  const found: Record<string, ModuleInstrumentation> = {};
  for (const entry of entries) {
    const folder = mkdtempSync(join(tmpdir(), 'pluvio-bench-'));
    try {
      const one = await measureModule(entry, folder, options);
      found[entry.name] = one;
      progress(`${entry.name}: ${one.ms_per_mb} ms/MB, size ${one.size_ratio}, compile ${one.compile_ratio.median}`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  return found;
}

async function measure(options: BenchOptions): Promise<InstrumentResult> {
  const before = machine();
  const taken = (entries: readonly RealModule[]): RealModule[] =>
    entries.filter(({ small }) => small || !options.quick);
  const modules = await measureAll(chosen(taken(REAL_MODULES), options.only), options);
  const bySize = options.growth ? await measureAll(taken(MODULES_BY_SIZE), options) : {};
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
    cold_20mb_ms: modules[LARGE_MODULE]?.cold_wall_ms.median,
    cold_20mb_cpu_ms: modules[LARGE_MODULE]?.cold_ms.median,
    per_module: modules,
    by_size: Object.values(bySize),
  };
}

/** The table alone. */
export function instrumentTable({ per_module }: Pick<InstrumentResult, 'per_module'>): string {
  const rows = Object.entries(per_module).map(([name, module]) => [
    name,
    `${module.file_mb} (${module.code_mb})`,
    `${module.ms_per_mb} (${module.ms_per_mb_of_code})`,
    module.cold_wall_ms.median.toFixed(0),
    `${module.size_ratio} (${module.code_size_ratio})`,
    spread(module.compile_ratio),
    spread(module.compile_eager_ratio),
  ]);
  const header = [
    'module',
    'MB (code)',
    'ms/MB (of code)',
    'cold, ms',
    'size ratio (code)',
    'compile ratio',
    'eagerly',
  ];
  return formatTable(header, rows);
}

export const instrument: Benchmark<InstrumentResult> = {
  question: 'What does making a module stoppable take?',
  measure,
  format: (result) => `${machineLine(result.machine)}\n\n${instrumentTable(result)}`,
};
