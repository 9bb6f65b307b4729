import { expect, it } from 'vitest';
import { findGuestTests } from './assembly-tests.ts';
import { type GuestTestResult, runGuestTests } from './guest-tests.ts';
import { loadProject, type Project } from './load-project.ts';
import { projectFolder } from './testing/projects.ts';

const project = async (files: Readonly<Record<string, string>>, fields: object = {}): Promise<Project> => {
  const json = JSON.stringify({ name: 'x', build: { entry: 'assembly/index.ts' }, ...fields });
  return loadProject(await projectFolder({ 'assembly/index.ts': '', ...files, 'pluvio.json': json }));
};

async function run(tests: Project): Promise<GuestTestResult[]> {
  const results: GuestTestResult[] = [];
  for await (const result of runGuestTests(tests)) results.push(result);
  return results;
}

it('runs each test in a worker of its own, with what the project asks for', async () => {
  const source = `import { config, kv, log } from 'pluvio/assembly';
    let before: i32 = 0;
    export function one(): void { assert(before == 0); before = 1; kv.setText('a', '1'); log.info('seen'); }
    export function two(): void { assert(before == 0); assert(kv.getText('a') === null); assert(config.get('b') == 'c'); }
    export function helps(x: i32): i32 { return x; }`;
  const routes = [{ path: '/', export: 'handle' }];
  const fields = { capabilities: { kv: [], config: ['b'] }, config: { b: 'c' }, routes };
  expect(await run(await project({ 'tests/deep/a.test.ts': source }, fields))).toEqual([
    { file: 'tests/deep/a.test.ts', name: 'one', failure: undefined },
    { file: 'tests/deep/a.test.ts', name: 'two', failure: undefined },
  ]);
});

it('tells why a test fails', async () => {
  const source = `import { kv } from 'pluvio/assembly';
    export function asserts(): void { assert(1 + 1 == 3, 'sums'); }
    export function throws(): void { throw new Error('no'); }
    export function traps(): void { unreachable(); }
    export function isDenied(): void { kv.setText('a', '1'); }
    export function neverEnds(): void { while (true) {} }`;
  const results = await run(await project({ 'tests/a.test.ts': source }, { limits: { wallClockMs: 300 } }));
  expect(results.map(({ name, failure = '' }) => [name, failure])).toEqual([
    ['asserts', 'sums (tests/a.test.ts:2:39)'],
    ['throws', 'no (tests/a.test.ts:3:38)'],
    ['traps', expect.stringContaining('trapped')],
    ['isDenied', 'kv.set: DENIED'],
    ['neverEnds', expect.stringContaining('reached its limit wallClockMs')],
  ]);
});

it('finds tests in the folder that the project names, sorted', async () => {
  const files = { 'checks/b.test.ts': '', 'checks/a/c.test.ts': '', 'checks/other.ts': '', 'tests/d.test.ts': '' };
  const found = await findGuestTests(await project(files, { tests: 'checks' }));
  expect(found).toEqual(['checks/a/c.test.ts', 'checks/b.test.ts']);
  expect(await findGuestTests(await project({}))).toEqual([]);
});
