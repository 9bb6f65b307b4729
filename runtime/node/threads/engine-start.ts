/**
 * Starting engines: a thread, a process, or this thread.
 *
 * Boundary: knows how an engine comes to be and how its end is noticed; nothing of what it does.
 */
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker as NodeThread } from 'node:worker_threads';
import { serveEngine } from './engine-host.ts';
import type { EngineSetup } from './engine-protocol.ts';
import { localPorts, messagePort, type Port, processPort } from './port.ts';

export interface StartedEngine {
  readonly port: Port;
  /** Resolves when the engine has ended, with what is known of why. */
  readonly ended: Promise<string>;
  end(): Promise<void>;
  /** Part of the time that it was busy since the last call, 0 to 1. */
  utilization(): number;
  readonly pid: number | undefined;
}

export type EngineKind = 'thread' | 'process' | 'local';

/** The file of an entry: TypeScript where it is run from source. */
function entry(name: string): string {
  const source = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  return existsSync(source) ? source : fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

export const STARTERS: Readonly<Record<EngineKind, (setup: EngineSetup) => Promise<StartedEngine>>> = {
  thread: async (setup) => {
    const thread = new NodeThread(entry('engine-thread-main'), {
      workerData: setup,
      name: 'pluvio engine',
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: setup.heapMib },
    });
    thread.unref();
    let reason = 'it ended';
    thread.on('error', (error: Error) => (reason = `${error.name}: ${error.message}`));
    const ended = new Promise<string>((resolve) => void thread.once('exit', () => resolve(reason)));
    let before = thread.performance.eventLoopUtilization();
    return Promise.resolve({
      port: messagePort(thread),
      ended,
      end: async () => void (await thread.terminate()),
      utilization: () => {
        const now = thread.performance.eventLoopUtilization();
        const { utilization } = thread.performance.eventLoopUtilization(now, before);
        before = now;
        return utilization;
      },
      pid: undefined,
    });
  },
  process: async (setup) => {
    const child = fork(entry('engine-process-main'), [JSON.stringify(setup)], {
      serialization: 'advanced',
      execArgv: [`--max-old-space-size=${setup.heapMib}`],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: {},
    });
    child.unref();
    child.channel?.unref();
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) =>
        resolve(signal === null ? `it ended with code ${String(code)}` : `it was ended by ${signal}`),
      );
    });
    return Promise.resolve({
      port: processPort(child),
      ended,
      end: async () => {
        child.kill('SIGKILL');
        await ended;
      },
      utilization: () => 0,
      pid: child.pid,
    });
  },
  local: async (setup) => {
    const [ours, theirs] = localPorts();
    await serveEngine(theirs, setup);
    const over = Promise.withResolvers<string>();
    return {
      port: ours,
      ended: over.promise,
      end: () => {
        ours.close();
        over.resolve('it was closed');
        return Promise.resolve();
      },
      utilization: () => 0,
      pid: undefined,
    };
  },
};
