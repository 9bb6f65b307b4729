/** The command line as child processes, for tests. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import initWabt from 'wabt';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const closers: (() => Promise<unknown>)[] = [];

afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A cache of each test file's own. */
const CACHE_HOME = mkdtempSync(join(tmpdir(), 'pluvio-cli-cache-'));
closers.push(() => rm(CACHE_HOME, { recursive: true, force: true }));

/** A folder that goes with the suite. */
export async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-cli-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly stdin?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A command that runs. */
export class CliProcess {
  readonly child: ChildProcessWithoutNullStreams;
  stdout = '';
  stderr = '';
  readonly #closed: Promise<unknown>;

  constructor(args: readonly string[], { cwd = ROOT, env = {} }: CliOptions) {
    const base = { PATH: process.env['PATH'] ?? '', HOME: CACHE_HOME, XDG_CACHE_HOME: CACHE_HOME };
    this.child = spawn(process.execPath, [MAIN, ...args], { cwd, env: { ...base, ...env } });
    this.child.stdin.on('error', () => undefined); // the command may end without reading
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#closed = once(this.child, 'close');
    closers.push(async () => {
      if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
      await this.#closed;
    });
  }

  /** Waits until a stream contains a text, or the command has ended. */
  async until(stream: 'stdout' | 'stderr', text: string): Promise<void> {
    const isOver = this.#closed.then(() => true);
    while (!this[stream].includes(text)) {
      const ended = await Promise.race([isOver, once(this.child[stream], 'data').then(() => false)]);
      if (ended && !this[stream].includes(text)) {
        throw new Error(`the command ended without "${text}" on ${stream}: ${this.stdout}\n${this.stderr}`);
      }
    }
  }

  signal(name: 'SIGINT' | 'SIGTERM'): void {
    this.child.kill(name);
  }

  async end(): Promise<CliResult> {
    await this.#closed;
    return { exitCode: this.child.exitCode, stdout: this.stdout, stderr: this.stderr };
  }
}

/** Starts a command. Its standard input stays open unless text is given. */
export function startCli(args: readonly string[], options: CliOptions = {}): CliProcess {
  const cli = new CliProcess(args, options);
  if (options.stdin !== undefined) cli.child.stdin.end(options.stdin);
  return cli;
}

/** Runs a command to its end. */
export const runCli = (args: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
  startCli(args, { stdin: '', ...options }).end();

export interface CliNode {
  readonly url: string;
  readonly cli: CliProcess;
}

/** A node as the command line starts it. */
export async function startCliNode(...args: readonly string[]): Promise<CliNode> {
  const cli = startCli(['node', '--listen', '127.0.0.1:0', '-o', 'json', ...args]);
  await cli.until('stdout', '\n');
  const { url } = JSON.parse(cli.stdout) as { url: string };
  return { url, cli };
}

/** A module from text, with names. */
export async function assemble(text: string): Promise<Uint8Array> {
  const module = (await initWabt()).parseWat('module.wat', text);
  return new Uint8Array(module.toBinary({ write_debug_names: true }).buffer);
}
