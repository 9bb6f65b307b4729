/** docker-registry as a child process, on a free port with a folder of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface DockerRegistry {
  /** Host and port. */
  readonly host: string;
  close(): Promise<void>;
}

/** Who may use it; default: everybody. */
export type RegistryAuth =
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly realm: string; readonly issuer: string; readonly certificate: string };

function authOf(auth: RegistryAuth, folder: string): object {
  if (auth.kind === 'bearer')
    return { token: { realm: auth.realm, service: 'registry', issuer: auth.issuer, rootcertbundle: auth.certificate } };
  const path = join(folder, 'htpasswd');
  execFileSync('htpasswd', ['-Bbc', path, auth.user, auth.password], { stdio: 'ignore' });
  return { htpasswd: { realm: 'registry', path } };
}

/** Starts a registry, and waits until it listens. */
export async function startDockerRegistry(folder: string, auth?: RegistryAuth): Promise<DockerRegistry> {
  await mkdir(folder, { recursive: true });
  const config = {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
    http: { addr: '127.0.0.1:0' },
    ...(auth === undefined ? {} : { auth: authOf(auth, folder) }),
  };
  const path = join(folder, 'config.yml');
  await writeFile(path, JSON.stringify(config)); // JSON is YAML
  const child = spawn('docker-registry', ['serve', path], { stdio: ['ignore', 'pipe', 'pipe'] });
  const host = await listeningHost(child);
  return {
    host,
    close: async () => {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** Where it says that it listens. */
function listeningHost(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = '';
    const read = (piece: Buffer): void => {
      log = `${log}${piece.toString()}`.slice(-65_536);
      const host = /listening on (127\.0\.0\.1:\d+)/.exec(log)?.[1];
      if (host !== undefined) resolve(host);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`docker-registry has ended with ${code}: ${log}`)));
  });
}
