/**
 * Builds the published JavaScript: `tsc -p tsconfig.build.json` into dist/, the assets beside it, and the
 * executable bit of the command line. Files in dist/ whose source is gone are removed, so that a build never
 * has to start from nothing. Installing the package runs it.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');

/** Source folders that are published. */
const SOURCE_DIRS = ['runtime', 'sdk', 'modules'] as const;

/** Folders whose files are copied as they are, whatever they are: they are input of other compilers. */
const VERBATIM_DIRS = ['sdk/templates', 'sdk/assembly', 'sdk/c'] as const;

/** Files that programs read at run time, copied to the same place in dist/. */
const ASSET = /\.(?:wasm|wit|html|css|svg|h|json|sql)$/;

/** What the compiler makes of one source file. */
const EMITTED = /\.(?:js|js\.map|d\.ts)$/;

/** Sources that serve tests only; the compiler's settings leave them out too. */
const TEST_ONLY = /\.(?:test|fixture)\.ts$|\/testing\//;

const EXECUTABLES = ['sdk/cli/main.js'] as const;

function listFiles(dir: string): string[] {
  if (!existsSync(join(ROOT, dir))) return [];
  return readdirSync(join(ROOT, dir), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
}

function compile(): void {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

function isVerbatim(path: string): boolean {
  return VERBATIM_DIRS.some((dir) => path.startsWith(`${dir}/`));
}

function copyAssets(): void {
  for (const path of SOURCE_DIRS.flatMap(listFiles)) {
    if (!isVerbatim(path) && (!ASSET.test(path) || TEST_ONLY.test(path))) continue;
    const target = join(DIST, path);
    if (existsSync(target) && statSync(target).mtimeMs >= statSync(join(ROOT, path)).mtimeMs) continue;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(ROOT, path), target);
  }
}

function removeStale(): void {
  for (const path of SOURCE_DIRS.flatMap((dir) => listFiles(`dist/${dir}`))) {
    const source = path.slice('dist/'.length);
    const origin = !isVerbatim(source) && EMITTED.test(source) ? source.replace(EMITTED, '.ts') : source;
    if (!existsSync(join(ROOT, origin)) || (TEST_ONLY.test(origin) && !isVerbatim(origin))) rmSync(join(ROOT, path));
  }
}

// An incremental build trusts its record of the last one: without the files the record is worthless.
if (!existsSync(join(DIST, 'runtime'))) rmSync(join(ROOT, '.cache/build.tsbuildinfo'), { force: true });
compile();
copyAssets();
removeStale();
for (const path of EXECUTABLES) {
  if (existsSync(join(DIST, path))) chmodSync(join(DIST, path), 0o755);
}
