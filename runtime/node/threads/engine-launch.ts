/**
 * How an engine process is launched: as whom, and with what rights.
 *
 * Boundary: the operating system's users, `setpriv` of util-linux and Node's permission model; nothing of what an engine does.
 *
 * Invariants:
 * 1. An engine process has an empty environment, the working directory `/`, and of the node's descriptors the channel and a pipe for its
 *    errors alone.
 * 2. It may read this package and the packages beside it, read and write the cache that it is given, and start nothing.
 * 3. With a user of its own it has no group besides that user's, and no capability; where `setpriv` is there it gains none by any program either.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PluvioError } from '../../errors/index.ts';

/** Whom engine processes run as. */
export interface EngineUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** What `child_process.fork` is given. */
export interface EngineLaunch {
  readonly execPath: string;
  readonly execArgv: string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly uid?: number;
  readonly gid?: number;
}

export interface LaunchOptions {
  readonly heapMib: number;
  /** Undefined: that of the node. */
  readonly user?: EngineUser | undefined;
  /** The folder of the module cache, which must be there; null: none. */
  readonly cacheFolder: string | null;
}

const run = promisify(execFile);
const SETPRIV = '/usr/bin/setpriv';
const PROBE_MS = 60_000;

/** The file of an entry of this folder: TypeScript where it is run from source. */
export function entryFile(name: string): string {
  const source = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  return existsSync(source) ? source : fileURLToPath(new URL(`./${name}.js`, import.meta.url));
}

/** The folder of this package, and the folders that packages are looked for in from there. */
function packageFolders(): string[] {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  const folders = [folder];
  for (let at = dirname(folder); at !== dirname(at); at = dirname(at)) folders.push(join(at, 'node_modules'));
  return folders.filter((path) => existsSync(path));
}

/** Found when the first process is started: a node that starts none need not look. */
let permitted: readonly string[] | undefined;

export function launchOf({ heapMib, user, cacheFolder }: LaunchOptions): EngineLaunch {
  const cache = cacheFolder === null ? [] : [`--allow-fs-read=${cacheFolder}`, `--allow-fs-write=${cacheFolder}`];
  permitted ??= packageFolders().map((path) => `--allow-fs-read=${path}`);
  const flags = [`--max-old-space-size=${heapMib}`, '--permission', ...permitted, ...cache];
  const place = { cwd: '/', env: {} };
  if (user === undefined) return { ...place, execPath: process.execPath, execArgv: flags };
  const { uid, gid } = user;
  if (!existsSync(SETPRIV)) return { ...place, execPath: process.execPath, execArgv: flags, uid, gid };
  const drops = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--inh-caps=-all', '--no-new-privs'];
  return { ...place, execPath: SETPRIV, execArgv: [...drops, process.execPath, ...flags] };
}

/**
 * Engines are processes for the rights that they lack: without the permission model they would have all of the node's.
 * @throws PluvioError `UNSUPPORTED` this is not Node
 */
export function checkPermissionModel(): void {
  if (process.allowedNodeEnvironmentFlags.has('--permission')) return;
  const { bun, deno } = process.versions;
  const host = bun === undefined ? (deno === undefined ? `Node ${process.version}` : `Deno ${deno}`) : `Bun ${bun}`;
  throw new PluvioError(
    'UNSUPPORTED',
    `cannot run engines as processes: ${host} has no permission model that takes rights from them; engine.isolation must be threads here, or the node run on Node 22.19 or later`,
  );
}

/**
 * The user that engine processes run as, by name or number; a process that runs as that user has then read the engine's code.
 * @throws PluvioError `UNSUPPORTED` the node is not root, `INVALID_ARGUMENT` there is no such user or it is root, `FILE_FAILED` it cannot run
 * this program
 */
export async function openEngineUser(name: string): Promise<EngineUser> {
  const own = process.getuid?.();
  if (own !== 0) {
    const found = own === undefined ? 'this system has no users of that kind' : `it runs as the user ${own}`;
    throw new PluvioError('UNSUPPORTED', `cannot run engines as "${name}": ${found}; the node must be root`);
  }
  const user = await findUser(name);
  if (user.uid === 0) {
    throw new PluvioError('INVALID_ARGUMENT', `cannot run engines as "${name}": that is root; it must be another user`);
  }
  await probe(user);
  return user;
}

async function findUser(name: string): Promise<EngineUser> {
  const { stdout } = await run('getent', ['passwd', '--', name]).catch((cause: unknown) => {
    const isMissing = (cause as { code?: unknown }).code === 'ENOENT'; // execFile throws errors with codes
    throw isMissing
      ? new PluvioError('UNSUPPORTED', `cannot run engines as "${name}": there is no getent to look users up`)
      : new PluvioError('INVALID_ARGUMENT', `cannot run engines as "${name}": this machine has no such user`);
  });
  const [found = name, , uid = '', gid = ''] = stdout.split('\n', 1)[0]?.split(':') ?? [];
  return { name: found, uid: Number(uid), gid: Number(gid) };
}

/** Has a process with the rights of an engine read the engine's code. */
async function probe(user: EngineUser): Promise<void> {
  const { execPath, execArgv, ...rest } = launchOf({ heapMib: 64, user, cacheFolder: null });
  const script = 'require("node:fs").readFileSync(process.argv[1])';
  const args = [...execArgv, '-e', script, entryFile('engine-process-main')];
  await run(execPath, args, { ...rest, timeout: PROBE_MS }).catch((cause: unknown) => {
    const said = (cause as { stderr?: string }).stderr ?? ''; // execFile throws errors with what was written
    const reason = /^.*\b(?:Error|setpriv): .*$/m.exec(said)?.[0] ?? String(cause);
    const message = `cannot run engines as "${user.name}": ${reason}; that user must be able to read and run this program`;
    throw new PluvioError('FILE_FAILED', message, { user: user.name }, { cause });
  });
}
