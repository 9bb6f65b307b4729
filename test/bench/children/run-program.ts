/** A real program, bare or in a worker, with the same host functions either way. */
import { readFileSync } from 'node:fs';
import { createWasi, createWorker, GuestExit, loadModule, type WasiOptions } from '../../../runtime/index.ts';
import { ASYNCIFY_FUEL } from '../asyncify.ts';
import { readJob, report } from '../child.ts';
import { type Guest, type Program, PROGRAMS, type Task } from '../programs/index.ts';
import { type Elapsed, startWatch } from '../stopwatch.ts';

export interface ProgramJob {
  readonly program: string;
  /** The module to run: the original, or as asyncify.ts makes it. */
  readonly path: string;
  /** Whether it runs in a worker; otherwise on the bare engine. */
  readonly inWorker: boolean;
  readonly calls: number;
  readonly quick: boolean;
}

export interface ProgramTimes {
  readonly times: readonly Elapsed[];
  readonly result: number;
}

type Instantiate = (quick: boolean) => Promise<Task>;

/** Standard output, kept. */
function outputOf(program: Program): { wasi: WasiOptions; output: () => Uint8Array } {
  const written: Uint8Array[] = [];
  const wasi: WasiOptions = {
    ...program.wasi,
    terminal: false,
    stdout: (bytes) => void written.push(bytes.slice()),
  };
  return { wasi, output: () => Buffer.concat(written) };
}

const importedMemory = ({ memory }: Program): WebAssembly.Memory | undefined =>
  typeof memory === 'string' ? undefined : new WebAssembly.Memory(memory);

function exportedMemory({ name, memory }: Program, exports: WebAssembly.Exports): WebAssembly.Memory {
  const found = typeof memory === 'string' ? exports[memory] : undefined;
  if (!(found instanceof WebAssembly.Memory)) throw new Error(`${name} exports no memory`);
  return found;
}

/** Instances on the bare engine. In a metered module, fuel is filled up whenever it has run out. */
async function bareInstances(program: Program, bytes: Uint8Array<ArrayBuffer>): Promise<Instantiate> {
  const module = await WebAssembly.compile(bytes);
  return async (quick) => {
    const { wasi: options, output } = outputOf(program);
    const wasi = createWasi(options);
    const made: { memory?: WebAssembly.Memory; fuel?: WebAssembly.Global } = {};
    const memory = (): WebAssembly.Memory => {
      if (made.memory === undefined) throw new Error(`${program.name} has no memory yet`);
      return made.memory;
    };
    const session = program.connect(memory);
    const imported = importedMemory(program);
    const out = (): void => {
      if (made.fuel !== undefined) made.fuel.value = ASYNCIFY_FUEL;
    };
    const { exports } = await WebAssembly.instantiate(module, {
      ...wasi.imports,
      ...session.imports,
      ...(imported === undefined ? {} : { env: { ...session.imports['env'], memory: imported } }),
      pluvio: { out },
    });
    made.fuel = exports['fuel'] as WebAssembly.Global; // a metered module exports it
    made.memory = imported ?? exportedMemory(program, exports);
    wasi.bind({ memory, restartState: () => undefined, exported: (name) => exports[name] as () => unknown });
    const call = (name: string, args: readonly number[]): unknown => {
      try {
        return (exports[name] as (...args: readonly number[]) => unknown)(...args); // programs name functions
      } catch (thrown) {
        if (thrown instanceof GuestExit && thrown.code === 0) return undefined;
        throw thrown;
      }
    };
    const guest: Guest = { memory, output, call: (name, args = []) => Promise.resolve(call(name, args)) };
    return session.begin(guest, quick);
  };
}

async function workers(program: Program, bytes: Uint8Array): Promise<Instantiate> {
  const module = await loadModule(bytes);
  return async (quick) => {
    const { wasi, output } = outputOf(program);
    const session = program.connect(() => worker.memory());
    const imported = importedMemory(program);
    const imports =
      imported === undefined
        ? session.imports
        : { ...session.imports, env: { ...session.imports['env'], memory: imported } };
    const worker = await createWorker(module, { wasi, imports });
    const call = async (name: string, args: readonly number[] = []): Promise<unknown> => {
      const outcome = await worker.call(name, args);
      if (outcome.kind === 'returned') return outcome.values[0];
      if (outcome.kind === 'exited' && outcome.code === 0) return undefined;
      throw new Error(`${program.name}: ${name} ended as ${JSON.stringify(outcome)}`);
    };
    return session.begin({ memory: () => worker.memory(), output, call }, quick);
  };
}

const job = readJob<ProgramJob>();
const program = PROGRAMS.find(({ name }) => name === job.program);
if (program === undefined) throw new RangeError(`there is no program "${job.program}"`);
const bytes = Uint8Array.from(readFileSync(job.path));
const instantiate = await (job.inWorker ? workers : bareInstances)(program, bytes);
const times: Elapsed[] = [];
let result = Number.NaN;
for (let call = 0; call < job.calls; call++) {
  const task = await instantiate(job.quick);
  const elapsed = startWatch();
  await task.run();
  times.push(elapsed());
  const checksum = await task.result();
  if (call > 0 && checksum !== result) throw new Error(`${program.name} gave ${checksum} after ${result}`);
  result = checksum;
}
report({ times, result } satisfies ProgramTimes);
