/**
 * Everything that the store can be asked, a row each: whether it writes, and what it does to the tables.
 *
 * Arguments and results cross a thread: plain data and bytes.
 */
import { PluvioError } from '../../errors/index.ts';
import { commitWorker } from './commit.ts';
import { type ScrubPlace, scrubStep } from './scrub.ts';
import type { Tables } from './tables.ts';
import { timerKey, timerOf } from './timer-rows.ts';
import {
  copyWorker,
  exportWorker,
  forgetWorker,
  importWorker,
  putWorkerRecord,
  renameWorker,
  startJournal,
} from './transfer.ts';
import {
  type AppendedInput,
  type CopyOptions,
  type DamagedWorker,
  type FiredTimer,
  type JournalState,
  type NewInput,
  type OutboxEntry,
  type TimerEntry,
  WORKERS,
} from './types.ts';
import type { FoundRecords } from './upgrade-folders.ts';
import type { WireCommit, WireDocument } from './wire.ts';

/** What an operation works with. */
export interface Context {
  readonly tables: Tables;
  readonly nowMs: number;
}

interface Operation<Args extends readonly unknown[], Result> {
  readonly writes: boolean;
  readonly run: (context: Context, ...args: Args) => Result;
}

const reads = <Args extends readonly unknown[], Result>(
  run: (context: Context, ...args: Args) => Result,
): Operation<Args, Result> => ({ writes: false, run });
const writes = <Args extends readonly unknown[], Result>(
  run: (context: Context, ...args: Args) => Result,
): Operation<Args, Result> => ({ writes: true, run });

export const OPERATIONS = {
  // documents
  putRecord: writes(({ tables }, collection: string, key: string, document: WireDocument) => {
    if (collection === WORKERS) putWorkerRecord(tables, key, document);
    else tables.records.put(collection, key, document.text);
  }),
  dropRecord: writes(({ tables }, collection: string, key: string) => {
    if (collection === WORKERS) forgetWorker(tables, key, undefined);
    else tables.records.drop(collection, key);
  }),
  getRecord: reads(({ tables }, collection: string, key: string) => tables.records.get(collection, key)),
  recordPage: reads(({ tables }, collection: string, after: string, limit: number) =>
    tables.records.page(collection, after, limit, tables.limits.readBytes),
  ),
  recordKeys: reads(({ tables }, collection: string, after: string, limit: number) =>
    tables.records.keys(collection, after, limit),
  ),

  // inputs
  append: writes(({ tables, nowMs }, name: string, inputs: readonly NewInput<string>[]): AppendedInput[] => {
    const worker = tables.workers.get(name);
    return inputs.map((input) => tables.journal.append(worker, input, nowMs));
  }),
  pending: reads(({ tables }, name: string, afterSeq: number, limit: number) =>
    tables.journal.pending(tables.workers.get(name), afterSeq, limit),
  ),
  outcome: reads(({ tables }, name: string, which: number | string) => {
    const worker = tables.workers.find(name);
    return worker && tables.journal.outcome(worker, which);
  }),
  journalState: reads(({ tables }, name: string): JournalState | undefined => {
    const worker = tables.workers.find(name);
    if (!worker) return undefined;
    const { last_seq, covered_seq, unsettled, frozen } = worker;
    return { lastSeq: last_seq, coveredSeq: covered_seq, unsettled, frozen: frozen !== 0 };
  }),
  openJournals: reads(({ tables }) => tables.workers.openJournals()),
  startJournal: writes(({ tables }, name: string, lastSeq: number) => startJournal(tables, name, lastSeq)),
  commit: writes(({ tables, nowMs }, name: string, commit: WireCommit) => commitWorker(tables, name, commit, nowMs)),

  // checkpoints
  history: reads(({ tables }, name: string) => tables.checkpoints.history(tables.workers.get(name))),
  checkpoint: reads(({ tables }, name: string, id: number | undefined) =>
    tables.checkpoints.get(tables.workers.get(name), id),
  ),
  pin: writes(({ tables }, name: string, id: number, pinned: boolean) =>
    tables.checkpoints.pin(tables.workers.get(name), id, pinned),
  ),
  roots: reads(({ tables }, after: string, limit: number) => tables.checkpoints.roots(after, limit)),

  // outbox
  outbox: writes(({ tables, nowMs }, limit: number): OutboxEntry<string>[] =>
    tables.outbox.due(nowMs, limit, (worker, id) => {
      tables.outbox.done(id);
      tables.workers.markDamaged({
        worker,
        code: 'WORKER_DAMAGED',
        reason: `message ${id} of worker "${worker}" was damaged and is lost`,
      });
    }),
  ),
  outboxDone: writes(({ tables }, ids: readonly number[]) => {
    for (const id of ids) tables.outbox.done(id);
  }),
  outboxFailed: writes(({ tables }, id: number, nextMs: number) => tables.outbox.failed(id, nextMs)),

  // timers and topics
  dueTimers: reads(({ tables }, nowMs: number, limit: number): TimerEntry[] =>
    tables.timers.due(nowMs, limit).map(timerOf),
  ),
  fireTimers: writes(({ tables }, nowMs: number, limit: number): FiredTimer[] => fireTimers(tables, nowMs, limit)),
  nextDueMs: reads(({ tables }) => tables.timers.nextDueMs()),
  timers: reads(({ tables }, name: string) => tables.timers.all(tables.workers.get(name))),
  subscribe: writes(({ tables }, name: string, topic: string) =>
    tables.timers.subscribe(tables.workers.get(name), topic),
  ),
  unsubscribe: writes(({ tables }, name: string, topic: string) =>
    tables.timers.unsubscribe(tables.workers.get(name), topic),
  ),
  subscribers: reads(({ tables }, topic: string) => tables.timers.subscribers(topic)),
  topics: reads(({ tables }, name: string) => tables.timers.topics(tables.workers.get(name))),

  // leaving and arriving
  exportWorker: writes(({ tables }, name: string, freeze: boolean) => exportWorker(tables, name, freeze)),
  thaw: writes(({ tables }, name: string) => {
    tables.workers.get(name).frozen = 0;
  }),
  importWorker: writes(({ tables }, name: string, bytes: Uint8Array, record: WireDocument | undefined) =>
    importWorker(tables, name, bytes, record),
  ),
  forget: writes(({ tables }, name: string, tombstone: WireDocument | undefined) =>
    forgetWorker(tables, name, tombstone),
  ),
  rename: writes(({ tables }, from: string, to: string, record: WireDocument) =>
    renameWorker(tables, from, to, record),
  ),
  copy: writes(({ tables }, from: string, to: string, options: CopyOptions<WireDocument>) =>
    copyWorker(tables, from, to, options),
  ),

  // state of the store
  damaged: reads(({ tables }) => tables.workers.damaged()),
  markDamaged: writes(({ tables }, damage: DamagedWorker) => tables.workers.markDamaged(damage)),
  clearDamage: writes(({ tables }, name: string) => tables.workers.clearDamage(name)),
  takeOver: writes(({ tables, nowMs }, found: FoundRecords) => takeOver(tables, found, nowMs)),
  scrub: writes(({ tables }, place: ScrubPlace) => scrubStep(tables, place)),
} as const;

type Operations = typeof OPERATIONS;
export type OperationName = keyof Operations;
type Run<Name extends OperationName> = Operations[Name]['run'];
export type Arguments<Name extends OperationName> =
  Parameters<Run<Name>> extends [Context, ...infer Args] ? Args : never;
export type Result<Name extends OperationName> = ReturnType<Run<Name>>;

/** Takes the documents of an earlier layout over, once. */
function takeOver(tables: Tables, { records, damaged }: FoundRecords, nowMs: number): void {
  if (!tables.records.mark('folders taken over')) return;
  for (const { collection, key, document, checkpoint } of records) {
    if (collection === WORKERS) putWorkerRecord(tables, key, document);
    else tables.records.put(collection, key, document.text);
    const worker = checkpoint && tables.workers.find(key);
    if (worker) tables.checkpoints.add(worker, checkpoint, false, nowMs);
    tables.workers.flush();
  }
  for (const damage of damaged) tables.workers.markDamaged(damage);
}

/** Due timers become inputs. One after a time of rest is enough: a timer fires for its due time, then for the next to come. */
function fireTimers(tables: Tables, nowMs: number, limit: number): FiredTimer[] {
  const fired: FiredTimer[] = [];
  for (const row of tables.timers.due(nowMs, limit)) {
    const worker = tables.workers.get(row.worker);
    if (tables.journal.isFull(worker)) continue;
    try {
      const { id, dueMs, payload } = timerOf(row);
      const input = {
        kind: 'timer',
        key: timerKey(id, dueMs),
        body: payload,
        info: JSON.stringify({ id, dueMs }),
      } as const;
      const { seq, known } = tables.journal.append(worker, input, nowMs);
      if (!known) fired.push({ worker: row.worker, seq, id, dueMs });
      tables.timers.fired(worker, row, nowMs);
    } catch (error) {
      loseTimer(tables, row.worker, row.name, error);
    }
  }
  return fired;
}

/** A timer that cannot be read would be due for ever. */
function loseTimer(tables: Tables, name: string, timer: string, error: unknown): void {
  if (!(error instanceof PluvioError) || error.code !== 'WORKER_DAMAGED') throw error;
  tables.timers.clear(tables.workers.get(name), timer);
  tables.workers.markDamaged({ worker: name, code: error.code, reason: error.message });
}
