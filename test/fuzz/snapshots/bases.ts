/** Real snapshots that changes are made to: of stopped, waiting and idle workers, functions and commands. */
import {
  createWorker,
  decodeSnapshot,
  encodeSnapshot,
  type GuestOptions,
  type LoadedModule,
  loadModule,
  type RestoreOptions,
  type Snapshot,
  type Worker,
} from '../../../runtime/index.ts';
import { PluvioError } from '../../../runtime/errors/index.ts';
import { CORPUS, type CorpusProgram, createFunctionImports } from '../../programs/corpus.ts';
import { handClock } from '../hand-clock.ts';
import { RUN_LIMITS } from '../modules/run-module.ts';

export interface BaseSnapshot {
  readonly kind: 'function' | 'command';
  readonly name: string;
  readonly module: LoadedModule;
  readonly bytes: Uint8Array;
  readonly snapshot: Snapshot;
  /** Export that an idle worker is called by, with its arguments. */
  readonly call: readonly [name: string, args: readonly unknown[]];
  /** Fresh options for a worker of this snapshot; for a delta with what it is a delta on. */
  readonly options: () => GuestOptions & RestoreOptions;
}

/** Safepoints at which functions and commands are stopped; 0: before anything ran. */
const SAFEPOINTS = [0, 1, 3, 8, 21];
const COMMANDS = ['lz', 'answer', 'sleeper', 'wordcount', 'recursion'];
const COMMAND_SAFEPOINTS = [0, 2, 40];
/** What a command may use: those of the corpus need more than a function. */
const COMMAND_LIMITS = { ...RUN_LIMITS, fuel: 200_000n, stackDepth: 1000 };

const FILES = {
  'notes.txt': 'one\ntwo\n',
  'folder/data': new Uint8Array(5000).fill(7),
  link: { symlink: 'notes.txt' },
};

function optionsOf(program: CorpusProgram): () => GuestOptions {
  if (program.kind === 'function') return () => ({ imports: createFunctionImports(), limits: RUN_LIMITS });
  const { args, stdin } = program;
  return () => ({
    limits: COMMAND_LIMITS,
    wasi: { ...handClock(), args: [program.name, ...args], stdin, files: FILES, scratchBytes: 2 ** 20 },
  });
}

const neverGives = async function* (): AsyncGenerator<Uint8Array> {
  await new Promise(() => undefined);
  yield new Uint8Array();
};

/** The snapshot of a worker that waits for input, if the program ever does. */
async function waitingSnapshot(module: LoadedModule, options: GuestOptions): Promise<Uint8Array | undefined> {
  const worker = await createWorker(module, { ...options, wasi: { ...options.wasi, stdin: neverGives() } });
  const call = worker.start();
  while (worker.state === 'running') await new Promise((resolve) => void setImmediate(resolve));
  const bytes = worker.state === 'waiting' ? worker.snapshot() : undefined;
  await worker.stop();
  await call;
  return bytes;
}

async function stoppedAt(
  module: LoadedModule,
  base: Pick<BaseSnapshot, 'call'>,
  safepoint: number,
  options: GuestOptions,
): Promise<Worker> {
  let polls = 0;
  const worker = await createWorker(module, { ...options, onPoll: () => (++polls === safepoint ? 'stop' : 'go on') });
  if (safepoint > 0) await worker.call(...base.call);
  return worker;
}

/** Names of kept snapshots are random; here they must not be. */
const named = (bytes: Uint8Array, ids: Pick<Snapshot, 'id' | 'parent'>): Uint8Array =>
  encodeSnapshot({ ...decodeSnapshot(bytes), ...ids });
const ID_BYTES = 16;

/** A snapshot and a delta on it, if the program has so many safepoints and can be moved. */
async function deltaOf(
  module: LoadedModule,
  base: Pick<BaseSnapshot, 'call'>,
  options: GuestOptions,
): Promise<{ readonly parent: Uint8Array; readonly bytes: Uint8Array } | undefined> {
  if (!module.portability.migratable) return undefined;
  let polls = 0;
  const worker = await createWorker(module, { ...options, onPoll: () => (++polls % 4 === 0 ? 'stop' : 'go on') });
  if ((await worker.call(...base.call)).kind !== 'stopped') return undefined;
  const [parentId, id] = [1, 2].map((byte) => new Uint8Array(ID_BYTES).fill(byte));
  if (parentId === undefined || id === undefined) return undefined;
  const parent = named(worker.snapshot({ keep: true }), { id: parentId });
  if ((await worker.resume()).kind !== 'stopped') return undefined;
  return { parent, bytes: named(worker.snapshot({ keep: true, delta: true }), { id, parent: parentId }) };
}

async function snapshotsOf(program: CorpusProgram, unwind: 'throw' | 'flag'): Promise<BaseSnapshot[]> {
  const module = await loadModule(await program.load(), { unwind });
  const options = optionsOf(program);
  const call = program.kind === 'function' ? ([program.export, program.args] as const) : (['_start', []] as const);
  const found: BaseSnapshot[] = [];
  const newBase = (bytes: Uint8Array, at: string): BaseSnapshot => ({
    kind: program.kind === 'function' ? 'function' : 'command',
    name: `${program.name} ${unwind} ${at}`,
    module,
    bytes,
    snapshot: decodeSnapshot(bytes),
    call,
    options,
  });
  const add = (bytes: Uint8Array, at: string): void => void found.push(newBase(bytes, at));
  for (const safepoint of program.kind === 'function' ? SAFEPOINTS : COMMAND_SAFEPOINTS) {
    const worker = await stoppedAt(module, { call }, safepoint, options());
    if (safepoint > 0 && worker.state !== 'stopped') break;
    try {
      add(worker.snapshot(), String(safepoint));
    } catch (error) {
      if (!(error instanceof PluvioError && error.code === 'NOT_MIGRATABLE')) throw error;
      break;
    }
  }
  const delta = await deltaOf(module, { call }, options());
  if (delta !== undefined) {
    const { parent: base, bytes } = delta;
    found.push({ ...newBase(bytes, 'delta'), options: () => ({ ...options(), base }) });
  }
  const waiting = program.kind === 'wasi' ? await waitingSnapshot(module, options()) : undefined;
  if (waiting !== undefined) add(waiting, 'waiting');
  return found;
}

export async function loadBaseSnapshots(): Promise<readonly BaseSnapshot[]> {
  const programs = CORPUS.filter(({ name, kind }) =>
    kind === 'function' ? !name.startsWith('big-') : COMMANDS.includes(name),
  );
  const all: BaseSnapshot[] = [];
  for (const [index, program] of programs.entries()) {
    all.push(...(await snapshotsOf(program, index % 2 === 0 ? 'throw' : 'flag')));
  }
  return all;
}
