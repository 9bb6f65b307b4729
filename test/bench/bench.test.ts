import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { meterText } from './asyncify.ts';
import { requireTool } from '../requires.ts';
import { geomean, median, summarise } from './statistics.ts';

const RUN = fileURLToPath(new URL('./run.ts', import.meta.url));
const TIMEOUT_MS = 300_000;

/** Matchers are untyped: `unknown` is what the tables below need. */
const containing = (text: string): unknown => expect.stringContaining(text);
const positive: unknown = expect.toSatisfy(
  (value: unknown) => typeof value === 'number' && value > 0,
  'a positive number',
);
const number: unknown = expect.any(Number);
const summary = { median: positive, mad: number, min: positive, max: positive, count: 1 };
const machine = { engine: containing('V8'), cores: positive };

/** Each benchmark with the least work, and the keys that it must give. */
const CASES = [
  {
    args: ['overhead', '--only', 'fib,crc32'],
    keys: {
      benchmark: 'overhead',
      machine,
      geomean: positive,
      worst: positive,
      asyncify_geomean: positive,
      asyncify_unmetered_geomean: positive,
      per_kernel: {
        fib: { ratio: summary, asyncify_ratio: summary, asyncify_unmetered_ratio: summary, first_ratio: summary },
        crc32: { ratio: summary, asyncify_ratio: summary, asyncify_unmetered_ratio: summary, first_ratio: summary },
      },
    },
  },
  {
    args: ['real'],
    keys: {
      benchmark: 'real',
      machine,
      geomean: positive,
      worst: positive,
      per_program: {
        quickjs: { ratio: summary },
        sqlite: { ratio: summary },
        oniguruma: { ratio: summary },
        'wasm-tools': { ratio: summary },
        zstd: { ratio: summary },
        oxipng: { ratio: summary },
        flite: { ratio: summary },
      },
    },
  },
  {
    args: ['reentry', '--only', 'sieve,bytecode'],
    keys: {
      benchmark: 'reentry',
      machine,
      ratio: positive,
      per_kernel: { sieve: { ratio: summary }, bytecode: { ratio: summary } },
    },
  },
  {
    args: ['instrument', '--growth'],
    keys: {
      benchmark: 'instrument',
      machine,
      ms_per_mb: positive,
      size_ratio: positive,
      compile_ratio: positive,
      per_module: { quickjs: { warm_ms: summary, compile_ratio: summary, code_size_ratio: positive } },
      by_size: [{ warm_ms: summary }, { warm_ms: summary, code_mb: positive }],
    },
  },
  {
    args: ['snapshot'],
    keys: {
      benchmark: 'snapshot',
      machine,
      small_ms: positive,
      large_ms: positive,
      bytes_small: positive,
      stop_us: positive,
      resume_us: positive,
      delta_ms: positive,
      small: { ms: summary, copy_ratio: summary, delta_ms: summary },
    },
  },
  {
    args: ['fork'],
    keys: { benchmark: 'fork', machine, small_us: positive, waiting_us: positive, clone_ratio: summary },
  },
  {
    args: ['project'],
    keys: {
      benchmark: 'project',
      machine,
      rounds: 1,
      build_s: summary,
      start_s: summary,
      dev_s: { ...summary, count: 3 },
    },
  },
  {
    args: ['cli'],
    keys: {
      benchmark: 'cli',
      machine,
      ratio: positive,
      per_program: { empty: { ms: summary }, version: { ratio: summary }, help: { ratio: summary } },
    },
  },
  {
    args: ['workers'],
    keys: {
      benchmark: 'workers',
      machine,
      memory_kib: number,
      wake_us: positive,
      by_workers: [
        { workers: 1, create_us: summary },
        { workers: 10, wake_us: summary, bare_create_us: summary },
      ],
    },
  },
  {
    args: ['unwind'],
    keys: {
      benchmark: 'unwind',
      machine,
      stop_us_depth10: positive,
      stop_us_depth10000: positive,
      resume_us_depth10: positive,
      by_depth: [
        { depth: 10, stop_us: summary, bare_throw_us: summary },
        { depth: 10_000, wake_us: summary },
      ],
    },
  },
];

/** Of a node. A case that the node cannot serve ends with the reason. */
const NODE_CASES = [
  {
    args: ['http'],
    needs: 'wrk',
    keys: {
      benchmark: 'http',
      machine,
      vs_hono: positive,
      vs_workerd: positive,
      per_server: { pluvio: { per_second: summary }, hono: { ratio: summary }, workerd: { p99_ms: summary } },
    },
  },
  {
    args: ['density'],
    keys: {
      benchmark: 'density',
      machine,
      live: 50,
      start_us: positive,
      rss_kib_each: number,
      start_answer_ms: summary,
    },
  },
  { args: ['wake'], keys: { benchmark: 'wake', machine, hibernated: 50, p50_ms: positive, p99_ms: positive } },
  {
    args: ['fairness'],
    keys: { benchmark: 'fairness', machine, p99_ratio: number, spinners: positive, slice_ms: positive },
  },
  { args: ['journal'], keys: { benchmark: 'journal', machine, per_second: positive } },
  {
    args: ['call'],
    keys: {
      benchmark: 'call',
      machine,
      ratio: positive,
      wire_ratio: positive,
      per_policy: { never: { ratio: summary, per_way: { typed: { us: summary } } }, idle: { wire_ratio: summary } },
    },
  },
  {
    args: ['component'],
    keys: {
      benchmark: 'component',
      machine,
      call_ratio: positive,
      worst_ratio: positive,
      per_case: { text: { ratio: summary, pluvio_us: summary, jco_us: summary } },
    },
  },
  {
    args: ['checkpoint'],
    keys: { benchmark: 'checkpoint', machine, kept_bytes: positive, ratio: positive, keys_ratio: positive },
  },
] as const;

test.for(NODE_CASES)(
  '$args.0 gives its keys, or says what the node lacks',
  { timeout: TIMEOUT_MS },
  async (row, { skip }) => {
    const reason = 'needs' in row ? requireTool(row.needs) : undefined;
    if (reason !== undefined) skip(reason);
    const run = promisify(execFile)(process.execPath, [RUN, ...row.args, '--quick', '--json'], { timeout: TIMEOUT_MS });
    const { code, stdout, stderr } = await run.then(
      (output) => ({ code: 0, ...output }),
      (error: unknown) => error as { code: number; stdout: string; stderr: string },
    );
    if (code !== 0) return void expect({ code, stderr }).toEqual({ code: 1, stderr: containing('this node has no ') });
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject(row.keys);
  },
);

test.each(CASES)('$args.0 gives its keys', { timeout: TIMEOUT_MS }, async ({ args, keys }) => {
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, ...args, '--quick', '--json'], {
    timeout: TIMEOUT_MS,
  });
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  expect(JSON.parse(last)).toMatchObject(keys);
});

test.each([[['no-such-benchmark']], [[]]])('refuses %j with the usage', async (args) => {
  const failure = promisify(execFile)(process.execPath, [RUN, ...args]);
  await expect(failure).rejects.toMatchObject({ code: 2, stdout: '', stderr: containing('overhead') });
});

test('a metered module charges at function entries and loop headers', () => {
  const text = [
    '(module',
    ' (func $0 (param $0 i32)',
    '  (local $1 i32)',
    '  (loop $label',
    '   (nop)',
    '  )',
    ' )',
    ')',
  ];
  const lines = meterText(text.join('\n')).split('\n');
  const charged = lines.flatMap((line, at) => (line.startsWith('(global.set $pluvio_fuel') ? [lines[at - 1]] : []));
  expect(charged).toEqual(['  (local $1 i32)', '  (loop $label']);
});

test('statistics of small samples', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(() => median([])).toThrow(RangeError);
  expect(geomean([0.5, 2])).toBeCloseTo(1);
  expect(summarise([1, 2, 6])).toEqual({ median: 2, mad: 1, min: 1, max: 6, count: 3 });
});
