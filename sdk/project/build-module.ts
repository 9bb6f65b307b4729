/** Makes the module of a project, with the interface that its program has. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ExportInterface, NamedType, WorkerManifest } from '../../runtime/bundle/index.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { compileProgram, compilerVersion, type Optimize, readProgram } from './compiler.ts';
import { type ExportedFunction, fieldTexts, type ProgramExports, readExports } from './export-types.ts';
import type { Build, Project } from './load-project.ts';
import { typeText } from '../../runtime/values/value-types.ts';
import { type PlainExport, wrapperSource } from './wrapper.ts';

/** Where builds go; it is there when a command runs. */
export const BUILD_FOLDER = 'build';

export interface BuiltModule {
  readonly module: Uint8Array;
  readonly interface: Readonly<Record<string, ExportInterface>>;
  readonly types: Readonly<Record<string, readonly NamedType[]>>;
  /** What the compiler said besides. */
  readonly messages: string;
  /** Name and version; null: none of ours. */
  readonly compiler: string | null;
}

/** Of the source that is compiled in place of the project's own. */
const WRAPPER = 'pluvio-exports.ts';
/** The node calls it for messages, timers and topics (docs/abi.md). */
const INPUT_EXPORT = 'pluvio_input';
const MAX_OUTPUT_CHARACTERS = 20_000;

/** Exports that are not called with typed values. */
function plainExports({ interface: given = {}, routes = [] }: WorkerManifest): Map<string, PlainExport['encoding']> {
  const plain = new Map<string, PlainExport['encoding']>([[INPUT_EXPORT, 'raw']]);
  for (const { export: name } of routes) if (name !== undefined) plain.set(name, 'raw');
  for (const [name, { encoding }] of Object.entries(given)) plain.set(name, encoding === 'core' ? 'core' : 'raw');
  return plain;
}

function interfaceOf({ params, required, result }: ExportedFunction): ExportInterface {
  const named = fieldTexts(params).map((param, index) => (index < required ? param : { ...param, optional: true }));
  return { encoding: 'json', params: named, ...(result === undefined ? {} : { result: typeText(result) }) };
}

function rawExport({ name, params, result }: ExportedFunction): PlainExport {
  if (params.length === 0 && result === undefined) return { name, encoding: 'raw' };
  throw new PluvioError(
    'BUILD_FAILED',
    `cannot export function ${name}: it has parameters or a result; what takes bytes, messages or HTTP requests must have none, and use input and output`,
  );
}

/** A typed program of AssemblyScript. @throws PluvioError `BUILD_FAILED`, `COMPILER_MISSING` */
export async function compileTyped(
  folder: string,
  entry: string,
  { manifest, optimize }: { readonly manifest: WorkerManifest; readonly optimize: Optimize },
): Promise<BuiltModule> {
  const plain = plainExports(manifest);
  const found: ProgramExports & { plain: PlainExport[] } = await readProgram({ folder, entry }, (program) => ({
    ...readExports(program, entry, (name) => !plain.has(name)),
    plain: readExports(program, entry, (name) => plain.get(name) === 'raw').functions.map(rawExport),
  }));
  const core = [...plain].flatMap(([name, encoding]) => (encoding === 'core' ? [{ name, encoding }] : []));
  const source = wrapperSource(entry.replace(/\.ts$/, ''), found, [...found.plain, ...core]);
  const { module, messages } = await compileProgram({
    folder,
    entry: WRAPPER,
    called: entry,
    sources: { [WRAPPER]: source },
    optimize,
  });
  return {
    module,
    messages,
    interface: Object.fromEntries(found.functions.map((one) => [one.name, interfaceOf(one)])),
    types: Object.fromEntries(found.classes.map(({ name, fields }) => [name, fieldTexts(fields)])),
    compiler: `assemblyscript ${compilerVersion(folder)}`,
  };
}

/** For a command of pluvio.json that could not be started. */
export function commandMissing(program: string, cause: unknown): PluvioError {
  const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  const reason = isMissing ? 'there is no such program on PATH' : String(cause);
  const message = `cannot run ${program}, which pluvio.json names: ${reason}`;
  return new PluvioError('COMPILER_MISSING', message, { program }, { cause });
}

/**
 * Runs a command in the project's folder, where the folder of builds is there; gives what it printed.
 * @throws PluvioError `BUILD_FAILED`, `COMPILER_MISSING`
 */
export async function runCommand(folder: string, [program = '', ...args]: readonly string[]): Promise<string> {
  await mkdir(join(folder, BUILD_FOLDER), { recursive: true });
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed: Promise<unknown[]> = once(child, 'close').catch((cause: unknown) => {
    throw commandMissing(program, cause);
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  const messages = `${out}${err}`.trim().slice(0, MAX_OUTPUT_CHARACTERS);
  if (code === 0) return messages;
  throw new PluvioError('BUILD_FAILED', `${program} ended with code ${String(code)}:\n${messages}`, {});
}

/** @throws PluvioError `FILE_FAILED` */
export async function readModule(folder: string, module: string): Promise<Uint8Array> {
  const path = join(folder, module);
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new PluvioError('FILE_FAILED', `cannot read module ${path}: ${String(cause)}`, { path }, { cause });
  });
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const BUILDERS: {
  readonly [Kind in Build['kind']]: (build: Extract<Build, { kind: Kind }>, project: Project) => Promise<BuiltModule>;
} = {
  assembly: ({ entry, optimize }, { folder, manifest }) => compileTyped(folder, entry, { manifest, optimize }),
  command: async ({ command, module }, { folder }) => {
    const messages = await runCommand(folder, command);
    return { module: await readModule(folder, module), interface: {}, types: {}, messages, compiler: null };
  },
  module: async ({ module }, { folder }) => ({
    module: await readModule(folder, module),
    interface: {},
    types: {},
    messages: '',
    compiler: null,
  }),
};

/** @throws PluvioError `BUILD_FAILED`, `COMPILER_MISSING`, `FILE_FAILED` */
export function buildModule(project: Project): Promise<BuiltModule> {
  const { build } = project;
  const builder = BUILDERS[build.kind] as (build: Build, project: Project) => Promise<BuiltModule>; // of that kind
  return builder(build, project);
}
