import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FaultPoint, NodeOptions } from '../../runtime/node/index.ts';
import { PluvioClient } from '../../sdk/client/index.ts';
import { afterTest } from './open-nodes.ts';

export interface NodeProcess {
  readonly url: string;
  readonly client: PluvioClient;
  /** Ends it as `kill -9` does; done when it is gone. */
  kill(): Promise<void>;
  /** Asks it to end; done when it is gone. */
  close(): Promise<void>;
  /** Done when it is gone. */
  readonly gone: Promise<unknown>;
}

const script = fileURLToPath(new URL('node-process.ts', import.meta.url));

/** Starts a node in a process of its own; the test's end kills it. */
export async function spawnNode(
  options: Partial<NodeOptions> & { readonly killAt?: FaultPoint } = {},
): Promise<NodeProcess> {
  const settings = JSON.stringify({ listen: '127.0.0.1:0', ...options });
  const child = spawn(process.execPath, ['--no-warnings', script, settings], { stdio: ['ignore', 'pipe', 'pipe'] });
  const gone = once(child, 'exit');
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await gone;
  };
  afterTest(() => end('SIGKILL'));
  const url = await firstLine(child);
  return {
    url,
    client: new PluvioClient({ baseUrl: url }),
    kill: () => end('SIGKILL'),
    close: () => end('SIGTERM'),
    gone,
  };
}

async function firstLine({ stdout, stderr }: ChildProcess): Promise<string> {
  let text = '';
  let errors = '';
  stderr?.on('data', (chunk) => (errors += String(chunk)));
  if (stdout) {
    for await (const chunk of stdout) {
      text += String(chunk);
      if (text.includes('\n')) break;
    }
  }
  if (!text.includes('\n')) throw new Error(`the node process ended before it listened: ${errors}`);
  return text.slice(0, text.indexOf('\n'));
}

/** The part of an address that `listen` takes. */
export const listenOf = (url: string): string => new URL(url).host;
