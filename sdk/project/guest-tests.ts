/**
 * Runs a project's own tests, each in a worker of its own that has what the project's manifest asks for.
 *
 * Boundary: what a test is, is said by the sources of tests (`assembly-tests.ts`, `program-tests.ts`). A test fails when its worker traps, as
 * `assert` and panics do, reaches a limit, or exits with another code than 0.
 */
import type { PluvioClient } from '../client/index.ts';
import { assemblyTests } from './assembly-tests.ts';
import type { Project } from './load-project.ts';
import { openLocalNode } from './local-node.ts';
import { commandTests, programTests } from './program-tests.ts';

/** How one test of a guest ended. */
export interface GuestTestResult {
  /** The source, the program of tests, or the command that ran them. */
  readonly file: string;
  readonly name: string;
  /** Why it failed; undefined: it passed. */
  readonly failure: string | undefined;
  /** The program says that it is not to be run. */
  readonly isSkipped?: true;
}

/** The tests of one source. */
export type TestRun = AsyncGenerator<GuestTestResult, void, undefined>;

/**
 * Runs all tests, one after the other. Those of a program need a project that is built where they use what it builds.
 * @throws PluvioError `BUILD_FAILED`, `COMPILER_MISSING`, `FILE_FAILED`, `PROJECT_INVALID`: it does not say what makes its tests
 */
export async function* runGuestTests(project: Project): TestRun {
  if (project.tests.kind === 'command') {
    yield* commandTests(project, project.tests.command);
    return;
  }
  const node = await openLocalNode();
  try {
    yield* testsOn(node.client, project);
  } finally {
    await node.close();
  }
}

function testsOn(client: PluvioClient, project: Project): TestRun {
  const { tests } = project;
  return tests.kind === 'program' ? programTests(client, project, tests) : assemblyTests(client, project);
}
