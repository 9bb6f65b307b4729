/** The servers of the benchmark `http`: ours and what it is compared with, each in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { startChildNode } from '../node/child-node.ts';
import { deployGuest, type Guest } from '../node/guests.ts';
import { firstLine } from '../node/first-line.ts';

/** `bytes`: a body of bytes through host calls of the guest. `numbers`: a call with a number, in JSON of the same length. */
export type Payload = 'bytes' | 'numbers';

export interface EchoServer {
  readonly origin: string;
  /** Where the echoes are; of ours one for each connection, since a worker does one thing at a time. */
  readonly paths: readonly string[];
  close(): Promise<void>;
}

const GUESTS: Readonly<Record<Payload, Guest>> = { bytes: 'echo', numbers: 'echo-number' };
/** What the manifest says of an echo of bytes. */
const BYTES = { interface: { echo: { encoding: 'bytes' } } } as const;
const childPath = (name: string): string => fileURLToPath(new URL(`./children/${name}`, import.meta.url));

async function startPluvio(payload: Payload, connections: number): Promise<EchoServer> {
  const node = await startChildNode({}, []);
  const names = Array.from({ length: connections }, (_, at) => `echo-${at}`);
  for (const name of names) await deployGuest(node.client, name, GUESTS[payload], payload === 'bytes' ? BYTES : {});
  const paths = names.map((name) => `/v1/workers/${name}/call/echo`);
  return { origin: node.url, paths, close: () => node.kill() };
}

async function startHono(): Promise<EchoServer> {
  const child = spawn(process.execPath, ['--no-warnings', childPath('serve-hono.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { origin: await toldBy(child, child.stdout), paths: ['/echo'], close: () => end(child) };
}

const WORKERD_CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .echo)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const echo :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.mjs"), (name = "./echo.wasm", wasm = embed "echo.wasm")],
  compatibilityDate = "2026-09-01"
);
`;
/** Where workerd tells what it listens on. */
const CONTROL_FD = 3;

async function startWorkerd(payload: Payload): Promise<EchoServer> {
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-workerd-'));
  await copyFile(childPath('echo-worker.mjs'), join(folder, 'worker.mjs'));
  await copyFile(new URL(`../programs/exports/${GUESTS[payload]}.wasm`, import.meta.url), join(folder, 'echo.wasm'));
  await writeFile(join(folder, 'config.capnp'), WORKERD_CONFIG);
  const { default: binary } = createRequire(import.meta.url)('workerd') as { default: string };
  const child = spawn(binary, ['serve', `--control-fd=${CONTROL_FD}`, join(folder, 'config.capnp')], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const line = await toldBy(child, child.stdio[CONTROL_FD] as Readable); // a pipe, as asked for
  const { port } = JSON.parse(line) as { port: number };
  const close = async (): Promise<void> => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  return { origin: `http://127.0.0.1:${port}`, paths: ['/echo'], close };
}

/** By name; each gets 100 bytes and gives them back, ours and workerd's through a WebAssembly module. */
export const ECHO_SERVERS = {
  pluvio: startPluvio,
  hono: startHono,
  workerd: startWorkerd,
} as const satisfies Record<string, (payload: Payload, connections: number) => Promise<EchoServer>>;
export type ServerName = keyof typeof ECHO_SERVERS;

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function toldBy(child: ChildProcess, stream: Readable): Promise<string> {
  const line = await firstLine(stream);
  if (line === undefined) throw new Error(`a server ended with ${child.exitCode} before it listened`);
  return line;
}
