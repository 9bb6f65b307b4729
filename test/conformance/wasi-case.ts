/**
 * The cases of the official suite of WASI 0.1: a folder has a manifest, and for each program `NAME.wasm` a description `NAME.json`, if
 * it needs one, in the form with `operations` or in the one before.
 */
import { globSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Files, FileSource } from '../../runtime/host/index.ts';

export interface WasiCase {
  /** Path of the program in the suite. */
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What the guest finds at `/`; undefined: it has no files. */
  readonly files: Files | undefined;
  readonly exitCode: number;
  /** undefined: anything. */
  readonly stdout: string | undefined;
  readonly stderr: string | undefined;
}

const VERSION = /wasip1$|^wasm32-wasi$/;

/** The programs of the folders whose manifest is that of WASI 0.1, and the folders of other versions. */
export function listWasi(folder: string): { programs: string[]; otherFolders: string[] } {
  const programs: string[] = [];
  const otherFolders: string[] = [];
  for (const manifest of globSync('**/manifest.json', { cwd: folder }).sort()) {
    const { version } = objectOf(JSON.parse(readFileSync(join(folder, manifest), 'utf8')));
    const own = globSync('*.wasm', { cwd: join(folder, dirname(manifest)) }).sort();
    if (own.length === 0) continue;
    if (typeof version === 'string' && VERSION.test(version)) {
      programs.push(...own.map((name) => join(dirname(manifest), name)));
    } else otherFolders.push(dirname(manifest));
  }
  return { programs, otherFolders };
}

/** @throws Error the description asks for something that this runner cannot do */
export function readWasiCase(folder: string, file: string): WasiCase {
  const path = join(folder, file);
  let text = '{}';
  try {
    text = readFileSync(path.replace(/\.wasm$/, '.json'), 'utf8');
  } catch {
    // a program without a description is run without anything
  }
  const fields = flattened(objectOf(JSON.parse(text)));
  const { args = [], env = {}, root = null, exit_code: exitCode = 0, stdout, stderr } = fields;
  return {
    file,
    args: (args as unknown[]).map(String),
    env: Object.fromEntries(Object.entries(objectOf(env)).map(([name, value]) => [name, String(value)])),
    files: typeof root === 'string' ? readTree(join(dirname(path), root)) : undefined,
    exitCode: Number(exitCode),
    stdout: typeof stdout === 'string' ? stdout : undefined,
    stderr: typeof stderr === 'string' ? stderr : undefined,
  };
}

/** The fields of `operations` in one object, as the older form has them. */
function flattened(description: Record<string, unknown>): Record<string, unknown> {
  const { operations } = description;
  if (!Array.isArray(operations)) return description;
  const fields: Record<string, unknown> = {};
  for (const operation of operations.map(objectOf)) {
    const { type, id = 'stdout', payload = '', ...own } = operation;
    if (type === 'run' || type === 'wait') Object.assign(fields, own);
    else if (type === 'read') fields[String(id)] = payload;
    else throw new Error(`the operation "${String(type)}" is not known`);
  }
  return fields;
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null)
    throw new Error(`found ${JSON.stringify(value)}; expected an object`);
  return value as Record<string, unknown>; // an object's fields are unknown
}

/** Everything below a directory; empty ones too. */
function readTree(root: string): Files {
  const files: Record<string, FileSource> = {};
  const read = (path: string): void => {
    const entries = readdirSync(join(root, path), { withFileTypes: true });
    if (entries.length === 0 && path !== '') files[`${path}`] = '';
    for (const entry of entries) {
      const at = `${path}${entry.name}`;
      if (entry.isDirectory()) read(`${at}/`);
      else if (entry.isSymbolicLink()) files[at] = { symlink: readlinkSync(join(root, at)) };
      else files[at] = new Uint8Array(readFileSync(join(root, at)));
    }
  };
  read('');
  return files;
}
