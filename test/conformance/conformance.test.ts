/**
 * The short form of the conformance runner: scripts and programs of our own in every mode, and that the runner notices what is wrong.
 * docs/testing.md tells how to run it with the official suites.
 */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Expectation } from './expectations.ts';
import { MODES } from './mode.ts';
import type { Report } from './report.ts';
import { runSuite, type SuiteOptions } from './suite.ts';
import { runWasiSuite } from './wasi-suite.ts';

const SCRIPTS = fileURLToPath(new URL('./scripts/', import.meta.url));
const PROGRAMS = fileURLToPath(new URL('../programs/', import.meta.url));
const TIMEOUT_MS = 120_000;

const optionsOf = (folder: string): SuiteOptions => ({ folder, modes: MODES, expectations: [], seed: 1, jobs: 1 });

/** How many checks failed, passed and were skipped, if that is the same in every mode. */
function sameInAllModes(report: Report): readonly number[] {
  const counts = Object.values(report.counts).map(({ passed, failed, skipped }) => [passed, failed, skipped]);
  expect(counts.length).toBe(MODES.length);
  for (const one of counts) expect(one).toEqual(counts[0]);
  return counts[0] ?? [];
}

let folder = '';
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'pluvio-conformance-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

it(
  'scripts of our own pass in every mode',
  async () => {
    const report = await runSuite(optionsOf(SCRIPTS));
    expect(report.failures).toEqual([]);
    const { bare, roundtrip, instrumented, stopped, 'stopped-flag': flag } = report.counts;
    expect(bare?.passed).toBeGreaterThan(90);
    expect(bare?.skipped).toBe(1); // one that is about the text format
    expect(roundtrip).toEqual(bare);
    expect(instrumented).toEqual(bare);
    expect(stopped?.passed).toBeGreaterThan(70);
    expect(flag).toEqual(stopped);
    expect(report.summary).toMatch(/not migratable: memory n is shared between threads/);
    expect(Number(/(\d+) stops;/.exec(report.summary)?.[1])).toBeGreaterThan(600);
  },
  TIMEOUT_MS,
);

describe('a script', () => {
  const WRONG = `(module
      (global (export "g") i32 (i32.const 1))
      (func (export "f") (param i32) (result i32) (loop) (i32.div_u (i32.const 8) (local.get 0))))
    (assert_return (invoke "f" (i32.const 2)) (i32.const 5))
    (assert_return (invoke "f" (i32.const 2)) (i64.const 4))
    (assert_return (invoke "f" (i32.const 0)) (i32.const 0))
    (assert_trap (invoke "f" (i32.const 2)) "integer divide by zero")
    (assert_trap (invoke "f" (i32.const 0)) "integer overflow")
    (assert_exhaustion (invoke "f" (i32.const 0)) "call stack exhausted")
    (assert_exception (invoke "f" (i32.const 0)))
    (assert_return (get "g") (i32.const 2))
    (assert_return (invoke "no such export") (i32.const 2))
    (assert_unlinkable (module) "unknown import")
    (assert_trap (module) "unreachable")
    (invoke "f" (i32.const 0))`;

  it('that says what is wrong fails, check by check, in every mode', async () => {
    await writeFile(join(folder, 'wrong.wast'), WRONG);
    const report = await runSuite(optionsOf(folder));
    expect(sameInAllModes(report)).toEqual([1, 12, 0]); // the module itself is right
    expect(report.failures.length).toBe(12 * MODES.length);
  });

  it('that takes the valid for invalid fails', async () => {
    const text =
      '(assert_invalid (module) "type mismatch") (assert_malformed (module binary "\\00asm\\01\\00\\00\\00") "end")';
    await writeFile(join(folder, 'valid.wast'), text);
    const { counts } = await runSuite({ ...optionsOf(folder), modes: ['bare', 'roundtrip', 'instrumented'] });
    for (const one of Object.values(counts)) expect(one).toEqual({ passed: 0, failed: 2, skipped: 0 });
  });

  it('that cannot be read fails', async () => {
    await writeFile(join(folder, 'broken.wast'), '(module (func');
    expect(sameInAllModes(await runSuite(optionsOf(folder)))).toEqual([0, 1, 0]);
  });

  it('that starts threads is left out', async () => {
    await writeFile(join(folder, 'threads.wast'), '(module) (thread $one (invoke "f")) (wait $one) (invoke "f")');
    expect(sameInAllModes(await runSuite(optionsOf(folder)))).toEqual([0, 0, 1]);
  });

  it('is left out while the engine lacks what it needs', async () => {
    await mkdir(join(folder, 'proposals/weather'), { recursive: true });
    await writeFile(join(folder, 'proposals/weather/rain.wast'), '(module (func (i32.const 1)))');
    const row: Expectation = { file: 'weather/', needs: '(module (func (result i64)))', reason: 'no weather' };
    const run = async (needs: string) =>
      sameInAllModes(await runSuite({ ...optionsOf(folder), expectations: [{ ...row, needs }] }));
    expect(await run('(module (func (result i64)))')).toEqual([0, 0, 1]);
    expect(await run('(module)')).toEqual([0, 1, 0]);
  });

  it('may be expected to fail, and then must', async () => {
    await writeFile(join(folder, 'wrong.wast'), WRONG);
    const row: Expectation = { file: 'wrong.wast', text: /^\(assert_return \(get/, reason: 'it is wrong' };
    const run = async (row_: Expectation) =>
      sameInAllModes(await runSuite({ ...optionsOf(folder), expectations: [row_] }));
    expect(await run(row)).toEqual([1, 11, 1]);
    expect(await run({ ...row, text: /^\(module/ })).toEqual([0, 13, 0]);
    expect(await run({ ...row, modes: /^none$/ })).toEqual([1, 12, 0]);
  });

  it('runs on several threads as on one', async () => {
    const options = { ...optionsOf(SCRIPTS), modes: ['bare', 'stopped'], only: ['ve*.wast', 'memories.wast'] } as const;
    const one = await runSuite(options);
    const two = await runSuite({ ...options, jobs: 2 });
    expect(two.counts).toEqual(one.counts);
    expect(one.counts['bare']?.passed).toBe(17);
  });
});

describe('programs of WASI 0.1', () => {
  const place = async (name: string, description: object | undefined, program: string): Promise<void> => {
    await copyFile(join(PROGRAMS, program), join(folder, `${name}.wasm`));
    if (description !== undefined) await writeFile(join(folder, `${name}.json`), JSON.stringify(description));
  };

  beforeEach(async () => {
    await writeFile(join(folder, 'manifest.json'), '{ "name": "own", "version": "wasm32-wasip1" }');
  });

  it(
    'pass in every mode, as their descriptions say',
    async () => {
      const given = { args: ['5', 'x'], env: { A: 'b c' }, exit_code: 5 };
      const stdout = (name: string) => `arg 0 ${name}.wasm\narg 1 5\narg 2 x\nenv A=b c\n0 lines, sum 0\n`;
      const stderr = 'at end: 1\n';
      await place('older', { ...given, stdout: stdout('older'), stderr }, 'wasi/echo.wasm');
      const operations = [
        { type: 'run', args: given.args, env: given.env },
        { type: 'read', payload: stdout('newer') },
        { type: 'read', id: 'stderr', payload: stderr },
        { type: 'wait', exit_code: 5 },
      ];
      await place('newer', { operations }, 'wasi/echo.wasm');
      await mkdir(join(folder, 'root/base'), { recursive: true });
      await place('files', { root: 'root', exit_code: 3 }, 'wasi/directories.wasm');
      await mkdir(join(folder, 'later'));
      await writeFile(join(folder, 'later/manifest.json'), '{ "version": "wasm32-wasip3" }');
      await copyFile(join(PROGRAMS, 'wasi/echo.wasm'), join(folder, 'later/echo.wasm'));
      const report = await runWasiSuite(optionsOf(folder));
      expect(report.failures).toEqual([]);
      expect(sameInAllModes(report)).toEqual([3, 0, 1]);
      expect(Number(/(\d+) stops;/.exec(report.summary)?.[1])).toBeGreaterThan(100);
    },
    TIMEOUT_MS,
  );

  it('fail if they exit or write otherwise', async () => {
    await place('code', { exit_code: 1 }, 'wasi/echo.wasm');
    await place('output', { stdout: 'nothing' }, 'wasi/echo.wasm');
    await place('plain', undefined, 'wasi/echo.wasm');
    await place('unknown', { operations: [{ type: 'connect' }] }, 'wasi/echo.wasm');
    expect(sameInAllModes(await runWasiSuite(optionsOf(folder)))).toEqual([1, 3, 0]);
  });
});
