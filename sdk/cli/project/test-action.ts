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
  // Tests may have a part of the program only: what is wrong with the rest is told all the same.
  for (const text of (await buildProject(quickBuild(project))).notes) note(text);
  for await (const result of runGuestTests(project)) {
    results.push(result);
    if (!isJson) printLine(lineOf(result));
  }
  if (results.length === 0) {
    throw new UsageError(
      `${folder} has no tests in ${project.tests.kind === 'folder' ? project.tests.folder : 'its program of tests'}`,
      'a test is an exported function without parameters of a *.test.ts there',
    );
  }
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  const skipped = results.filter(({ isSkipped }) => isSkipped).length;
  if (isJson) printJson(results.map((result) => ({ ...result, failure: result.failure ?? null })));
  else
    note(`${results.length - failed - skipped} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`);
  return failed === 0 ? EXIT.ok : EXIT.failed;
};

function lineOf({ file, name, failure, isSkipped }: GuestTestResult): string {
  const mark = failure !== undefined ? 'FAIL' : isSkipped === true ? 'skip' : 'ok  ';
  return `${mark}  ${file}  ${name}${failure === undefined ? '' : `: ${failure}`}`;
}
