/** The processes of the demo: two nodes, and the undisturbed runs that their results are compared with. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PluvioClient } from '../../sdk/client/index.ts';
import type { DemoProgram } from './programs.ts';

export interface DemoNode {
  readonly name: string;
  readonly url: string;
  readonly client: PluvioClient;
}

/** What a program leaves behind when it has ended. */
export interface Result {
  readonly exitCode: number;
  readonly stdout: Uint8Array;
  /** The file that it writes, if it writes one, as it is when all input has been read. */
  readonly file?: Uint8Array;
}

const NODE_EXIT_MS = 5000;
const children = new Set<ChildProcess>();

function spawnScript(script: string, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Starts a node with a data directory in a process of its own, on a free port of the loopback. */
export async function spawnNode(name: string, dataDir: string, signal: AbortSignal): Promise<DemoNode> {
  const child = spawnScript('node-process.ts', [name, dataDir]);
  if (!child.stdout) throw new Error(`node ${name} has no output`);
  const lines = createInterface({ input: child.stdout });
  const [url] = (await Promise.race([
    once(lines, 'line', { signal }),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`node ${name} ended with code ${String(code)}`))),
  ])) as [string];
  return { name, url, client: new PluvioClient({ baseUrl: url, signal }) };
}

/** Runs a program undisturbed on the bare engine, in a process of its own. */
export async function runBare(program: DemoProgram, folder: string, signal: AbortSignal): Promise<Result> {
  await mkdir(join(folder, 'files'), { recursive: true });
  await writeFile(join(folder, 'stdin'), program.stdin ?? '');
  const child = spawnScript('bare-process.ts', [
    fileURLToPath(program.module),
    folder,
    program.file ?? '',
    program.name,
    ...program.args,
  ]);
  const [exitCode] = (await once(child, 'exit', { signal })) as [number | null];
  const stdout = await readFile(join(folder, 'stdout'));
  const file = program.file === undefined ? {} : { file: await readFile(join(folder, 'file')) };
  return { exitCode: exitCode ?? -1, stdout, ...file };
}

/** Ends every process that was started here; done when they are gone. */
export async function endProcesses(): Promise<void> {
  await Promise.all(
    [...children].map(async (child) => {
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), NODE_EXIT_MS);
      await gone;
      clearTimeout(patience);
    }),
  );
}
