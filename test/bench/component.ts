/** What a call of a component costs in process, against jco's own: the same component, run by glue that jco has generated for it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import type { ValueType } from '../../runtime/component/value-types.ts';
import { createWorker, loadModule } from '../../runtime/index.ts';
import { componentText } from '../component/canonical-component.ts';
import { componentOf } from '../component/tools.ts';
import { type Benchmark, progress, rotated } from './benchmark.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { geomean, round, summarise, type Summary } from './statistics.ts';
import { formatTable, range, spread } from './table.ts';

const CALLS = 2000;
const QUICK_CALLS = 10;

const TEXT: ValueType = { kind: 'string' };
const RECORD: ValueType = {
  kind: 'record',
  fields: [
    ['name', TEXT],
    ['age', { kind: 'u32' }],
    ['tags', { kind: 'list', element: TEXT }],
  ],
};
const ROW: ValueType = {
  kind: 'record',
  fields: [
    ['id', { kind: 'u32' }],
    ['x', { kind: 'f64' }],
    ['y', { kind: 'f64' }],
  ],
};

/** What is given and given back, and how many calls count as one. */
const CASES = {
  text: { type: TEXT, value: 'a text of thirty-two characters!', share: 1 },
  record: { type: RECORD, value: { name: 'Ada', age: 36, tags: ['one', 'two'] }, share: 1 },
  'bytes, 4 KiB': { type: { kind: 'list', element: { kind: 'u8' } }, value: new Uint8Array(4096).fill(7), share: 1 },
  'texts, 100': { type: { kind: 'list', element: TEXT }, value: Array<string>(100).fill('a short text'), share: 20 },
  'records, 100': {
    type: { kind: 'list', element: ROW },
    value: Array.from({ length: 100 }, (_, id) => ({ id, x: id / 3, y: -id })),
    share: 20,
  },
} as const satisfies Record<string, { type: ValueType; value: unknown; share: number }>;
type CaseName = keyof typeof CASES;
const NAMES = Object.keys(CASES) as readonly CaseName[]; // the table has exactly these keys

type Call = (name: string, args: readonly unknown[]) => unknown;

export interface ComponentResult {
  readonly benchmark: 'component';
  readonly machine: Machine;
  readonly rounds: number;
  /** Pluvio to jco: the geometric mean of all cases, and the worst. */
  readonly call_ratio: number;
  readonly worst_ratio: number;
  readonly per_case: Readonly<
    Record<CaseName, { readonly pluvio_us: Summary; readonly jco_us: Summary; readonly ratio: Summary }>
  >;
}

/** What the host gives and takes. */
const hostFunctions = (): Record<string, (value: unknown) => unknown> =>
  Object.fromEntries(
    NAMES.flatMap((name, index) => [
      [`put-${index}`, (): unknown => undefined] as const,
      [`get-${index}`, (): unknown => CASES[name].value] as const,
    ]),
  );

async function pluvioCall(bytes: Uint8Array): Promise<Call> {
  const worker = await createWorker(await loadModule(bytes), { imports: { $root: hostFunctions() } });
  return (name, args) => worker.call(name, args);
}

async function jcoCall(bytes: Uint8Array): Promise<Call> {
  const { files } = await transpileBytes(bytes, {
    name: 'component',
    instantiation: 'async',
    nodejsCompat: false,
    wasiShim: false,
    tlaCompat: false,
    base64Cutoff: 0,
  });
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-jco-'));
  try {
    const path = join(folder, 'component.mjs');
    await writeFile(path, files['component.js'] ?? '');
    const { instantiate } = (await import(pathToFileURL(path).href)) as {
      instantiate: (...args: unknown[]) => unknown;
    }; // as jco writes it
    const imports = Object.fromEntries(
      Object.entries(hostFunctions()).map(([name, func]) => [name, { default: func }]),
    );
    const getCore = (name: string): WebAssembly.Module =>
      new WebAssembly.Module((files[name] ?? new Uint8Array()).slice());
    const exports = (await instantiate(getCore, imports)) as Record<string, (...args: readonly unknown[]) => unknown>;
    const camel = (name: string): string => name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    return (name, args) => exports[camel(name)]?.(...args);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Microseconds of one call that gives, and one that takes. */
async function timeOf(call: Call, index: number, name: CaseName, calls: number): Promise<number> {
  const count = Math.max(1, Math.round(calls / CASES[name].share));
  const args = [CASES[name].value];
  const beganMs = performance.now();
  for (let turn = 0; turn < count; turn++) {
    await call(`take-${index}`, args);
    await call(`give-${index}`, []);
  }
  return ((performance.now() - beganMs) * 1000) / (2 * count);
}

async function measure({ quick, rounds }: BenchOptions): Promise<ComponentResult> {
  const where = machine();
  const bytes = await componentOf(componentText(NAMES.map((name) => CASES[name].type)));
  const ways = { pluvio: await pluvioCall(bytes), jco: await jcoCall(bytes) };
  const calls = quick ? QUICK_CALLS : CALLS;
  const times: Record<'pluvio' | 'jco', Record<CaseName, number[]>> = { pluvio: empty(), jco: empty() };
  const order = ['pluvio', 'jco'] as const;
  for (let turn = -1; turn < rounds; turn++) {
    for (const [index, name] of NAMES.entries()) {
      for (const way of rotated(order, Math.max(0, turn))) {
        const us = await timeOf(ways[way], index, name, calls);
        if (turn >= 0) times[way][name].push(us); // the first round warms up
      }
    }
    if (turn >= 0) progress(`round ${turn + 1} of ${rounds}`);
  }
  const resultOf = (name: CaseName) => ({
    pluvio_us: summarise(times.pluvio[name]),
    jco_us: summarise(times.jco[name]),
    ratio: summarise(times.pluvio[name].map((us, index) => us / (times.jco[name][index] ?? us))),
  });
  const perCase = Object.fromEntries(NAMES.map((name) => [name, resultOf(name)])) as ComponentResult['per_case']; // of all names
  const ratios = NAMES.map((name) => perCase[name].ratio.median);
  return {
    benchmark: 'component',
    machine: where,
    rounds,
    call_ratio: round(geomean(ratios)),
    worst_ratio: round(Math.max(...ratios)),
    per_case: perCase,
  };
}

const empty = (): Record<CaseName, number[]> =>
  Object.fromEntries(NAMES.map((name) => [name, []])) as unknown as Record<CaseName, number[]>; // of all names

function format({ machine: where, per_case }: ComponentResult): string {
  const rows = NAMES.map((name) => {
    const { pluvio_us, jco_us, ratio } = per_case[name];
    return [name, range(pluvio_us), range(jco_us), spread(ratio)];
  });
  return `${machineLine(where)}\n\n${formatTable(['value', 'Pluvio, µs', 'jco, µs', 'Pluvio / jco'], rows)}`;
}

export const component: Benchmark<ComponentResult> = {
  question: 'What does a call of a component cost, against jco?',
  measure,
  format,
};
