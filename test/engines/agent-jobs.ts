/** What an agent does in its engine. Runs in any engine: nothing here is Node's. */
import {
  createWorker,
  loadModule,
  type Outcome,
  PluvioError,
  restoreWorker,
  type Worker,
} from '../../runtime/index.ts';
import { LoadedModule, type PollDecision } from '../../runtime/engine/index.ts';
import { instrumentModule, Program } from '../../runtime/instrument/index.ts';
import { decodeModule } from '../../runtime/wasm/index.ts';
import { startWatch } from '../bench/stopwatch.ts';
import { runPlain, runSliced, runStopped } from '../run-modes.ts';
import { createGuest, type Guest } from './guests.ts';
import {
  type DepthJob,
  type DepthReport,
  type HopJob,
  type HopReport,
  type JobKind,
  type JobTable,
  type KernelJob,
  type KernelReport,
  type ModesJob,
  type ModesReport,
  outcomeText,
  type UnwindJob,
  type UnwindReport,
  type Variant,
} from './wire.ts';

/** What is too large for a job or a report is fetched and sent apart. */
export interface Blobs {
  get(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Gives the name. */
  put(bytes: Uint8Array): Promise<string>;
}

const soon = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 0));

/** Stops the call in progress at the end of the first slice after which so much fuel was used. */
async function runUntil(worker: Worker, running: Promise<Outcome>, fuel: bigint | undefined): Promise<Outcome> {
  let ended = false;
  const outcome = running.finally(() => (ended = true));
  if (fuel !== undefined) {
    while (!ended && worker.fuelUsed < fuel) await Promise.race([soon(), outcome]);
    await worker.stop();
  }
  return outcome;
}

async function hop(job: HopJob, blobs: Blobs): Promise<HopReport> {
  const module = await loadModule(await blobs.get(job.module), job.unwind === undefined ? {} : { unwind: job.unwind });
  const received = job.snapshot === undefined ? undefined : await blobs.get(job.snapshot);
  const output: Uint8Array[] = [];
  const guest = createGuest(job.guest, (bytes) => void output.push(bytes.slice()));
  const start = performance.now();
  const worker =
    received === undefined
      ? await createWorker(module, guest.options)
      : await restoreWorker(module, received, guest.options);
  const again = received === undefined ? undefined : worker.snapshot();
  const running = received === undefined ? guest.begin(worker) : worker.resume();
  const outcome = await runUntil(worker, running, job.untilFuel);
  const snapshot = outcome.kind === 'stopped' ? worker.snapshot() : undefined;
  const ms = performance.now() - start;
  const { fuelUsed } = worker;
  const result = await resultOf(guest, worker, outcome);
  await worker.close();
  return {
    outcome: result,
    ...(snapshot === undefined ? {} : { snapshot: await blobs.put(snapshot) }),
    ...(received === undefined || again === undefined ? {} : { recaptured: equalBytes(received, again) }),
    unwind: module.program.mode,
    stdout: await new Blob(output as BlobPart[]).text(),
    fuelUsed,
    ms,
  };
}

const resultOf = async (guest: Guest, worker: Worker, outcome: Outcome): Promise<string> =>
  outcome.kind === 'stopped' ? 'stopped' : guest.finish(worker, outcome);

const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

const RUNS: Readonly<Record<ModesReport['runs'][number]['mode'], typeof runSliced>> = {
  plain: (module, job) => runPlain(module, job),
  sliced: runSliced,
  stopped: runStopped,
};

async function modes(job: ModesJob, blobs: Blobs): Promise<ModesReport> {
  const module = await loadOrRefusal(await blobs.get(job.module), job);
  if (typeof module === 'string') return { unsupported: module, runs: [] };
  const runs: ModesReport['runs'][number][] = [];
  for (const mode of ['plain', 'sliced', 'stopped'] as const) {
    if (mode === 'stopped' && !module.portability.migratable) continue;
    const { outcome, fuelUsed, breaks } = await RUNS[mode](module, job, job.stride);
    const message = outcome.kind === 'trapped' ? outcome.message : '';
    runs.push({ mode, outcome: outcomeText(outcome), message, fuelUsed, breaks });
  }
  return { runs };
}

async function loadOrRefusal(bytes: Uint8Array, { unwind }: ModesJob): Promise<LoadedModule | string> {
  try {
    return await loadModule(bytes, { unwind });
  } catch (error) {
    if (error instanceof PluvioError && error.code === 'UNSUPPORTED') return error.message;
    throw error;
  }
}

/** As `loadModule`, in a way that may not be this engine's. */
async function loadVariant(bytes: Uint8Array, variant: Exclude<Variant, 'bare'>): Promise<LoadedModule> {
  if (variant !== 'throw-table') return loadModule(bytes, { unwind: variant });
  const module = decodeModule(bytes);
  const program = new Program(module, 'throw', { ...new Program(module, 'throw').facts, usesTryTable: true });
  const instrumented = instrumentModule(program) as Uint8Array<ArrayBuffer>;
  const compiled = await WebAssembly.compile(instrumented);
  const portability = { migratable: true } as const;
  return new LoadedModule(
    { program, component: undefined, portability, digestBytes: new Uint8Array(32) },
    compiled,
    instrumented.length,
  );
}

type Run = (arg: number) => unknown;

/** Gives what makes an instance of the kernel. */
async function kernelInstances(bytes: Uint8Array<ArrayBuffer>, variant: Variant): Promise<() => Promise<Run>> {
  if (variant === 'bare') {
    const module = await WebAssembly.compile(bytes);
    return async () => (await WebAssembly.instantiate(module)).exports['run'] as Run; // every kernel exports it
  }
  const module = await loadVariant(bytes, variant);
  return async () => {
    const worker = await createWorker(module);
    return async (arg) => {
      const outcome = await worker.call('run', [arg]);
      return outcome.kind === 'returned' ? outcome.values[0] : outcome;
    };
  };
}

async function kernel(job: KernelJob, blobs: Blobs): Promise<KernelReport> {
  const instantiate = await kernelInstances(await blobs.get(job.module), job.variant);
  const times: number[] = [];
  for (let call = 0; call < job.calls; call++) {
    const run = await instantiate();
    const elapsed = startWatch();
    const result = await run(job.arg);
    times.push(elapsed().cpuMs);
    if (result !== job.result) throw new Error(`run(${job.arg}) gave ${JSON.stringify(result)}, not ${job.result}`);
  }
  return { times };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Stops the loop at the bottom of deep.wat's recursion again and again. */
async function unwind({ module: name, variant, depth, repetitions }: UnwindJob, blobs: Blobs): Promise<UnwindReport> {
  const module = await loadVariant(await blobs.get(name), variant);
  const leave: number[] = [];
  const back: number[] = [];
  let entries = depth + 1; // each asks once, then the loop does
  let asked = 0;
  let resumed: number | undefined;
  const onPoll = (): PollDecision => {
    const now = performance.now();
    if (entries-- > 0) return 'go on';
    if (resumed !== undefined) {
      back.push(now - resumed);
      resumed = undefined;
      return 'go on';
    }
    asked = now;
    return 'stop';
  };
  const worker = await createWorker(module, { onPoll, limits: { stackDepth: 100_000 } });
  let outcome = await worker.call('run', [depth]);
  for (let repetition = 0; repetition < repetitions && outcome.kind === 'stopped'; repetition++) {
    leave.push(performance.now() - asked);
    resumed = performance.now();
    outcome = await worker.resume();
  }
  if (outcome.kind === 'trapped' && outcome.code === 'stack-overflow') return {};
  if (outcome.kind !== 'stopped') throw new Error(`the stack at depth ${depth} ended as ${outcomeText(outcome)}`);
  await worker.close();
  const half = repetitions >> 1;
  return { means: { leaveUs: mean(leave.slice(half)) * 1000, returnUs: mean(back.slice(half)) * 1000 } };
}

async function depth(job: DepthJob, blobs: Blobs): Promise<DepthReport> {
  const module = await loadModule(await blobs.get(job.module), { unwind: job.unwind });
  const worker = await createWorker(module);
  return { outcome: outcomeText(await worker.call('run', [0])) };
}

type Performers = {
  readonly [Kind in JobKind]: (job: JobTable[Kind][0], blobs: Blobs) => Promise<JobTable[Kind][1]>;
};

const PERFORM: Performers = { hop, modes, kernel, unwind, depth };

/** Does a job. */
export async function perform<Kind extends JobKind>(
  kind: Kind,
  job: JobTable[Kind][0],
  blobs: Blobs,
): Promise<JobTable[Kind][1]> {
  return PERFORM[kind](job, blobs);
}
