import { describe, expect, test } from 'vitest';
import { createWorker, loadModule, type Outcome, restoreWorker, type Worker } from '../../runtime/engine/index.ts';
import { createWasi } from '../../runtime/host/index.ts';
import { readProgram, runProgram } from './driver.ts';

const FILES = { 'base.txt': 'the base file\n', 'base/deep': 'deep content', 'base/a': 'x'.repeat(700), 'c/': '' };
const PROGRAMS = ['files', 'directories', 'unlinked', 'waiting', 'mixture 3 1000', 'echo 5'];

describe.each(PROGRAMS)('%s', (line) => {
  const args = line.split(' ');
  const name = args[0]!;
  const options = { args, files: FILES, stdin: 'one\ntwo\n' };

  async function expected(): Promise<{ code: number; stdout: string }> {
    const { code, stdout } = await runProgram({ wasm: readProgram(name), options }, 'direct');
    return { code, stdout };
  }

  /** Runs the program in workers, each with a new host; a worker is stopped whenever it has written a line, up to 60 times. */
  async function run(stopping: boolean): Promise<{ outcome: Outcome; stdout: string; stops: number }> {
    const decoder = new TextDecoder();
    const module = await loadModule(readProgram(name));
    let stdout = '';
    let stops = 0;
    let worker: Worker | undefined;
    const makeHost = () => createWasi({ ...options, stdout: take });
    function take(bytes: Uint8Array): Promise<void> | undefined {
      stdout += decoder.decode(bytes, { stream: true });
      if (!stopping || stops === 60) return undefined;
      void worker?.stop();
      return Promise.resolve(); // the guest is parked, so the stop comes at once
    }
    worker = await createWorker(module, { hosts: [makeHost()] });
    let outcome = await worker.start();
    while (outcome.kind === 'stopped') {
      stops++;
      const snapshot = worker.snapshot();
      await worker.close();
      worker = await restoreWorker(module, snapshot, { hosts: [makeHost()] });
      outcome = await worker.resume();
    }
    return { outcome, stdout, stops };
  }

  test('runs in a worker as on the bare engine', async () => {
    const { code, stdout } = await expected();
    expect(await run(false)).toEqual({ outcome: { kind: 'exited', code }, stdout, stops: 0 });
  });

  test('runs on in other workers when it is stopped', async () => {
    const { code, stdout } = await expected();
    const result = await run(true);
    expect(result).toMatchObject({ outcome: { kind: 'exited', code }, stdout });
    expect(result.stops).toBeGreaterThan(0);
  });
});
