/**
 * Runs a program in this process, stops it in mid-computation, and goes on in a second worker from the saved state.
 *
 * The program prints digits of pi and knows nothing of all this. What both workers print together is what one prints alone.
 */
import { readFile } from 'node:fs/promises';
import { createWorker, loadModule, restoreWorker } from 'pluvio/runtime';

const module = await loadModule(await readFile(new URL('../pi/pi.wasm', import.meta.url)));
const wasi = { args: ['pi', '4000'], stdout: (line: Uint8Array) => printed(line) };
let lines = 0;
function printed(line: Uint8Array): void {
  process.stdout.write(line);
  if (++lines === 50) void worker.stop();
}

const worker = await createWorker(module, { wasi });
const first = await worker.start(); // { kind: 'stopped' }: see `printed`
const snapshot = worker.snapshot(); // a Uint8Array: keep it, send it
const twin = await restoreWorker(module, snapshot, { wasi });
const second = await twin.resume(); // { kind: 'exited', code: 0 }

console.error(
  `${first.kind} after 50 lines, saved as ${snapshot.length} bytes; then ${second.kind} after ${lines} lines`,
);
if (first.kind !== 'stopped' || second.kind !== 'exited') process.exitCode = 1;
