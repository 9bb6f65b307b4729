/** A real program, bare or in a worker, with the same WASI either way. */
import { readFileSync } from 'node:fs';
import { createWasi, createWorker, GuestExit, loadModule } from '../../../runtime/index.ts';
import { ASYNCIFY_FUEL } from '../asyncify.ts';
import { readJob, report } from '../child.ts';
import { type Guest, type Program, PROGRAMS } from '../programs.ts';
import { type Elapsed, startWatch } from '../stopwatch.ts';

export interface ProgramJob {
  readonly program: string;
  /** The module to run: the original, or as asyncify.ts makes it. */
  readonly path: string;
  readonly variant: 'bare' | 'pluvio' | 'asyncify';
  readonly calls: number;
  readonly quick: boolean;
}

export interface ProgramTimes {
  readonly times: readonly Elapsed[];
  readonly result: number;
}

type Instantiate = () => Promise<Guest>;

/** Instances on the bare engine; if asyncified, fuel is filled up whenever it has run out. */
async function bareInstances(
  program: Program,
  bytes: Uint8Array<ArrayBuffer>,
  asyncified: boolean,
): Promise<Instantiate> {
  const module = await WebAssembly.compile(bytes);
  return async () => {
    const wasi = createWasi(program.wasi);
    const made: { fuel?: WebAssembly.Global } = {};
    const out = (): void => {
      if (made.fuel !== undefined) made.fuel.value = ASYNCIFY_FUEL;
    };
    const imports = { ...wasi.imports, ...program.imports, pluvio: { out } };
    const { exports } = await WebAssembly.instantiate(module, imports);
    if (asyncified) made.fuel = exports['fuel'] as WebAssembly.Global; // asyncify.ts exports it
    const memory = (): WebAssembly.Memory => exports['memory'] as WebAssembly.Memory; // both programs export it
    wasi.bind({ memory, restartState: () => undefined });
    const call = (name: string, args: readonly number[]): unknown => {
      try {
        return (exports[name] as (...args: readonly number[]) => unknown)(...args); // programs.ts names functions
      } catch (thrown) {
        if (thrown instanceof GuestExit && thrown.code === 0) return undefined;
        throw thrown;
      }
    };
    return { memory, call: (name, args) => Promise.resolve(call(name, args)) };
  };
}

async function workers(program: Program, bytes: Uint8Array): Promise<Instantiate> {
  const module = await loadModule(bytes);
  return async () => {
    const worker = await createWorker(module, { wasi: program.wasi, imports: program.imports });
    const call = async (name: string, args: readonly number[]): Promise<unknown> => {
      const outcome = await worker.call(name, args);
      if (outcome.kind === 'returned') return outcome.values[0];
      if (outcome.kind === 'exited' && outcome.code === 0) return undefined;
      throw new Error(`${program.name}: ${name} ended as ${JSON.stringify(outcome)}`);
    };
    return { memory: () => worker.memory(), call };
  };
}

const job = readJob<ProgramJob>();
const program = PROGRAMS.find(({ name }) => name === job.program);
if (program === undefined) throw new RangeError(`there is no program "${job.program}"`);
const bytes = Uint8Array.from(readFileSync(job.path));
const instantiate =
  job.variant === 'pluvio'
    ? await workers(program, bytes)
    : await bareInstances(program, bytes, job.variant === 'asyncify');
const times: Elapsed[] = [];
let result = Number.NaN;
for (let call = 0; call < job.calls; call++) {
  const guest = await instantiate();
  await program.prepare(guest);
  const elapsed = startWatch();
  const checksum = await program.run(guest, job.quick);
  times.push(elapsed());
  if (call > 0 && checksum !== result) throw new Error(`${program.name} gave ${checksum} after ${result}`);
  result = checksum;
}
report({ times, result } satisfies ProgramTimes);
