#!/usr/bin/env node
/** The `pluvio` command. Boundary: the process; what a command does is in its module. */
import { reportFailure } from './failure.ts';
import { runProgram } from './program.ts';
import { flushOutput } from './terminal.ts';

// A reader that has enough closes the pipe: nothing is wrong, and nothing is left to be written.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const exitCode = await runProgram(process.argv.slice(2)).catch(reportFailure);
await flushOutput();
// Open streams and connections do not keep a command that is done.
process.exit(exitCode);
