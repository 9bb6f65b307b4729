/** The built command line, as users run it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { runOrFail } from '../pack/run-command.ts';
import { rustForWasi } from '../requires.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = fileURLToPath(new URL('../../dist/sdk/cli/main.js', import.meta.url));
/** The rustc on PATH may lack the target where another one has it. */
const ENV = { ...process.env, RUSTC: rustForWasi().rustc || 'rustc' };

/** Runs `pluvio` to its end; gives what it printed. @throws Error if it fails */
export async function pluvio(folder: string, ...args: readonly string[]): Promise<string> {
  return (await runOrFail(process.execPath, [MAIN, ...args], { cwd: folder, env: ENV })).stdout;
}

export interface Running {
  /** What it has written to a stream since it began, once that contains a text. @throws Error: it ended without */
  until(stream: 'stdout' | 'stderr', text: string): Promise<string>;
  end(): Promise<void>;
}

/** Starts `pluvio` with a command that runs until it is ended. */
export function startPluvio(folder: string, ...args: readonly string[]): Running {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env: ENV, stdio: ['ignore', 'pipe', 'pipe'] });
  const written = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (written[stream] += text));
  }
  const closed = once(child, 'close').then(() => 'closed' as const);
  return {
    until: async (stream, text) => {
      while (!written[stream].includes(text)) {
        const first = await Promise.race([closed, once(child[stream], 'data')]);
        if (first === 'closed' && !written[stream].includes(text)) {
          throw new Error(`pluvio ${args.join(' ')} ended: ${written.stdout}${written.stderr}`);
        }
      }
      return written[stream];
    },
    end: async () => {
      child.kill('SIGTERM');
      await closed;
    },
  };
}
