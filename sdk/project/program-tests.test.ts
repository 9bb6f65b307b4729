/** Tests of projects in C and Rust, run in the sandbox. */
import { expect, it } from 'vitest';
import { requireTool, rustForWasi } from '../../test/requires.ts';
import { type GuestTestResult, runGuestTests } from './guest-tests.ts';
import { loadProject, type Project } from './load-project.ts';
import { projectFolder } from './testing/projects.ts';

const BUILD = { command: ['true'], module: 'build/x.wasm' };

async function project(files: Readonly<Record<string, string>>, fields: object): Promise<Project> {
  return loadProject(
    await projectFolder({ ...files, 'pluvio.json': JSON.stringify({ name: 'x', build: BUILD, ...fields }) }),
  );
}

async function run(tests: Project): Promise<GuestTestResult[]> {
  const results: GuestTestResult[] = [];
  for await (const result of runGuestTests(tests)) results.push(result);
  return results;
}

const MODULE = 'build/tests.wasm';
const SDK = new URL('../c/', import.meta.url).pathname;
const clang = (...options: readonly string[]): object => ({
  command: ['clang-22', '--target=wasm32-wasi', '-I', SDK, ...options, '-o', MODULE, 'tests/all.c'],
  module: MODULE,
});

const C_TESTS = `#include <assert.h>
#include <pluvio.h>
#include <stdio.h>
#include <stdlib.h>
static int before = 0;
#define TEST(name) PLUVIO_EXPORT(name) void name(void)
TEST(test_passes) { assert(before++ == 0 && pluvio_kv_set("a", "1", 1) == 0); }
TEST(test_is_alone) { assert(before == 0 && pluvio_kv_get("a") == PLUVIO_NOT_FOUND); }
TEST(test_asserts) { assert(1 + 1 == 3); }
TEST(test_is_denied) { if (pluvio_timer_cancel("a") == PLUVIO_DENIED) { fprintf(stderr, "no timers"); abort(); } }
TEST(test_traps) { __builtin_trap(); }
TEST(test_exits) { exit(3); }
TEST(test_never_ends) { for (volatile int turn = 0;; turn++) {} }
TEST(test_reads_a_file) { FILE *file = fopen("/data/a.txt", "r"); assert(file && fgetc(file) == 'x'); }
PLUVIO_EXPORT(helps) int helps(int x) { return x; }
`;

it.skipIf(requireTool('clang-22'))('runs each function test_… of a program in C in a worker of its own', async () => {
  const tests = clang('-mexec-model=reactor', '-O1');
  const files = [{ path: '/data', source: 'data' }];
  const fields = { tests, files, capabilities: { kv: [] }, limits: { wallClockMs: 300 } };
  const results = await run(await project({ 'tests/all.c': C_TESTS, 'data/a.txt': 'x' }, fields));
  expect(results.map(({ name, failure }) => [name, failure])).toEqual([
    ['test_passes', undefined],
    ['test_is_alone', undefined],
    ['test_asserts', 'Assertion failed: 1 + 1 == 3 (tests/all.c: test_asserts: 9)'],
    ['test_is_denied', 'no timers'],
    ['test_traps', expect.stringContaining('trapped')],
    ['test_exits', expect.stringContaining('exited with code 3')],
    ['test_never_ends', expect.stringContaining('reached its limit wallClockMs')],
    ['test_reads_a_file', undefined],
  ]);
  expect(new Set(results.map(({ file }) => file))).toEqual(new Set([MODULE]));
});

const C_COMMAND = `#include <stdio.h>
int main(void) { printf("2 of 3 hold\\n"); return 1; }
`;

it.skipIf(requireTool('clang-22'))('takes the exit code of a command as the one result', async () => {
  const [failed, ...others] = await run(await project({ 'tests/all.c': C_COMMAND }, { tests: clang() }));
  expect([failed, others]).toEqual([
    { file: MODULE, name: 'main', failure: 'it exited with code 1, and printed: 2 of 3 hold' },
    [],
  ]);
  const well = C_COMMAND.replace('return 1', 'return 0');
  expect(await run(await project({ 'tests/all.c': well }, { tests: clang() }))).toEqual([
    { file: MODULE, name: 'main', failure: undefined },
  ]);
});

it.skipIf(requireTool('clang-22'))('refuses a program that has no tests and is none', async () => {
  const tests = clang('-mexec-model=reactor');
  await expect(run(await project({ 'tests/all.c': 'int none;' }, { tests }))).rejects.toMatchObject({
    code: 'BUILD_FAILED',
    message:
      'cannot test with build/tests.wasm: it exports no function test_… and is no command; it must have one of them',
  });
});

const RUST_TESTS = `static mut BEFORE: i32 = 0;
#[test] fn passes() { unsafe { assert_eq!(BEFORE, 0); BEFORE = 1; } }
#[test] fn is_alone() { unsafe { assert_eq!(BEFORE, 0); } }
#[test] fn panics() { println!("on the way"); panic!("so it is"); }
mod deep { #[test] #[ignore] fn takes_long() {} }
`;

it.skipIf(requireTool('rustc for WASI'))('runs each test of Rust in a worker of its own', async () => {
  const { rustc, target } = rustForWasi();
  const command = [rustc, '--edition', '2021', '--target', target, '--test', '-o', MODULE, 'src/lib.rs'];
  const results = await run(await project({ 'src/lib.rs': RUST_TESTS }, { tests: { command, module: MODULE } }));
  expect(results).toEqual([
    { file: MODULE, name: 'deep::takes_long', failure: undefined, isSkipped: true },
    { file: MODULE, name: 'is_alone', failure: undefined },
    { file: MODULE, name: 'panics', failure: expect.stringMatching(/so it is[^]*src\/lib\.rs:4:/) as unknown },
    { file: MODULE, name: 'passes', failure: undefined },
  ]);
});

it('takes the end of a command that runs the tests itself', async () => {
  const exits = (code: number): object => ({ tests: { command: [process.execPath, '-e', `process.exit(${code})`] } });
  const name = `${process.execPath} -e process.exit(`;
  expect(await run(await project({}, exits(0)))).toEqual([
    { file: 'pluvio.json', name: `${name}0)`, failure: undefined },
  ]);
  expect(await run(await project({}, exits(5)))).toEqual([
    { file: 'pluvio.json', name: `${name}5)`, failure: 'ended with code 5' },
  ]);
  const missing = project({}, { tests: { command: ['no-such-program'] } });
  await expect(missing.then(run)).rejects.toMatchObject({ code: 'COMPILER_MISSING' });
});

it('tells what pluvio.json must say of tests', async () => {
  await expect(project({}, {}).then(run)).rejects.toMatchObject({
    code: 'PROJECT_INVALID',
    message: expect.stringContaining('it must have "tests": { "command": […], "module": "…" }') as unknown,
  });
  await expect(project({}, { tests: { command: [] } })).rejects.toThrow('tests: has an empty command');
  await expect(project({}, { tests: { module: MODULE } })).rejects.toThrow('tests: fits none of 2 forms');
});
