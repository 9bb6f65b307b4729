/** WASI 0.1 programs that were put into components as their authors do it: run, stopped and moved like the programs themselves. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { createWorker, loadModule, restoreWorker } from '../../runtime/index.ts';
import { openNode, outputOf } from '../node/open-nodes.ts';
import { runBareCommand } from '../programs/run-bare.ts';
import { ADAPTER_BYTES, liftCommand } from './tools.ts';

if (ADAPTER_BYTES === undefined && process.env['CI'] === 'true') throw new Error('npm has no adapter for components');
const test = it.skipIf(ADAPTER_BYTES === undefined);

const programOf = async (name: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await readFile(new URL(`../../examples/${name}/${name}.wasm`, import.meta.url)));

test.each([
  ['pi', ['1000']],
  ['recursion', ['200', '6', '20']],
] as const)('%s: stopped again and again, each time taken up from bytes', async (name, args) => {
  const bytes = await programOf(name);
  const expected = await runBareCommand(`${name}.wasm`, bytes, { args });
  const module = await loadModule(await liftCommand(bytes));
  expect(module.portability).toEqual({ migratable: true });
  const output: Uint8Array[] = [];
  let stops = 0;
  const wasi = {
    args: [`${name}.wasm`, ...args],
    stdout: (line: Uint8Array): void => {
      output.push(line.slice());
      void worker.stop();
    },
  };
  let worker = await createWorker(module, { wasi });
  let outcome = await worker.start();
  for (; outcome.kind === 'stopped'; stops++) {
    worker = await restoreWorker(module, worker.snapshot(), { wasi });
    outcome = await worker.resume();
  }
  expect(stops).toBeGreaterThan(2);
  expect(outcome).toEqual({ kind: 'exited', code: 0 });
  expect(Buffer.concat(output).toString()).toBe(expected.stdout);
});

test('on nodes: deployed as it is, moved in the middle, and nothing of its output is lost', async () => {
  const bytes = await programOf('pi');
  const expected = await runBareCommand('pi', bytes, { args: ['20000'] });
  const [source, target] = [await openNode(), await openNode()];
  await source.client.workers.create({ name: 'pi', module: await liftCommand(bytes), args: ['20000'] });
  await source.client.workers.move('pi', { target: target.url });
  expect(await target.client.workers.waitOutcome('pi')).toEqual({ kind: 'exited', code: 0 });
  expect(await outputOf(target.client, 'pi')).toBe(expected.stdout);
});
