/**
 * Runs a program in this process, stops it in mid-computation, and goes on in a second worker from the saved state.
 *
 * The program prints digits of pi and knows nothing of all this. What both workers print together is what one prints alone.
 */
import { readFile } from 'node:fs/promises';
import { createWorker, loadModule, restoreWorker } from 'pluvio/runtime';

const bytes = await readFile(new URL('../pi/pi.wasm', import.meta.url));
const wasi = { args: ['pi', '4000'], stdout: print };
let lines = 0;

const module = await loadModule(bytes);
const worker = await createWorker(module, { wasi });
const first = await worker.start(); // { kind: 'stopped' }, because `print` calls `worker.stop()` after 50 lines
const twin = await restoreWorker(module, worker.snapshot(), { wasi }); // a snapshot is a Uint8Array: keep it, send it
const second = await twin.resume(); // { kind: 'exited', code: 0 }, and the rest has been printed

function print(line: Uint8Array): void {
  process.stdout.write(line);
  if (++lines === 50) void worker.stop();
}

console.error(`${first.kind} after 50 lines; then ${second.kind} after ${lines}`);
if (first.kind !== 'stopped' || second.kind !== 'exited' || second.code !== 0) process.exitCode = 1;
