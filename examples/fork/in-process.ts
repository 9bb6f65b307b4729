/**
 * Forks a program in this process, in mid-computation: the forks go on from the same state, and all come to the same end.
 *
 * A fork of a small worker takes a fraction of a millisecond, so a program can be tried out from one point many times.
 */
import { readFile } from 'node:fs/promises';
import { createWorker, forkWorker, loadModule, type Worker } from 'pluvio/runtime';

const FORKS = 4;
const ROUNDS_BEFORE = 20;

const module = await loadModule(await readFile(new URL('../recursion/recursion.wasm', import.meta.url)));
const before: Uint8Array[] = [];
const parent = await createWorker(module, {
  wasi: {
    args: ['recursion', '2000', '300', '500'],
    stdout: (line) => {
      before.push(line.slice());
      if (before.length === ROUNDS_BEFORE) void parent.stop();
    },
  },
});
await parent.start();

/** A fork with an output of its own; gives what it prints from here on. */
async function runFork(): Promise<string> {
  const lines: Uint8Array[] = [];
  const fork: Worker = await forkWorker(parent, { wasi: { stdout: (line) => void lines.push(line.slice()) } });
  const outcome = await fork.resume();
  console.error(`${outcome.kind} after ${lines.length} pieces of output`);
  return Buffer.concat(lines).toString();
}

const ends = new Set(await Promise.all(Array.from({ length: FORKS }, runFork)));
process.stdout.write(Buffer.concat(before));
for (const end of ends) process.stdout.write(end);
process.exitCode = ends.size === 1 ? 0 : 1;
