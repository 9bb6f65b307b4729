/** Checks of the package itself: size, manifest, types. Each gives what it found, or throws. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Consumer, RESOLUTIONS } from './consumer-project.ts';
import { runCommand, runOrFail } from './run-command.ts';

const BIN = fileURLToPath(new URL('../../node_modules/.bin/', import.meta.url));

export type Facts = Readonly<Record<string, string | number | readonly string[]>>;

export interface PackageCheck {
  readonly name: string;
  run(consumer: Consumer): Promise<Facts>;
}

/** What the package may be at most. A figure grows only with a reason: raise it in the same change, with what it buys. */
const BUDGET = {
  packedBytes: { most: 1_800_000, of: ({ report }: Consumer) => report.size },
  unpackedBytes: { most: 8_000_000, of: ({ report }: Consumer) => report.unpackedSize },
  files: { most: 2_500, of: ({ report }: Consumer) => report.entryCount },
  installedPackages: { most: 60, of: ({ installedPackages }: Consumer) => installedPackages },
  installedBytes: { most: 50_000_000, of: ({ installedBytes }: Consumer) => installedBytes },
} as const satisfies Record<string, { readonly most: number; readonly of: (consumer: Consumer) => number }>;

const withinBudget = (consumer: Consumer): Promise<Facts> => {
  const rows = Object.entries(BUDGET).map(([name, { most, of }]) => ({ name, most, found: of(consumer) }));
  const over = rows.filter(({ most, found }) => found > most);
  if (over.length > 0) {
    throw new Error(over.map(({ name, most, found }) => `${name} is ${found}, the budget is ${most}`).join('; '));
  }
  return Promise.resolve(Object.fromEntries(rows.map(({ name, most, found }) => [name, `${found} of ${most}`])));
};

async function lintManifest({ tarball }: Consumer): Promise<Facts> {
  const { stdout } = await runOrFail(join(BIN, 'publint'), ['run', tarball, '--strict']);
  return { says: stdout.trim().split('\n').at(-1) ?? '' };
}

/** `pluvio/assembly` is for the AssemblyScript compiler, which has its own rules of finding files. */
async function checkTypes({ tarball }: Consumer): Promise<Facts> {
  const args = [tarball, '--profile', 'esm-only', '--exclude-entrypoints', 'assembly', '--format', 'json'];
  const { exitCode, stdout } = await runCommand(join(BIN, 'attw'), args);
  if (exitCode !== 0) throw new Error(stdout.slice(0, 2000));
  const { analysis } = JSON.parse(stdout) as { analysis: { entrypoints: Readonly<Record<string, unknown>> } }; // attw's format
  return { entrypoints: Object.keys(analysis.entrypoints) };
}

async function compile({ folder }: Consumer): Promise<Facts> {
  const compiler = join(folder, 'node_modules/.bin/tsc');
  for (const name of Object.keys(RESOLUTIONS)) {
    // What the other two find is thrown away, the last is what the hosts run.
    await runOrFail(compiler, ['-p', `tsconfig.${name}.json`], { cwd: folder });
  }
  return { resolutions: Object.keys(RESOLUTIONS) };
}

export const PACKAGE_CHECKS: readonly PackageCheck[] = [
  { name: 'size', run: withinBudget },
  { name: 'publint', run: lintManifest },
  { name: 'attw', run: checkTypes },
  { name: 'tsc', run: compile },
];
