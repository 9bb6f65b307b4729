/**
 * Runs WASI 0.1 programs on a bare engine: under this project's host in several modes, and under Node's own WASI as the oracle.
 *
 * Waiting host calls are suspended by the engine's promise integration, so no instrumentation takes part: what a mode shows is the host's.
 */
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { WASI } from 'node:wasi';
import { Packr } from 'msgpackr';
import { GuestExit, Pending } from '../../runtime/engine/pending.ts';
import type { GuestAccess, HostFunction } from '../../runtime/engine/types.ts';
import { StateFollower } from '../engine/state-follower.ts';
import { createWasi, type Files, type WasiHost, type WasiOptions } from '../../runtime/host/index.ts';

export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * What happens around a host call.
 * - `direct`: the host is kept, a waiting call is waited for.
 * - `moved`: before every call the state goes through MessagePack into a new host; a waiting call is forgotten once and begun again
 *   in a new host.
 * - `late`: a waiting call is waited for and then forgotten, and executed again: in the same host, then in a new one.
 * - `followed`: the host is kept; before every call a reader is told what became of its state.
 */
export const MODES = ['direct', 'moved', 'late', 'followed'] as const;
export type Mode = (typeof MODES)[number];

export interface Program {
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly options: Omit<WasiOptions, 'stdout' | 'stderr'>;
}

const packr = new Packr({ useRecords: false });
const root = new URL('../programs/wasi/', import.meta.url);

/** A program of test/programs/wasi. */
export const readProgram = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`${name}.wasm`, root)));

// The engine's promise integration, which the compiler's library does not declare.
const { Suspending, promising } = WebAssembly as unknown as {
  readonly Suspending: new (run: (...args: never[]) => Promise<unknown>) => WebAssembly.ImportValue;
  readonly promising: (run: unknown) => () => Promise<void>;
};

/** One worker's host, replaceable while the program runs. */
class MovableHost {
  host: WasiHost;
  memory: WebAssembly.Memory | undefined;
  restartState: unknown;
  moves = 0;
  private readonly options: WasiOptions;
  private follower: StateFollower | undefined;

  constructor(options: WasiOptions) {
    this.options = options;
    this.host = this.make();
  }

  private make(): WasiHost {
    const host = createWasi(this.options);
    const guest: GuestAccess = {
      memory: () => this.memory ?? fail('the program has no memory'),
      restartState: () => this.restartState,
      exported: () => fail('WASI 0.1 calls no function of the program'),
    };
    host.bind(guest);
    return host;
  }

  /** Takes the state through bytes into a new host. */
  move(): void {
    const bytes = packr.pack([this.host.snapshot(), this.restartState]);
    const again = packr.pack([this.host.snapshot(), this.restartState]);
    if (Buffer.compare(bytes, again) !== 0) fail('two snapshots of one state differ');
    const [state, restartState] = packr.unpack(bytes) as [unknown, unknown]; // as packed above
    const before = this.host;
    this.host = this.make();
    this.host.restore(state);
    before.close();
    const restored = packr.pack([this.host.snapshot(), restartState]);
    if (Buffer.compare(bytes, restored) !== 0) fail('a restored host gives another state');
    this.restartState = restartState;
    this.moves++;
  }

  private call(name: string, args: readonly unknown[]): unknown {
    const functions: Readonly<Record<string, HostFunction>> = this.host.imports.wasi_snapshot_preview1;
    return (functions[name] as (...args: readonly unknown[]) => unknown)(...args); // a host function, and the arguments the engine gave
  }

  async run(mode: Mode, name: string, args: readonly unknown[]): Promise<unknown> {
    if (mode === 'moved') this.move();
    if (mode === 'followed') (this.follower ??= new StateFollower(this.host)).follow();
    let result = this.call(name, args);
    for (let again = 0; result instanceof Pending && (mode === 'moved' || mode === 'late') && again < 2; again++) {
      if (mode === 'late') await result.promise;
      this.restartState = result.state;
      if (mode === 'moved' || again === 1) this.move();
      result = this.call(name, args);
    }
    try {
      return result instanceof Pending ? await result.promise : result;
    } finally {
      this.restartState = undefined;
    }
  }
}

function fail(message: string): never {
  throw new Error(message);
}

/** Runs a program under this project's host. */
export async function runProgram(
  { wasm, options }: Program,
  mode: Mode,
): Promise<ProgramResult & { readonly moves: number }> {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const text = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => (bytes: Uint8Array) => {
    text[name] += decoders[name].decode(bytes, { stream: true });
  };
  const movable = new MovableHost({ ...options, stdout: sink('stdout'), stderr: sink('stderr') });
  const names = Object.keys(movable.host.imports.wasi_snapshot_preview1);
  const functions = names.map(
    (name) => [name, new Suspending((...args: never[]) => movable.run(mode, name, args))] as const,
  );
  const module = await WebAssembly.compile(wasm);
  const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: Object.fromEntries(functions) });
  movable.memory = instance.exports['memory'] as WebAssembly.Memory; // every program here exports one
  let code = 0;
  try {
    await promising(instance.exports['_start'])();
  } catch (error) {
    if (!(error instanceof GuestExit)) throw error;
    code = error.code;
  }
  movable.host.close();
  return { code, ...text, moves: movable.moves };
}

function writeTree(directory: string, files: Files): void {
  for (const [path, source] of Object.entries(files)) {
    const to = join(directory, path);
    if (path.endsWith('/')) {
      mkdirSync(to, { recursive: true });
      continue;
    }
    mkdirSync(dirname(to), { recursive: true });
    if (typeof source === 'string' || source instanceof Uint8Array) writeFileSync(to, source);
    else symlinkSync(source.symlink, to);
  }
}

/** Runs a program under Node's WASI in a temporary directory. */
export function runUnderNode({ wasm, options }: Program): ProgramResult {
  const directory = mkdtempSync(join(tmpdir(), 'wasi-'));
  try {
    const tree = join(directory, 'root');
    mkdirSync(tree);
    writeTree(tree, options.files ?? {});
    const paths = {
      stdin: join(directory, 'stdin'),
      stdout: join(directory, 'stdout'),
      stderr: join(directory, 'stderr'),
    };
    const { stdin = '' } = options;
    writeFileSync(
      paths.stdin,
      typeof stdin === 'string' || stdin instanceof Uint8Array ? stdin : fail('Node needs all of the input'),
    );
    const fds = {
      stdin: openSync(paths.stdin, 'r'),
      stdout: openSync(paths.stdout, 'w'),
      stderr: openSync(paths.stderr, 'w'),
    };
    const wasi = new WASI({
      version: 'preview1',
      args: [...(options.args ?? [])],
      env: { ...options.env },
      preopens: { '/': tree },
      returnOnExit: true,
      ...fds,
    });
    const imports = wasi.getImportObject() as WebAssembly.Imports; // Node's own import object
    const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), imports);
    const code = Number(wasi.start(instance));
    Object.values(fds).forEach(closeSync);
    return { code, stdout: readFileSync(paths.stdout, 'utf8'), stderr: readFileSync(paths.stderr, 'utf8') };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
