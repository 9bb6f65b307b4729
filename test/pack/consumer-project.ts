/** An empty project that the packed package is installed in, as a user's is. */
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOrFail } from './run-command.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SOURCES = fileURLToPath(new URL('consumer/', import.meta.url));

export interface PackageJson {
  readonly version: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** What npm says of the package that it has made. */
export interface PackReport {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly entryCount: number;
}

export interface Consumer {
  readonly folder: string;
  readonly tarball: string;
  readonly report: PackReport;
  readonly manifest: PackageJson;
  /** Entries that a program imports: all but those for other compilers and the manifest. */
  readonly specifiers: readonly string[];
  /** Packages that it brings along, itself among them, without optional ones. */
  readonly installedPackages: number;
  readonly installedBytes: number;
  remove(): Promise<void>;
}

/** Tools of the project, in the versions of this repository. */
const TOOLS = ['typescript', '@types/node', 'assemblyscript'] as const;

/** How TypeScript is told to find packages. */
export const RESOLUTIONS = {
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
  node16: { module: 'node16', moduleResolution: 'node16' },
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
} as const;

const COMPILER_OPTIONS = {
  target: 'es2024',
  lib: ['es2024', 'esnext.disposable', 'dom', 'dom.iterable', 'dom.asynciterable'],
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  rootDir: 'src',
  outDir: 'out',
} as const;

function specifiersOf({ exports }: PackageJson): string[] {
  return Object.entries(exports)
    .filter(([, target]) => typeof target === 'object' && 'default' in target)
    .map(([entry]) => join('pluvio', entry));
}

/** Builds and packs this package, installs it in a new folder, and makes a project with a worker to deploy in `hello/` of it. */
export async function createConsumer(): Promise<Consumer> {
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-pack-'));
  try {
    await runOrFail(process.execPath, [join(ROOT, 'scripts/build.ts')]);
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
    const { stdout } = await runOrFail('npm', pack, { cwd: ROOT });
    const [report] = JSON.parse(stdout) as PackReport[]; // npm's documented output
    if (report === undefined) throw new Error('npm pack made no package');
    const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as PackageJson; // our own
    const tarball = join(folder, report.filename);
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    await install(folder, [tarball]);
    const installed = await measureInstalled(join(folder, 'node_modules'));
    await install(
      folder,
      TOOLS.map((name) => `${name}@${manifest.devDependencies[name]}`),
    );
    await cp(SOURCES, join(folder, 'src'), { recursive: true });
    for (const [name, options] of Object.entries(RESOLUTIONS)) {
      const config = { compilerOptions: { ...COMPILER_OPTIONS, ...options }, include: ['src'] };
      await writeFile(join(folder, `tsconfig.${name}.json`), JSON.stringify(config));
    }
    return {
      ...{ folder, tarball, report, manifest, ...installed },
      specifiers: specifiersOf(manifest),
      remove: () => rm(folder, { recursive: true, force: true }),
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Without optional packages: with them, npx would find the Node that the package brings along, not the one that is tried. */
async function install(folder: string, specs: readonly string[]): Promise<void> {
  const flags = ['--omit=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  await runOrFail('npm', ['install', ...specs, ...flags], { cwd: folder });
}

async function measureInstalled(folder: string): Promise<Pick<Consumer, 'installedPackages' | 'installedBytes'>> {
  const lock = await readFile(join(folder, '.package-lock.json'), 'utf8');
  const { packages } = JSON.parse(lock) as { packages: Readonly<Record<string, unknown>> }; // npm's format
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  let installedBytes = 0;
  for (const { parentPath, name } of files) installedBytes += (await stat(join(parentPath, name))).size;
  return { installedPackages: Object.keys(packages).length, installedBytes };
}
