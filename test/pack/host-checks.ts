/** What the installed package must do in every host. Each check gives what it found, or throws; they share nothing but the folder. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runBareCommand } from '../programs/run-bare.ts';
import type { Consumer } from './consumer-project.ts';
import { type PackHost, pathWith } from './hosts.ts';
import type { Facts } from './package-checks.ts';
import { type Ended, runCommand, runOrFail } from './run-command.ts';

const PI = fileURLToPath(new URL('../../examples/pi/pi.wasm', import.meta.url));
/** Deno and Bun run the command's file itself; its first line names Node. */
const COMMAND = 'node_modules/pluvio/dist/sdk/cli/main.js';

/** Node 22 and 24 say that their SQLite is experimental. */
const EXPECTED_NOISE = /ExperimentalWarning: SQLite|\(Use `node --trace-warnings/;

interface Setting {
  readonly host: PackHost;
  readonly consumer: Consumer;
}

export interface HostCheck {
  readonly name: string;
  run(setting: Setting): Promise<Facts>;
}

function expectEqual(what: string, found: string, expected: string): void {
  if (found !== expected) throw new Error(`${what} is ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
}

const noiseOf = (stderr: string): string =>
  stderr
    .split('\n')
    .filter((line) => line !== '' && !EXPECTED_NOISE.test(line))
    .join('\n');

/** Runs a script of the project in the host. */
const runIn = ({ host, consumer }: Setting, script: string, args: readonly string[]): Promise<Ended> =>
  runOrFail(host.path, [...host.args, script, ...args], { cwd: consumer.folder });

const pluvio = (setting: Setting, ...args: string[]): Promise<Ended> => runIn(setting, COMMAND, args);

async function importAll(setting: Setting): Promise<Facts> {
  const { stdout, stderr } = await runIn(setting, 'out/imports.js', setting.consumer.specifiers);
  expectEqual('standard error', noiseOf(stderr), '');
  const names = JSON.parse(stdout) as Readonly<Record<string, readonly string[]>>; // of our own script
  const empty = setting.consumer.specifiers.filter((specifier) => (names[specifier] ?? []).length === 0);
  if (empty.length > 0) throw new Error(`${empty.join(', ')}: no exports`);
  return Object.fromEntries(Object.entries(names).map(([specifier, exported]) => [specifier, exported.length]));
}

async function resumeInProcess(setting: Setting): Promise<Facts> {
  const expected = await runBareCommand('pi.wasm', await readFile(PI), { args: ['3000'] });
  const { stdout, stderr } = await runIn(setting, 'out/resume.js', [PI, '3000']);
  expectEqual('the output', stdout, expected.stdout);
  expectEqual('the outcomes', stderr.trim(), 'stopped, stopped, exited');
  return { outcomes: stderr.trim(), outputBytes: stdout.length };
}

async function tellVersion(setting: Setting): Promise<Facts> {
  const { host, consumer } = setting;
  const isNode = host.name.startsWith('node');
  // As a person types it: npx finds the Node of the PATH.
  const { stdout } = isNode
    ? await runOrFail('npx', ['--no-install', 'pluvio', '--version'], { cwd: consumer.folder, env: pathWith(host) })
    : await pluvio(setting, '--version');
  expectEqual('the version', stdout.trim(), consumer.manifest.version);
  return { version: stdout.trim(), by: isNode ? 'npx' : 'the file' };
}

async function runProgram(setting: Setting): Promise<Facts> {
  const expected = await runBareCommand('pi.wasm', await readFile(PI), { args: ['100'] });
  const { stdout, stderr } = await pluvio(setting, 'run', PI, '100');
  expectEqual('the output', stdout, expected.stdout);
  expectEqual('standard error', noiseOf(stderr), '');
  return { outputBytes: stdout.length };
}

/** Starts a node with the command, hands its address over, ends it with SIGTERM, and wants the exit code 0. */
async function withNode<Result>(
  setting: Setting,
  flags: readonly string[],
  use: (url: string) => Promise<Result>,
): Promise<Result> {
  const { host, consumer } = setting;
  const args = ['node', '--listen', '127.0.0.1:0', ...flags];
  const child = spawn(host.path, [...host.args, COMMAND, ...args], {
    cwd: consumer.folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  const said: string[] = [];
  const listening = new Promise<string>((resolve, reject) => {
    createInterface(child.stderr).on('line', (line) => {
      said.push(line);
      const url = / listens on (http:[^\s;]+)/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.on('error', reject);
    void exit.then(([code]) => reject(new Error(`the node ended with exit code ${code}: ${said.join('\n')}`)), reject);
  });
  try {
    return await use(await listening);
  } finally {
    child.kill('SIGTERM');
    const [code] = await exit;
    const noise = noiseOf(said.filter((line) => !/^node ".*" (?:listens on|is closing)/.test(line)).join('\n'));
    expectEqual('what the node said besides', noise, '');
    expectEqual('the exit code of the node', String(code), '0');
  }
}

async function serve(setting: Setting): Promise<Facts> {
  const { host, consumer } = setting;
  const project = join(consumer.folder, host.name, 'hello');
  await mkdir(dirname(project));
  await pluvio(setting, 'new', project, '--template', 'assemblyscript-service');
  const data = join(consumer.folder, `${host.name}-data`);
  return withNode(setting, ['--data', data, '--set', 'grants={"kv":[]}'], async (url) => {
    await pluvio(setting, 'deploy', project, '--node', url);
    const called = await pluvio(setting, 'call', 'hello', 'greet', 'Ada', '--node', url);
    expectEqual('the answer', called.stdout.trim(), '"Hello, Ada!"');
    const { stdout } = await runIn(setting, 'out/client.js', [url]);
    expectEqual(
      'what the client got',
      stdout.trim(),
      '{"greeting":"Hello, Grace!","guests":["Ada","Grace"],"missing":"WORKER_NOT_FOUND"}',
    );
    await pluvio(setting, 'run', '--node', url, '--name', 'pi', '--wait', PI, '500');
    const { stdout: listed } = await pluvio(setting, 'list', '--node', url, '-o', 'json');
    return { workers: (JSON.parse(listed) as { name: string }[]).map(({ name }) => name) }; // as docs/cli.md has it
  });
}

/** Engines as processes have no rights, where the host can take them; elsewhere the node does not start. */
async function isolate(setting: Setting): Promise<Facts> {
  if (setting.host.name.startsWith('node')) {
    const stdout = await withNode(setting, ['--isolation', 'processes'], async (url) => {
      await pluvio(setting, 'run', '--node', url, '--name', 'pi', '--wait', PI, '100');
      return (await pluvio(setting, 'logs', 'pi', '--node', url)).stdout;
    });
    expectEqual('the output', stdout, (await runBareCommand('pi.wasm', await readFile(PI), { args: ['100'] })).stdout);
    return { engines: 'processes' };
  }
  const { host, consumer } = setting;
  const args = [...host.args, COMMAND, 'node', '--listen', '127.0.0.1:0', '--isolation', 'processes'];
  const { exitCode, stderr } = await runCommand(host.path, args, { cwd: consumer.folder });
  expectEqual('the exit code', String(exitCode), '1');
  const [code = stderr] = /UNSUPPORTED/.exec(stderr) ?? [];
  expectEqual('the refusal', code, 'UNSUPPORTED');
  return { engines: 'threads alone' };
}

export const HOST_CHECKS: readonly HostCheck[] = [
  { name: 'import', run: importAll },
  { name: 'resume', run: resumeInProcess },
  { name: 'version', run: tellVersion },
  { name: 'run', run: runProgram },
  { name: 'node', run: serve },
  { name: 'isolation', run: isolate },
];
