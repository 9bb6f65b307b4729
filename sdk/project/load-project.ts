/**
 * Reads a project's pluvio.json.
 *
 * Invariant: what is given back fits the schema, and what of it goes into the manifest passes the manifest's own checks.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkWorkerManifest, type WorkerManifest } from '../../runtime/bundle/index.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { ConfigText } from '../../runtime/node/config/config-text.ts';
import { checkValue } from '../../runtime/node/schema-check.ts';
import type { Optimize } from './compiler.ts';
import { NAME_WORDS } from './project-name.ts';
import { PROJECT_SCHEMA } from './project-table.ts';

export const PROJECT_FILE = 'pluvio.json';
/** Annotation of the manifest: the program's version. */
export const VERSION_ANNOTATION = 'org.opencontainers.image.version';

export type Build =
  | { readonly kind: 'assembly'; readonly entry: string; readonly optimize: Optimize }
  | { readonly kind: 'command'; readonly command: readonly string[]; readonly module: string }
  | { readonly kind: 'module'; readonly module: string };

/** Where a project's own tests are. */
export type TestSource =
  /** Sources in AssemblyScript. */
  | { readonly kind: 'folder'; readonly folder: string }
  /** A command that makes a program, which has them. */
  | { readonly kind: 'program'; readonly command: readonly string[]; readonly module: string }
  /** A command that runs them itself. */
  | { readonly kind: 'command'; readonly command: readonly string[] };

/** A folder with a pluvio.json, checked. */
export interface Project {
  readonly folder: string;
  readonly name: string;
  readonly build: Build;
  readonly tests: TestSource;
  /** What the file says of the manifest; `interface` lacks the typed exports, sources of files are paths of the project. */
  readonly manifest: WorkerManifest;
}

/** A file that fits PROJECT_SCHEMA. */
interface ProjectJson extends Omit<WorkerManifest, 'schemaVersion' | 'types' | 'annotations' | 'stdin'> {
  readonly $schema?: string;
  readonly version?: string;
  readonly tests?: string | { readonly command: readonly string[]; readonly module?: string };
  readonly build: {
    readonly entry?: string;
    readonly optimize?: Optimize;
    readonly command?: readonly string[];
    readonly module?: string;
  };
}

/**
 * @param folder With the file pluvio.json.
 * @throws PluvioError `PROJECT_INVALID` with line and field, `FILE_FAILED`
 */
export async function loadProject(folder: string): Promise<Project> {
  const path = join(folder, PROJECT_FILE);
  const bytes = await readFile(path).catch((cause: unknown) => {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const reason = isMissing ? 'there is no such file; it must be in the project’s folder' : String(cause);
    throw new PluvioError('FILE_FAILED', `cannot read ${path}: ${reason}`, { path }, { cause });
  });
  return projectOf(folder, path, bytes);
}

/** @throws PluvioError `PROJECT_INVALID` */
export function projectOf(folder: string, path: string, bytes: Uint8Array): Project {
  const text = textOf(path, bytes);
  const [twice] = text.duplicates();
  if (twice !== undefined) {
    throw invalid(`${path}:${twice.place.line}:${twice.place.column}: "${twice.key}" stands here for the second time`);
  }
  const inPlace = <Value>(read: () => Value): Value => {
    try {
      return read();
    } catch (error) {
      throw placed(error, text);
    }
  };
  inPlace(() => checkFields(text.value));
  inPlace(() => checkValue(PROJECT_SCHEMA, text.value, 'project'));
  const json = text.value as ProjectJson; // checked by the schema
  const build = inPlace(() => buildOf(json.build));
  const tests = inPlace(() => testsOf(json.tests));
  const { $schema: _, build: __, tests: ___, version, ...rest } = json;
  const manifest = inPlace(() =>
    checkWorkerManifest({
      schemaVersion: 1,
      ...rest,
      ...(version === undefined ? {} : { annotations: { [VERSION_ANNOTATION]: version } }),
    }),
  );
  return { folder, name: json.name, build, tests, manifest };
}

/** A field that is misspelt is told rather than that the right one is missing. */
function checkFields(value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return; // the schema tells
  const known = Object.keys(PROJECT_SCHEMA.properties ?? {});
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const problem = `${unknown}: is not a field here; known are ${known.join(', ')}`;
  throw new PluvioError('PROJECT_INVALID', problem, { field: unknown });
}

function textOf(path: string, bytes: Uint8Array): ConfigText {
  try {
    return new ConfigText(path, bytes);
  } catch (error) {
    throw error instanceof PluvioError ? invalid(error.message) : error;
  }
}

const invalid = (message: string, field?: string): PluvioError =>
  new PluvioError('PROJECT_INVALID', message, field === undefined ? {} : { field });

/** Line and column in front of what is wrong. */
function placed(error: unknown, text: ConfigText): unknown {
  if (!(error instanceof PluvioError)) return error;
  const field = String(error.details['field'] ?? '').replace(/^project\.?/, '');
  const { line, column } = text.placeOf(field);
  const problem = error.message
    .replace(/^(?:project|worker manifest)\.?/, '')
    .replace(/^: /, '')
    .replace(/^(name: .*must) match .*$/, `$1 be ${NAME_WORDS}`);
  return invalid(`${text.name}:${line}:${column}: ${problem}`, field);
}

function buildOf({ entry, optimize, command, module }: ProjectJson['build']): Build {
  const fail = (problem: string): never => {
    throw new PluvioError('PROJECT_INVALID', `build: ${problem}`, { field: 'build' });
  };
  if (entry !== undefined) {
    if (command !== undefined || module !== undefined) return fail('has entry and another way; it must have one');
    if (!entry.endsWith('.ts')) return fail(`entry is ${entry}; it must be a source of AssemblyScript, .ts`);
    return { kind: 'assembly', entry, optimize: optimize ?? 'balanced' };
  }
  if (optimize !== undefined) return fail('has optimize; that is for AssemblyScript');
  if (module === undefined) return fail('has no module; it must have entry, or module');
  if (command === undefined) return { kind: 'module', module };
  if (command.length === 0) return fail('has an empty command');
  return { kind: 'command', command, module };
}

function testsOf(tests: ProjectJson['tests'] = 'tests'): TestSource {
  if (typeof tests === 'string') return { kind: 'folder', folder: tests };
  const { command, module } = tests;
  if (command.length === 0) {
    throw new PluvioError('PROJECT_INVALID', 'tests: has an empty command', { field: 'tests' });
  }
  return module === undefined ? { kind: 'command', command } : { kind: 'program', command, module };
}
