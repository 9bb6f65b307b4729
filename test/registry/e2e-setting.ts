/** What the checks work with: registries, folders, the command line, skopeo. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DockerRegistry, startDockerRegistry } from './docker-registry.ts';
import { startTokenService } from './token-service.ts';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MAIN = join(ROOT, 'sdk/cli/main.ts');
const COMMAND_MS = 120_000;
const OUTPUT_MAX_BYTES = 64 * 2 ** 20;

export const USER = { user: 'ann', password: 'correct horse' } as const;

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Setting {
  readonly folder: string;
  /** Takes everybody, asks for a password, asks for a token. */
  readonly open: DockerRegistry;
  readonly locked: DockerRegistry;
  readonly tokened: DockerRegistry;
  pluvio(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  skopeo(...args: readonly string[]): Promise<Ran>;
  /** A node as the command line starts it; gives its address. */
  startNode(...args: readonly string[]): Promise<string>;
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { env, timeout: COMMAND_MS, maxBuffer: OUTPUT_MAX_BYTES, cwd: ROOT };
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : (child.exitCode ?? -1), stdout, stderr });
    });
    child.stdin?.end();
  });
}

/** Opens everything, does the work, and closes everything. */
export async function withSetting<Result>(work: (setting: Setting) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-registry-'));
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const opened = async (name: string, auth?: Parameters<typeof startDockerRegistry>[1]): Promise<DockerRegistry> => {
    const registry = await startDockerRegistry(join(folder, name), auth);
    closers.push(() => registry.close());
    return registry;
  };
  const base = { PATH: process.env['PATH'] ?? '', HOME: folder, XDG_CACHE_HOME: join(folder, 'cache') };
  try {
    const tokens = await startTokenService(folder, USER.user, USER.password);
    closers.push(() => tokens.close());
    return await work({
      folder,
      open: await opened('open'),
      locked: await opened('locked', { kind: 'basic', ...USER }),
      tokened: await opened('tokened', { kind: 'bearer', ...tokens }),
      pluvio: (args, env = {}) => run(process.execPath, [MAIN, ...args], { ...base, ...env }),
      skopeo: (...args) => run('skopeo', args, base),
      startNode: async (...args) => {
        const flags = ['node', '--listen', '127.0.0.1:0', '-o', 'json', ...args];
        const child = spawn(process.execPath, [MAIN, ...flags], { env: base, stdio: ['ignore', 'pipe', 'ignore'] });
        closers.push(async () => {
          child.kill('SIGKILL');
          if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
        });
        let line = '';
        while (!line.includes('\n')) line += String((await once(child.stdout, 'data'))[0]);
        return (JSON.parse(line) as { url: string }).url;
      },
    });
  } finally {
    for (const close of closers.reverse()) await close();
  }
}
