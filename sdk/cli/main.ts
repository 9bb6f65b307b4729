#!/usr/bin/env node
/**
 * The `pluvio` command. Boundary: the process; what a command does is in its module.
 *
 * The engine keeps the compiled code of the command itself in the cache folder: a command then starts in a third of the time. That must
 * be asked for before anything else is imported. An older Node lacks it, Deno too: what is imported by name here must be in every version.
 */
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { EXIT } from './command.ts';
import { nodeProblem } from './node-version.ts';

const problem = nodeProblem(process.versions.node);
if (problem !== undefined) {
  process.stderr.write(`error[USAGE]: ${problem}\n`);
  process.exit(EXIT.usage);
}
nodeModule.enableCompileCache?.(join(cacheFolder(), 'code'));
const { runProgram } = await import('./program.ts');
const { reportFailure } = await import('./failure.ts');
const { flushOutput } = await import('./terminal.ts');

// A reader that has enough closes the pipe: nothing is wrong, and nothing is left to be written.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const exitCode = await runProgram(process.argv.slice(2)).catch(reportFailure);
await flushOutput();
// Open streams and connections do not keep a command that is done.
process.exit(exitCode);
