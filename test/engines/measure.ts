/**
 * What each way of unwinding costs in each engine: `node test/engines/measure.ts [--hosts bun,…] [--only KERNEL,…] [--rounds N] [--json]`.
 *
 * The figures that runtime/engine/engines.ts is chosen by. Standard output has the tables of docs/engines.md, or one JSON object; progress is on
 * standard error.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Kernel, KERNELS } from '../bench/kernels.ts';
import { machine, machineLine } from '../bench/machine.ts';
import { chosen } from '../bench/options.ts';
import { geomean, round } from '../bench/statistics.ts';
import { formatTable } from '../bench/table.ts';
import { assembleModule } from '../engine/text-module.ts';
import { type EngineHost, HOST_NAMES, type HostName, missingHosts, openHost } from './engine-hosts.ts';
import { Exchange } from './exchange.ts';
import { type UnwindReport, type Variant, VARIANTS } from './wire.ts';

/** Calls per job; the first one is left out, as the engine has not optimised the code yet. */
const CALLS = 4;
const DEPTHS = [1, 100, 10_000] as const;
/** How often a stack of that depth is left and come back to. */
const repetitionsAt = (depth: number): number => (depth > 1000 ? 10 : 200);

type Instrumented = Exclude<Variant, 'bare'>;
const INSTRUMENTED = VARIANTS.filter((variant): variant is Instrumented => variant !== 'bare');

interface VariantFigures {
  /** Of the kernels' times to those of the bare engine. */
  readonly geomean: number;
  readonly worst: number;
  readonly worst_kernel: string;
  readonly per_kernel: Readonly<Record<string, number>>;
  /** By depth; null: the engine's stack is not that deep. */
  readonly unwind: Readonly<Record<number, UnwindReport['means'] | null>>;
}

interface HostFigures {
  readonly version: string;
  readonly bare_ms: Readonly<Record<string, number>>;
  readonly variants: Readonly<Record<Instrumented, VariantFigures>>;
}

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: HOST_NAMES.join(',') },
    only: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const isHost = (name: string): name is HostName => HOST_NAMES.some((known) => known === name);

/** The best time of a kernel by variant: what other work on the machine adds is never negative. */
async function timeKernel(host: EngineHost, kernel: Kernel, module: string): Promise<Record<Variant, number>> {
  const best: Record<Variant, number> = { bare: Infinity, throw: Infinity, 'throw-table': Infinity, flag: Infinity };
  const { arg, result } = kernel;
  for (let turn = 0; turn < Number(values.rounds); turn++) {
    for (const variant of VARIANTS) {
      const { times } = await host.ask({ kind: 'kernel', module, variant, arg, result, calls: CALLS });
      best[variant] = Math.min(best[variant], ...times.slice(1));
    }
  }
  return best;
}

async function timeUnwinding(
  host: EngineHost,
  variant: Instrumented,
  module: string,
): Promise<VariantFigures['unwind']> {
  const figures: Record<number, UnwindReport['means'] | null> = {};
  for (const depth of DEPTHS) {
    const job = { kind: 'unwind', module, variant, depth, repetitions: repetitionsAt(depth) } as const;
    const { means } = await host.ask(job);
    figures[depth] = means ?? null;
  }
  return figures;
}

async function measureHost(host: EngineHost, exchange: Exchange): Promise<HostFigures> {
  const times = new Map<string, Record<Variant, number>>();
  for (const kernel of chosen(KERNELS, values.only?.split(',') ?? [])) {
    const best = await timeKernel(host, kernel, exchange.put(await readFile(kernel.path)));
    times.set(kernel.name, best);
    const ratios = INSTRUMENTED.map((variant) => `${variant} ${(best[variant] / best.bare).toFixed(2)}`);
    process.stderr.write(`${host.name}, ${kernel.name}: bare ${best.bare.toFixed(0)} ms, ${ratios.join(', ')}\n`);
  }
  const deep = exchange.put(
    await assembleModule(await readFile(new URL('../bench/programs/deep.wat', import.meta.url), 'utf8')),
  );
  const figuresOf = async (variant: Instrumented): Promise<VariantFigures> => {
    const ratios = [...times].map(([name, best]) => [name, round(best[variant] / best.bare)] as const);
    const [worst_kernel, worst] = ratios.reduce((most, one) => (one[1] > most[1] ? one : most));
    const unwind = await timeUnwinding(host, variant, deep);
    process.stderr.write(`${host.name}, ${variant}: unwinding ${JSON.stringify(unwind)}\n`);
    const mean = round(geomean(ratios.map(([, ratio]) => ratio)));
    return { geomean: mean, worst, worst_kernel, per_kernel: Object.fromEntries(ratios), unwind };
  };
  return {
    version: host.version,
    bare_ms: Object.fromEntries([...times].map(([name, { bare }]) => [name, round(bare)])),
    variants: {
      throw: await figuresOf('throw'),
      'throw-table': await figuresOf('throw-table'),
      flag: await figuresOf('flag'),
    },
  };
}

const NAMES: Readonly<Record<Instrumented, string>> = {
  throw: 'throw, `try`',
  'throw-table': 'throw, `try_table`',
  flag: 'flag',
};

/** Microseconds with two significant digits, or milliseconds. */
const duration = (us: number): string =>
  us >= 1000 ? `${Number((us / 1000).toPrecision(2))} ms` : `${Number(us.toPrecision(2))} µs`;

function rowsOf([name, { version, variants }]: readonly [string, HostFigures]): string[][] {
  return INSTRUMENTED.map((variant) => {
    const { geomean: mean, worst, worst_kernel, unwind } = variants[variant];
    const cells = DEPTHS.map((depth) => {
      const means = unwind[depth];
      return means === null || means === undefined
        ? 'too deep'
        : `${duration(means.leaveUs)} / ${duration(means.returnUs)}`;
    });
    return [`${name} ${version}`, NAMES[variant], mean.toFixed(2), `${worst.toFixed(2)} (${worst_kernel})`, ...cells];
  });
}

function formatFigures(figures: Readonly<Record<string, HostFigures>>): string {
  const header = [
    'engine',
    'unwinding',
    'kernels',
    'worst kernel',
    ...DEPTHS.map((depth) => `depth ${depth}: leave / return`),
  ];
  const ratios = Object.entries(figures).flatMap(([name, { variants }]) =>
    INSTRUMENTED.map((variant) => [
      `${name}, ${variant}`,
      ...Object.values(variants[variant].per_kernel).map((ratio) => ratio.toFixed(2)),
    ]),
  );
  const [first] = Object.values(figures);
  const kernels = Object.keys(first?.bare_ms ?? {});
  return `${formatTable(header, Object.entries(figures).flatMap(rowsOf))}\n\n${formatTable(['', ...kernels], ratios)}`;
}

const names = values.hosts.split(',').filter(isHost);
const missing = missingHosts(names);
if (missing !== undefined) throw new Error(missing);
const before = machine();
const exchange = await Exchange.open();
const figures: Record<string, HostFigures> = {};
try {
  for (const name of names) {
    const host = await openHost(name, exchange);
    try {
      figures[name] = await measureHost(host, exchange);
    } finally {
      await host.close();
    }
  }
} finally {
  await exchange.close();
}
process.stdout.write(
  values.json
    ? `${JSON.stringify({ benchmark: 'engines', machine: before, rounds: Number(values.rounds), engines: figures })}\n`
    : `${machineLine(before)}\n\n${formatFigures(figures)}\n`,
);
