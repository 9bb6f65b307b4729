/**
 * Checks the package as its users will get it: every entry of `exports` and `bin` exists in dist/ and can be
 * imported, and what `npm pack` would publish has no tests and no sources. Exits 1 with the list of faults.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface PackageJson {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin: Readonly<Record<string, string>>;
}

interface PackReport {
  readonly files: readonly { readonly path: string }[];
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Files that must not be published. */
const UNWANTED =
  /(?<!sdk\/templates\/.*)\.(?:test|fixture)\.|^test\/|^examples\/|^scripts\/|\.tsbuildinfo$|(?<!\.d)(?<!sdk\/(?:templates|assembly)\/.*)(?<!^assembly)\.ts$/;

const faults: string[] = [];
// The package's own manifest, written by hand and checked by npm.
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as PackageJson;

function checkFile(entry: string, path: string): boolean {
  if (existsSync(join(ROOT, path))) return true;
  faults.push(`${entry}: ${path} does not exist; every entry must name a file of the build`);
  return false;
}

for (const [entry, target] of Object.entries(manifest.exports)) {
  const paths = typeof target === 'string' ? [target] : Object.values(target);
  const present = paths.map((path) => checkFile(`exports["${entry}"]`, path)).every(Boolean);
  // What has types alone is for another compiler.
  const isImported = typeof target === 'string' ? !entry.endsWith('.json') : 'default' in target;
  if (!present || !isImported) continue;
  const specifier = join(manifest.name, entry);
  try {
    const exported = (await import(specifier)) as object; // a module namespace is always an object
    if (Object.keys(exported).length === 0) faults.push(`${specifier}: exports nothing`);
  } catch (error) {
    faults.push(`${specifier}: cannot be imported: ${String(error)}`);
  }
}
for (const [name, path] of Object.entries(manifest.bin)) checkFile(`bin["${name}"]`, path);

const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
  cwd: ROOT,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
});
const report = JSON.parse(packed) as PackReport[]; // npm's documented output
for (const { path } of report.flatMap(({ files }) => files)) {
  if (UNWANTED.test(path)) faults.push(`npm pack: would publish ${path}`);
}

for (const fault of faults) console.error(fault);
console.log(`exports: ${Object.keys(manifest.exports).length} entries, ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
