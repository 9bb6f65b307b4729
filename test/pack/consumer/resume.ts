/** Runs the program named by the first argument with the others, stops it after 20 lines, and goes on from the saved state: twice. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { createWorker, loadModule, type Outcome, restoreWorker, type Worker } from 'pluvio/runtime';

const [path = '', ...args] = process.argv.slice(2);
const module = await loadModule(await readFile(path));
let worker: Worker | undefined;
let lines = 0;
const wasi = {
  args: [basename(path), ...args],
  stdout: (line: Uint8Array): void => {
    process.stdout.write(line);
    if (++lines % 20 === 0 && lines <= 40) void worker?.stop();
  },
};

worker = await createWorker(module, { wasi });
const outcomes: Outcome[] = [await worker.start()];
while (outcomes.at(-1)?.kind === 'stopped') {
  worker = await restoreWorker(module, worker.snapshot(), { wasi });
  outcomes.push(await worker.resume());
}
console.error(outcomes.map(({ kind }) => kind).join(', '));
