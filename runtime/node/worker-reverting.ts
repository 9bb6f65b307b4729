/**
 * A worker set back to a checkpoint of its history.
 *
 * What becomes of the inputs that came after the checkpoint:
 *
 * | the input                | default                                    | `replay`                             |
 * | ------------------------ | ------------------------------------------ | ------------------------------------ |
 * | has ended                | counts as done, its end stays known        | is given again, its end is as it was |
 * | is in progress           | ends as `stopped`, counts as done          | is given again                       |
 * | waits                    | is given to the worker in its new state    | the same                             |
 *
 * Timers and topics are those of the state. What the worker sent after the checkpoint stays sent.
 *
 * Invariants:
 * 1. The state is restored on an engine before anything is changed: one that does not come back leaves the worker as it is.
 * 2. State, ends of inputs, timers, topics and record change in one transaction. The history goes on: the state is its newest entry.
 */
import { PluvioError } from '../errors/index.ts';
import { type InputEnd, encodeEnd } from './input-end.ts';
import { guestSpec, loadProgram, placedFiles, type Program, recordOf } from './program.ts';
import { packSnapshot, sideOf, stateOf, timersOf } from './stored-state.ts';
import type { Checkpoint, Commit, JournalInput, Settled, StoredCheckpoint } from './store/index.ts';
import { topicOf } from './tenant-boundary.ts';
import type { DoneInputs, GuestState, Standing } from './threads/engine-protocol.ts';
import type { EngineWorker, EngineWorkerOwner } from './threads/engine-worker.ts';
import type { TakenInputs } from './worker-keeping.ts';
import type { WorkerRecord } from './worker-record.ts';
import type { WorkerServices } from './worker-services.ts';

const JOURNAL_PAGE = 256;

export interface RevertRequest {
  /** Number in the worker's history. */
  readonly checkpoint: number;
  /** Whether inputs that came after it are given again. */
  readonly replay: boolean;
}

/** What becomes of inputs that came after a checkpoint. */
export interface InputsAfter {
  readonly settled: readonly Settled[];
  readonly done: DoneInputs;
  /** The last input after which the journal is to be read. */
  readonly inputSeq: number;
  readonly counts: { readonly stopped: number; readonly again: number; readonly waiting: number };
}

/**
 * Writes the state of a checkpoint as the newest one of a worker that stands still; gives its record and what became of inputs.
 * @param change What the record says besides.
 * @throws PluvioError `CHECKPOINT_NOT_FOUND`, `INPUTS_GONE`, `WORKER_DAMAGED`, codes of bundle, module and snapshot, and the store's
 */
export async function writeReverted(
  services: WorkerServices,
  old: WorkerRecord,
  taken: TakenInputs,
  { checkpoint: id, replay }: RevertRequest,
  change: Partial<WorkerRecord> = {},
): Promise<{ readonly record: WorkerRecord; readonly counts: InputsAfter['counts'] }> {
  const { post, events } = services;
  const { name } = old;
  const stored = await post.store.checkpoint(name, id);
  if (stored === undefined) {
    const message = `worker "${name}" has no checkpoint ${id} (any more)`;
    throw new PluvioError('CHECKPOINT_NOT_FOUND', message, { worker: name, id });
  }
  const after = replay ? await inputsAgain(services, name, stored) : await inputsDone(services, name, stored, taken);
  const program = await loadProgram(services, stored.base);
  const record = { ...revertedRecord(services, old, program, stored, after), ...change };
  const { delta, standing } = await restoredState(
    services,
    program,
    record,
    await stateOf(stored, program),
    after.done,
  );
  const checkpoint: Checkpoint = {
    base: stored.base,
    delta,
    side: sideOf(stored) ?? (stored.delta === null ? (program.bundle.log ?? null) : null),
    inputSeq: after.inputSeq,
    fuelUsed: stored.fuelUsed,
    memoryPages: stored.memoryPages,
    resumable: stored.resumable,
    atMs: record.checkpoint?.atMs ?? 0,
  };
  await post.commit(name, {
    checkpoint,
    settled: after.settled,
    ...(standing === null ? {} : standingOf(standing, old.tenant)),
    record,
  });
  events.emit('reverted', name, { checkpoint: id });
  return { record, counts: after.counts };
}

export const standingOf = (standing: Standing, tenant: string): Pick<Commit, 'timers' | 'subscriptions'> => ({
  timers: timersOf(standing),
  subscriptions: standing.subscriptions.map((topic) => topicOf(tenant, topic)),
});

function revertedRecord(
  { clock }: WorkerServices,
  old: WorkerRecord,
  program: Program,
  stored: StoredCheckpoint,
  { inputSeq }: InputsAfter,
): WorkerRecord {
  const { base, fuelUsed, memoryPages, resumable } = stored;
  const atMs = clock.now();
  const { kind, module, notMigratable, policy } = recordOf(program, old.name, base, atMs, old.policy);
  return {
    ...old,
    kind,
    module,
    notMigratable,
    policy,
    bundle: module === old.module ? old.bundle : base,
    fresh: kind === 'command' && !resumable, // a command without a call in progress has not begun
    clean: true,
    running: false,
    halted: resumable,
    asleep: false,
    wakeMs: null,
    ended: false,
    outcome: null,
    finalSide: null,
    fuelUsed,
    memoryPages,
    checkpoint: { bundle: base, stored: true, atMs, fuelUsed, memoryPages, resumable, inputSeq },
  };
}

async function* journalAfter(
  { post: { store } }: WorkerServices,
  name: string,
  afterSeq: number,
): AsyncGenerator<JournalInput> {
  for (let after = afterSeq; ;) {
    const page = await store.pendingInputs(name, after, JOURNAL_PAGE);
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.seq;
  }
}

/** Those after a state count as done, but for those that wait. */
export async function inputsDone(
  services: WorkerServices,
  name: string,
  { inputSeq: afterSeq }: { readonly inputSeq: number },
  taken: TakenInputs,
): Promise<InputsAfter> {
  const settled: Settled[] = [];
  const waiting: number[] = [];
  const { coveredSeq = 0 } = (await services.post.store.journalState(name)) ?? {};
  let upTo = Math.max(coveredSeq, taken.upTo, afterSeq);
  for await (const input of journalAfter(services, name, afterSeq)) {
    const { seq, outcome } = input;
    const inProgress = seq <= taken.upTo || seq === taken.current;
    if (outcome === null && !inProgress) {
      waiting.push(seq);
      continue;
    }
    if (outcome === null) settled.push({ seq, outcome: encodeEnd(stoppedEnd(input)) });
    upTo = Math.max(upTo, seq);
  }
  const except = waiting.filter((seq) => seq < upTo);
  return {
    settled,
    done: { upTo, except },
    inputSeq: (except[0] ?? upTo + 1) - 1,
    counts: { stopped: settled.length, again: 0, waiting: waiting.length },
  };
}

/** @throws PluvioError `INPUTS_GONE` */
async function inputsAgain(
  services: WorkerServices,
  name: string,
  { id, inputSeq }: StoredCheckpoint,
): Promise<InputsAfter> {
  const { coveredSeq = 0 } = (await services.post.store.journalState(name)) ?? {};
  if (coveredSeq > inputSeq) {
    throw new PluvioError(
      'INPUTS_GONE',
      `inputs ${inputSeq + 1} to ${coveredSeq} of worker "${name}" are not in the journal any more, as a checkpoint after ${id} has taken them`,
      { worker: name, from: inputSeq + 1, to: coveredSeq },
    );
  }
  let again = 0;
  let waiting = 0;
  for await (const { outcome } of journalAfter(services, name, inputSeq)) {
    if (outcome === null) waiting++;
    else again++;
  }
  return {
    settled: [],
    done: { upTo: 0, except: [] },
    inputSeq,
    counts: { stopped: 0, again, waiting },
  };
}

function stoppedEnd({ kind, info }: JournalInput): InputEnd {
  const isCall = kind === 'call' || (kind === 'http' && typeof info === 'object' && info !== null && 'export' in info);
  if (isCall) return { kind: 'call', outcome: { kind: 'stopped' }, output: null, head: null };
  return { kind: 'message', reply: { ok: false, message: 'the worker was set back to an earlier state' } };
}

/** The state of a program that has not begun. */
export const firstState = (services: WorkerServices, program: Program, record: WorkerRecord): Promise<Uint8Array> =>
  withEngine(services, program, record, null, async (worker) => (await worker.snapshot()).bytes);

/** Has an engine take the state up, and gives it as it is then. */
export function restoredState(
  services: WorkerServices,
  program: Program,
  record: WorkerRecord,
  state: GuestState | null,
  done: DoneInputs,
): Promise<{ readonly delta: Uint8Array; readonly standing: Standing | null }> {
  return withEngine(services, program, record, state, async (worker) => {
    const standing = await worker.settleInputs(done);
    return { delta: await packSnapshot((await worker.snapshot()).bytes), standing };
  });
}

async function withEngine<Value>(
  services: WorkerServices,
  program: Program,
  record: WorkerRecord,
  state: GuestState | null,
  use: (worker: EngineWorker) => Promise<Value>,
): Promise<Value> {
  const engine = await services.engines.pick(record.tenant);
  const spec = guestSpec(services, program, record);
  const worker = await engine.create(program.module, spec, placedFiles(program), state, NOBODY);
  try {
    return await use(worker);
  } finally {
    await worker.close();
  }
}

/** Owns a worker that never runs. */
const NOBODY: EngineWorkerOwner = {
  output: () => undefined,
  input: () => Promise.resolve(null),
  stateChanged: () => undefined,
  lost: () => undefined,
  effect: () => undefined,
  ask: () => Promise.resolve({ ok: false, code: 'CANCELLED' }),
  answerWritten: () => undefined,
  abandon: () => undefined,
  messageOver: () => Promise.resolve(),
  logEntry: () => undefined,
  limited: () => undefined,
};
