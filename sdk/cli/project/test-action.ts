import { buildProject, quickBuild } from '../../project/build-project.ts';
import { type GuestTestResult, runGuestTests } from '../../project/guest-tests.ts';
import { loadProject } from '../../project/load-project.ts';
import { type CommandAction, EXIT } from '../command.ts';
import { formatOf } from '../option-values.ts';
import { note, printJson, printLine } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

export const testAction: CommandAction = async ({ args: [folder = '.'], options }) => {
  const project = await loadProject(folder);
  const isJson = formatOf(options) === 'json';
  const results: GuestTestResult[] = [];
  // Tests may import a part of the program only: what is wrong with the rest is told all the same.
  if (project.build.kind === 'assembly') for (const text of (await buildProject(quickBuild(project))).notes) note(text);
  for await (const result of runGuestTests(project)) {
    results.push(result);
    const { file, name, failure } = result;
    if (!isJson)
      printLine(
        `${failure === undefined ? 'ok  ' : 'FAIL'}  ${file}  ${name}${failure === undefined ? '' : `: ${failure}`}`,
      );
  }
  if (results.length === 0) {
    throw new UsageError(
      `${folder} has no tests in ${project.tests}`,
      'a test is an exported function without parameters of a *.test.ts there',
    );
  }
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  if (isJson) printJson(results.map((result) => ({ ...result, failure: result.failure ?? null })));
  else note(`${results.length - failed} passed, ${failed} failed`);
  return failed === 0 ? EXIT.ok : EXIT.failed;
};
