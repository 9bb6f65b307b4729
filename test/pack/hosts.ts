/** The programs that the package must work in: where each comes from and how it runs a script. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './run-command.ts';

export type PackHostName = 'node22' | 'node24' | 'node26' | 'bun' | 'deno';

interface PackHostRow {
  /** What npm installs it from, where it is not a dependency of this repository. */
  readonly spec?: string;
  /** The executable, from the folder that it was installed in. */
  readonly path: string;
  /** Stand before the script. */
  readonly args: readonly string[];
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Kept between runs: each is 120 MB. */
const DOWNLOADS = join(ROOT, '.cache/pack-test');
const NODE_PACKAGE = `node-${process.platform}-${process.arch}`;

const nodeRow = (major: number): PackHostRow => ({
  spec: `node${major}@npm:${NODE_PACKAGE}@${major}`,
  path: join(DOWNLOADS, 'node_modules', `node${major}`, 'bin/node'),
  args: [],
});

export const PACK_HOSTS: Readonly<Record<PackHostName, PackHostRow>> = {
  node22: nodeRow(22),
  node24: nodeRow(24),
  node26: nodeRow(26),
  bun: { path: join(ROOT, 'node_modules/.bin/bun'), args: [] },
  deno: { path: join(ROOT, 'node_modules/.bin/deno'), args: ['run', '--quiet', '--allow-all'] },
};

export const PACK_HOST_NAMES = Object.keys(PACK_HOSTS) as readonly PackHostName[]; // the keys of the table

/** A program that is there. */
export interface PackHost {
  readonly name: PackHostName;
  readonly version: string;
  readonly path: string;
  readonly args: readonly string[];
}

/** The host, or undefined if it is not there. The Node that runs this stands for its own version. */
async function findHost(name: PackHostName): Promise<PackHost | undefined> {
  const row = PACK_HOSTS[name];
  const isThis = name === `node${process.versions.node.split('.')[0]}`;
  const path = isThis ? process.execPath : row.path;
  if (!existsSync(path)) return undefined;
  const { stdout } = await runCommand(path, ['--version']);
  return { name, version: /\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? '?', path, args: row.args };
}

/** Installs those that are not there yet; what npm cannot get stays missing. */
async function install(names: readonly PackHostName[]): Promise<void> {
  await mkdir(DOWNLOADS, { recursive: true });
  const manifest = join(DOWNLOADS, 'package.json');
  if (!existsSync(manifest)) await writeFile(manifest, '{ "private": true }\n');
  for (const name of names) {
    const { spec } = PACK_HOSTS[name];
    if (spec === undefined) continue;
    await runCommand('npm', ['install', spec, '--no-audit', '--no-fund', '--silent'], { cwd: DOWNLOADS });
  }
}

/** Those of the names that are there, and the others. Gets missing versions of Node from npm first. */
export async function openHosts(
  names: readonly PackHostName[],
): Promise<{ hosts: PackHost[]; missing: PackHostName[] }> {
  const absent: PackHostName[] = [];
  for (const name of names) if ((await findHost(name)) === undefined) absent.push(name);
  if (absent.length > 0) await install(absent);
  const hosts: PackHost[] = [];
  for (const name of names) {
    const host = await findHost(name);
    if (host !== undefined) hosts.push(host);
  }
  return { hosts, missing: names.filter((name) => !hosts.some((host) => host.name === name)) };
}

/** The environment of a command that is to find this Node first. */
export const pathWith = (host: PackHost): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${dirname(host.path)}:${process.env['PATH'] ?? ''}`,
});
