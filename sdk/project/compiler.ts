/**
 * The AssemblyScript compiler, in this process: a project's own copy, or the one beside Pluvio.
 *
 * Boundary: files in, bytes and diagnostics out. The package `pluvio`, as guests import it, is always the one that this code belongs to.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PluvioError } from '../../runtime/errors/index.ts';
import type { CompilerProgram } from './compiler-types.ts';

/** What is used of the package `assemblyscript`. */
interface Compiler {
  readonly main: (args: readonly string[], options: object) => Promise<{ error: Error | null }>;
  readonly checkDiagnostics: (program: CompilerProgram, output: Output, disabled: unknown, report: unknown) => number;
}

interface Output {
  isTTY: boolean;
  write: (text: string | Uint8Array) => boolean;
}

/**
 * What of the optimizer pays: most of its time goes into its own code that runs for the first time, pass by pass, while the engine that runs the
 * program inlines and combines once more. In the order in which they run.
 */
const BALANCED_PASSES = [
  'remove-unused-module-elements',
  'inlining',
  'optimize-instructions',
  'remove-unused-brs',
  'remove-unused-names',
  'simplify-locals',
  'vacuum',
  'coalesce-locals',
  'reorder-locals',
  'remove-unused-module-elements',
] as const;

/** How much time the compiler takes for how small and fast a program; names of functions stay in any case. */
export const OPTIMIZE = {
  none: ['--debug'],
  balanced: ['--runPasses', BALANCED_PASSES.join(), '--debug'],
  speed: ['--optimizeLevel', '3', '--debug'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type Optimize = keyof typeof OPTIMIZE;

export interface CompilerInput {
  /** The project's folder: paths in messages begin there. */
  readonly folder: string;
  /** Path of the source that is compiled, from the folder. */
  readonly entry: string;
  /** Sources that are no files, by path from the folder. */
  readonly sources?: Readonly<Record<string, string>>;
  readonly optimize?: Optimize;
  /** What messages call the program; default: the entry. */
  readonly called?: string;
}

const PACKAGE_ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Of the package or of the repository: where the guest's sources lie. */
const GUEST_SOURCES = join(PACKAGE_ROOT, 'sdk/assembly');
const PLUVIO_PACKAGE = /(?:^|[\\/])node_modules[\\/]pluvio[\\/](.*)$/;
/** A folder of the compiler's library that is none on the disk, and its file: in place of what the library asks a browser for. */
const BINDINGS = 'pluvio-bindings';
const DOM = 'bindings/dom.ts';
/** Options are those of pluvio.json: an asconfig.json is not read. */
const NO_CONFIG = 'pluvio-no-config.json';
const GLOBALS = '~lib/pluvio/sdk/assembly/globals';
const OPTIONS = [
  ...['--runtime', 'incremental', '--noColors', '--disableWarning', '235'],
  ...['--use', `abort=${GLOBALS}/endWithTrap`],
  ...['--use', `trace=${GLOBALS}/writeTrace`],
  ...['--use', `seed=${GLOBALS}/randomSeed`],
] as const;

/** @throws PluvioError `COMPILER_MISSING` */
async function loadCompiler(folder: string): Promise<Compiler> {
  const manifest = compilerManifest(folder);
  return (await import(pathToFileURL(join(dirname(manifest), 'dist/asc.js')).href)) as Compiler; // the package's API
}

/** The compiler's version. @throws PluvioError `COMPILER_MISSING` */
export function compilerVersion(folder: string): string {
  const manifest = JSON.parse(readFileSync(compilerManifest(folder), 'utf8')) as { version: string }; // npm's format
  return manifest.version;
}

function compilerManifest(folder: string): string {
  const bases = [pathToFileURL(join(resolve(folder), 'pluvio.json')).href, import.meta.url];
  const manifest = bases
    .map((base) => {
      try {
        return createRequire(base).resolve('assemblyscript/package.json');
      } catch {
        return undefined; // not there
      }
    })
    .find((path) => path !== undefined);
  if (manifest === undefined) {
    throw new PluvioError(
      'COMPILER_MISSING',
      `cannot compile in ${folder}: the package assemblyscript is not installed there; it must be among its devDependencies`,
    );
  }
  return manifest;
}

/** `pluvio/assembly` is the guest SDK, `pluvio/sdk/assembly/…` a file of it. */
function guestSource(path: string): string | null {
  if (path === 'assembly.ts') return "export * from './sdk/assembly/index';\n";
  const file = /^sdk\/assembly\/([\w-]+\.ts)$/.exec(path.replaceAll('\\', '/'))?.[1];
  return file === undefined ? null : readOrNull(join(GUEST_SOURCES, file));
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null; // the compiler tries several places
  }
}

class TextOutput implements Output {
  readonly isTTY = false;
  #text = '';

  readonly write = (text: string | Uint8Array): boolean => {
    this.#text += typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
    return true;
  };

  take(): string {
    const text = this.#text.trim();
    this.#text = '';
    return text;
  }
}

interface RunResult {
  readonly error: Error | null;
  readonly messages: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

async function run(
  compiler: Compiler,
  { folder, entry, sources = {} }: CompilerInput,
  options: readonly string[],
  afterInitialize?: (program: CompilerProgram) => void,
): Promise<RunResult> {
  const root = resolve(folder);
  const files = new Map<string, Uint8Array>();
  const output = new TextOutput();
  const readSource = (name: string, base: string): string | null => {
    const path = resolve(base, name);
    const inPackage = PLUVIO_PACKAGE.exec(path)?.[1];
    if (inPackage !== undefined) return guestSource(inPackage);
    if (basename(base) === BINDINGS) return name === DOM ? readOrNull(join(GUEST_SOURCES, 'dom.ts')) : null;
    if (name === NO_CONFIG) return null;
    const given = Object.entries(sources).find(([source]) => resolve(root, source) === path)?.[1];
    return given ?? readOrNull(path);
  };
  const { error } = await compiler.main(
    [entry, '--baseDir', root, '--lib', BINDINGS, '--config', NO_CONFIG, ...OPTIONS, ...options],
    {
      readFile: readSource,
      writeFile: (name: string, bytes: Uint8Array) => files.set(name, bytes),
      listFiles: () => [DOM],
      stdout: output,
      stderr: output,
      transforms: afterInitialize === undefined ? [] : [{ afterInitialize }],
    },
  );
  return { error, messages: output.take(), files };
}

const failed = (entry: string, messages: string): PluvioError =>
  new PluvioError('BUILD_FAILED', `cannot compile ${entry}:\n${messages}`, { file: entry });

const STOP = new Error('enough is known');

/**
 * Reads a program without compiling it, for the types of its exports.
 * @param look Gets the program; its elements are valid meanwhile.
 * @throws PluvioError `BUILD_FAILED` with the compiler's messages, `COMPILER_MISSING`, what `look` throws
 */
export async function readProgram<Found>(
  input: CompilerInput,
  look: (program: CompilerProgram) => Found,
): Promise<Found> {
  const compiler = await loadCompiler(input.folder);
  const faults = new TextOutput();
  let outcome: { found: Found } | { error: unknown } | undefined;
  const { messages } = await run(compiler, input, [], (program) => {
    try {
      outcome = { found: look(program) };
    } catch (error) {
      outcome = { error };
    }
    if (compiler.checkDiagnostics(program, faults, [235], undefined) > 0) outcome = undefined;
    throw STOP; // nothing is to be compiled
  });
  if (outcome === undefined) throw failed(input.entry, faults.take() || messages);
  if ('error' in outcome) throw outcome.error;
  return outcome.found;
}

/**
 * Compiles a program to a module; the same sources give the same bytes.
 * @throws PluvioError `BUILD_FAILED` with the compiler's messages, `COMPILER_MISSING`
 */
export async function compileProgram(input: CompilerInput): Promise<{ module: Uint8Array; messages: string }> {
  const compiler = await loadCompiler(input.folder);
  const level = OPTIMIZE[input.optimize ?? 'balanced'];
  const { error, messages, files } = await run(compiler, input, [...level, '--outFile', 'module.wasm']);
  const module = files.get('module.wasm');
  if (error !== null || module === undefined) throw failed(input.called ?? input.entry, messages || String(error));
  return { module, messages };
}
