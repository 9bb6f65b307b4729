/**
 * Tests that a program of any compiler has.
 *
 * 1. Each function that it exports by a name `test_…` is a test.
 * 2. A program without such, which is a command, is asked for its tests as the harness of Rust is (`--list`); each is run by its name.
 * 3. A command that lists none is the test itself.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PluvioError } from '../../runtime/errors/index.ts';
import type { Outcome } from '../../runtime/engine/types.ts';
import { loadModule } from '../../runtime/index.ts';
import type { PluvioClient } from '../client/index.ts';
import { commandMissing, readModule, runCommand } from './build-module.ts';
import type { GuestTestResult, TestRun } from './guest-tests.ts';
import type { Project, TestSource } from './load-project.ts';
import { inTestWorker, loggedErrors, outputOf, uploadTests } from './test-worker.ts';

type ProgramSource = Extract<TestSource, { kind: 'program' }>;

const TEST_NAME = /^test_/;
/** Arguments of Rust's harness, and how it lists a test and tells of one that it leaves out. */
const LIST = ['--list', '--format', 'terse'];
const LISTED = /^(.+): test$/;
const IGNORED = /^test .* \.\.\. ignored/m;

/** @throws PluvioError `BUILD_FAILED`, `COMPILER_MISSING`, `FILE_FAILED`, codes of modules */
export async function* programTests(client: PluvioClient, project: Project, source: ProgramSource): TestRun {
  await runCommand(project.folder, source.command);
  const module = await readModule(project.folder, source.module);
  const loaded = await loadModule(module);
  const names = loaded.exports.flatMap(({ name, kind }) => (kind === 'func' && TEST_NAME.test(name) ? [name] : []));
  if (names.length > 0) yield* exportedTests(client, project, source.module, module, names);
  else if (loaded.exportedFunc('_start') !== undefined) yield* commandProgram(client, project, source.module, module);
  else {
    throw new PluvioError(
      'BUILD_FAILED',
      `cannot test with ${source.module}: it exports no function test_… and is no command; it must have one of them`,
    );
  }
}

async function* exportedTests(
  client: PluvioClient,
  project: Project,
  file: string,
  module: Uint8Array,
  names: readonly string[],
): TestRun {
  const asBytes = Object.fromEntries(names.map((name) => [name, { encoding: 'bytes' as const }]));
  const bundle = await uploadTests(client, project, { module, interface: asBytes });
  for (const name of names) {
    const failure = await inTestWorker(client, bundle, (worker) =>
      client.workers.invoke(worker, name).then(
        () => undefined,
        (error: unknown) => failureOf(client, worker, error instanceof Error ? error.message : String(error)),
      ),
    );
    yield { file, name, failure };
  }
}

async function* commandProgram(client: PluvioClient, project: Project, file: string, module: Uint8Array): TestRun {
  const run = async (...args: readonly string[]): Promise<CommandRun> => {
    const bundle = await uploadTests(client, project, { module, args: [file, ...args] });
    return inTestWorker(client, bundle, async (worker) => {
      const problem = problemOf(await client.workers.waitOutcome(worker));
      const failure = problem === undefined ? undefined : await failureOf(client, worker, problem);
      return { failure, stdout: await outputOf(client, worker, 'stdout') };
    });
  };
  const listed = await run(...LIST);
  const names = listed.stdout.split('\n').flatMap((line) => LISTED.exec(line)?.[1] ?? []);
  if (names.length === 0) yield { file, name: 'main', failure: listed.failure };
  for (const name of names) yield resultOf(file, name, await run('--exact', name, '--nocapture'));
}

interface CommandRun {
  readonly failure: string | undefined;
  readonly stdout: string;
}

const resultOf = (file: string, name: string, { failure, stdout }: CommandRun): GuestTestResult => ({
  file,
  name,
  failure,
  ...(failure === undefined && IGNORED.test(stdout) ? { isSkipped: true } : {}),
});

/** What is wrong with how a program ended; undefined: nothing. */
function problemOf(outcome: Outcome | null): string | undefined {
  switch (outcome?.kind) {
    case undefined:
    case 'returned':
      return undefined;
    case 'exited':
      return outcome.code === 0 ? undefined : `it exited with code ${outcome.code}`;
    case 'trapped':
      return `it trapped: ${outcome.code} (${outcome.message})`;
    case 'limit':
      return `it reached its limit ${outcome.limit}`;
    case 'stopped':
      return 'it was stopped before its end';
  }
}

/** What the program said of it, else how it ended. */
async function failureOf(client: PluvioClient, worker: string, problem: string): Promise<string> {
  const errors = await loggedErrors(client, worker);
  const said = [...errors, await outputOf(client, worker, 'stderr')].filter((text) => text !== '');
  if (said.length > 0) return said.join('\n');
  const printed = await outputOf(client, worker, 'stdout');
  return printed === '' ? problem : `${problem}, and printed: ${printed}`;
}

/** A command that runs the tests of a project itself, and writes what it has to say to standard error: its end is the only result. */
export async function* commandTests({ folder }: Project, command: readonly string[]): TestRun {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', process.stderr, process.stderr] });
  const closed = once(child, 'close').catch((cause: unknown) => {
    throw commandMissing(program, cause);
  });
  const [code, signal] = (await closed) as [number | null, string | null]; // as Node says
  const failure = code === 0 ? undefined : `ended with ${code === null ? `signal ${signal}` : `code ${code}`}`;
  yield { file: 'pluvio.json', name: command.join(' '), failure };
}
