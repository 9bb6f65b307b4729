/** A node in a process of its own, for whatever drives it: suites, campaigns, benchmarks. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FaultPoint, NodeOptions } from '../../runtime/node/index.ts';
import { PluvioClient } from '../../sdk/client/index.ts';
import { firstLine } from './first-line.ts';
import { type InnerUsage, type ProcessUsage, systemUsage } from './process-usage.ts';

export type ChildNodeOptions = Partial<NodeOptions> & { readonly killAt?: FaultPoint };

export interface ChildNode {
  readonly url: string;
  readonly pid: number;
  readonly client: PluvioClient;
  /** Ends it as `kill -9` does; done when it is gone. */
  kill(): Promise<void>;
  /** Asks it to end; done when it is gone. */
  close(): Promise<void>;
  /** Done when it is gone. */
  readonly gone: Promise<unknown>;
  readonly isGone: boolean;
  /** The end of what it has written to standard error. */
  readonly errors: string;
  /** What it holds. @throws Error if it is gone */
  usage(): Promise<ProcessUsage>;
}

const script = fileURLToPath(new URL('node-process.ts', import.meta.url));
const ERRORS_KEPT_CHARS = 8000;

/** Starts a node; it listens on a free port of loopback unless told otherwise. @throws Error if it ends before it listens */
export async function startChildNode(
  options: ChildNodeOptions = {},
  engineFlags: readonly string[] = ['--expose-gc'],
): Promise<ChildNode> {
  const settings = JSON.stringify({ listen: '127.0.0.1:0', ...options });
  const child = spawn(process.execPath, ['--no-warnings', ...engineFlags, script, settings], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let errors = '';
  child.stderr?.on('data', (chunk) => (errors = (errors + String(chunk)).slice(-ERRORS_KEPT_CHARS)));
  const gone = once(child, 'exit');
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    if (!isGone()) child.kill(signal);
    await gone;
  };
  const url = child.stdout ? await firstLine(child.stdout) : undefined;
  if (url === undefined || child.pid === undefined) {
    await gone;
    throw new Error(`the node process ended before it listened: ${errors}`);
  }
  const { pid } = child;
  return {
    url,
    pid,
    client: new PluvioClient({ baseUrl: url }),
    kill: () => end('SIGKILL'),
    close: () => end('SIGTERM'),
    gone,
    get isGone() {
      return isGone();
    },
    get errors() {
      return errors;
    },
    usage: async () => ({ ...(await askUsage(child, gone)), ...systemUsage(pid) }),
  };
}

async function askUsage(child: ChildProcess, gone: Promise<unknown>): Promise<InnerUsage> {
  const answer = once(child, 'message');
  child.send('usage');
  const first = await Promise.race([answer, gone.then(() => undefined)]);
  if (first === undefined) throw new Error('the node process is gone');
  return first[0] as InnerUsage; // node-process.ts answers so
}
