/**
 * Starting engines: a thread, a process, or this thread.
 *
 * Boundary: knows how an engine comes to be and how its end is noticed; nothing of what it does.
 */
import { fork } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { resolve } from 'node:path';
import { Worker as NodeThread } from 'node:worker_threads';
import { serveEngine } from './engine-host.ts';
import { entryFile, type EngineUser, launchOf } from './engine-launch.ts';
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

/** @param user whom a process runs as; undefined: the user of the node */
type Starter = (setup: EngineSetup, user?: EngineUser) => Promise<StartedEngine>;

export const STARTERS: Readonly<Record<EngineKind, Starter>> = {
  thread: async (setup) => {
    const thread = new NodeThread(entryFile('engine-thread-main'), {
      workerData: setup,
      name: 'pluvio engine',
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: setup.heapMib },
    });
    thread.unref();
    let reason = 'it ended';
    thread.on('error', (error: Error) => (reason = `${error.name}: ${error.message}`));
    const ended = new Promise<string>((tell) => void thread.once('exit', () => tell(reason)));
    // Bun has no measure of it, and says so on standard error when it is asked.
    let before = 'bun' in process.versions ? undefined : thread.performance.eventLoopUtilization();
    return Promise.resolve({
      port: messagePort(thread),
      ended,
      end: async () => void (await thread.terminate()),
      utilization: () => {
        if (before === undefined) return 0;
        const now = thread.performance.eventLoopUtilization();
        const { utilization } = thread.performance.eventLoopUtilization(now, before);
        before = now;
        return utilization;
      },
      pid: undefined,
    });
  },
  process: async (setup, user) => {
    const { heapMib } = setup;
    // The process has another working directory.
    const moduleFolder = setup.moduleFolder === null ? null : resolve(setup.moduleFolder);
    // A folder that is not there yet would be permitted as a file.
    if (moduleFolder !== null) await mkdir(moduleFolder, { recursive: true, mode: 0o700 });
    const child = fork(
      entryFile('engine-process-main'),
      [JSON.stringify({ ...setup, moduleFolder } satisfies EngineSetup)],
      {
        ...launchOf({ heapMib, user, cacheFolder: moduleFolder }),
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      },
    );
    child.unref();
    child.channel?.unref();
    // Never the node's own: it may be a terminal, which takes more than text.
    const errors = child.stderr as Socket; // a pipe, as it was asked for
    errors.on('data', (bytes: Uint8Array) => process.stderr.write(bytes));
    errors.unref();
    const ended = new Promise<string>((tell) => {
      child.once('error', (error) => tell(error.message));
      child.once('exit', (code, signal) =>
        tell(signal === null ? `it ended with code ${String(code)}` : `it was ended by ${signal}`),
      );
    });
    return {
      port: processPort(child),
      ended,
      end: async () => {
        child.ref(); // who waits for the end needs the event loop until then
        child.kill('SIGKILL');
        await ended;
      },
      utilization: () => 0,
      pid: child.pid,
    };
  },
  local: (setup) => {
    const [ours, theirs] = localPorts();
    serveEngine(theirs, setup);
    const over = Promise.withResolvers<string>();
    return Promise.resolve({
      port: ours,
      ended: over.promise,
      end: () => {
        ours.close();
        over.resolve('it was closed');
        return Promise.resolve();
      },
      utilization: () => 0,
      pid: undefined,
    });
  },
};
