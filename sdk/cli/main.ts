#!/usr/bin/env node
/**
 * The `pluvio` command. Boundary: the process; what a command does is in its module.
 *
 * What is imported by name here is there before anything is known of the command: it must be little, and in every version of Node, as an older
 * one is told so.
 */
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { NODE_VERSION } from '../../runtime/node/version.ts';
import { cacheFolder } from './cache-folder.ts';
import { EXIT } from './command.ts';
import { nodeProblem } from './node-version.ts';

/**
 * Runs the command and ends the process. The engine keeps the compiled code of the command in the cache folder: a command then starts in a
 * third of the time. That must be asked for before anything else is imported; Deno has none.
 */
async function run(argv: readonly string[]): Promise<never> {
  nodeModule.enableCompileCache?.(join(cacheFolder(), 'code'));
  const { runProgram } = await import('./program.ts');
  const { reportFailure } = await import('./failure.ts');
  const { flushOutput } = await import('./terminal.ts');
  const exitCode = await runProgram(argv).catch(reportFailure);
  await flushOutput();
  // Open streams and connections do not keep a command that is done.
  process.exit(exitCode);
}

// A reader that has enough closes the pipe: nothing is wrong, and nothing is left to be written.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const argv = process.argv.slice(2);
const problem = nodeProblem(process.versions.node);
if (problem !== undefined) {
  process.stderr.write(`error[USAGE]: ${problem}\n`);
  process.exitCode = EXIT.usage;
} else if (argv[0] === '--version' || argv[0] === '-V') process.stdout.write(`${NODE_VERSION}\n`);
else await run(argv);
