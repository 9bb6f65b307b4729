/** Workers that leave, arrive, get another name or a twin: each one transaction. */
import { PluvioError } from '../../errors/index.ts';
import { checkpointNotFound } from './checkpoint-rows.ts';
import type { Tables } from './tables.ts';
import { decodeJournal, encodeJournal, JOURNAL_FORMAT } from './travelling-journal.ts';
import { type CopyOptions, WORKERS } from './types.ts';
import type { WireDocument } from './wire.ts';
import type { WorkerRow } from './worker-rows.ts';

/** Puts a worker's document; what it means for the worker's journal follows. */
export function putWorkerRecord(tables: Tables, name: string, document: WireDocument): void {
  if (document.hosted) tables.workers.open(name);
  else dropJournal(tables, name, true);
  tables.records.put(WORKERS, name, document.text);
}

/** Everything of a worker goes; a tombstone takes the place of its document. */
export function forgetWorker(tables: Tables, name: string, tombstone: WireDocument | undefined): void {
  if (tombstone !== undefined) return putWorkerRecord(tables, name, tombstone);
  dropJournal(tables, name, false);
  tables.records.drop(WORKERS, name);
}

/** `moved`: its messages that wait went with it. Those of a deleted worker are still on their way. */
function dropJournal(tables: Tables, name: string, moved: boolean): void {
  const worker = tables.workers.find(name);
  if (!worker) return;
  if (moved) tables.outbox.forget(name);
  tables.outbox.clearSent(worker);
  tables.journal.forget(worker);
  tables.checkpoints.forget(worker);
  tables.timers.forget(worker);
  tables.workers.drop(worker);
}

export function exportWorker(tables: Tables, name: string, freeze: boolean): Uint8Array {
  const worker = tables.workers.get(name);
  if (freeze) worker.frozen = 1;
  return encodeJournal({
    version: JOURNAL_FORMAT,
    lastSeq: worker.last_seq,
    coveredSeq: worker.covered_seq,
    inputs: tables.journal.exportAll(worker).map(({ crc: _crc, outcome_crc: _outcomeCrc, ...row }) => row),
    timers: tables.timers.all(worker).map(({ worker: _worker, ...timer }) => timer),
    topics: tables.timers.topics(worker),
    sent: tables.outbox.allSent(worker),
    outbox: tables.outbox
      .bySender(name)
      .map(({ target, at_ms, attempts, key, info, body }) => ({ target, at_ms, attempts, key, info, body })),
  });
}

export function importWorker(tables: Tables, name: string, bytes: Uint8Array, record: WireDocument | undefined): void {
  const journal = decodeJournal(bytes);
  if (record !== undefined) putWorkerRecord(tables, name, record);
  const worker = unusedWorker(tables, name);
  worker.last_seq = journal.lastSeq;
  worker.covered_seq = journal.coveredSeq;
  for (const input of journal.inputs) tables.journal.lay(worker, input);
  tables.timers.replaceAll(worker, journal.timers);
  tables.timers.replaceTopics(worker, journal.topics);
  for (const { seq, key } of journal.sent) tables.outbox.markSent(worker, seq, key);
  for (const message of journal.outbox) tables.outbox.add({ ...message, sender: name });
}

/** A worker's row that has had no inputs and no checkpoints. */
function unusedWorker(tables: Tables, name: string): WorkerRow {
  const worker = tables.workers.open(name);
  if (worker.last_seq === 0 && worker.last_checkpoint === 0) return worker;
  const message = `worker "${name}" already has a journal here, of ${worker.last_seq} inputs`;
  throw new PluvioError('WORKER_EXISTS', message, { worker: name, lastSeq: worker.last_seq });
}

export function startJournal(tables: Tables, name: string, lastSeq: number): void {
  tables.workers.get(name);
  const worker = unusedWorker(tables, name);
  worker.last_seq = lastSeq;
  worker.covered_seq = lastSeq;
}

export function renameWorker(tables: Tables, from: string, to: string, record: WireDocument): void {
  const worker = tables.workers.get(from);
  if (tables.workers.find(to)) {
    throw new PluvioError('WORKER_EXISTS', `the store of this node already has a worker "${to}"`, { worker: to });
  }
  tables.workers.rename(worker, to);
  tables.outbox.rename(from, to);
  tables.records.drop(WORKERS, from);
  tables.records.put(WORKERS, to, record.text);
}

export function copyWorker(tables: Tables, from: string, to: string, options: CopyOptions<WireDocument>): void {
  const source = tables.workers.get(from);
  const id = options.checkpoint ?? source.last_checkpoint;
  const chain = tables.checkpoints.chainOf(source, id);
  if (chain.length === 0 && options.checkpoint !== undefined) throw checkpointNotFound(from, options.checkpoint);
  const twin = tables.workers.create(to);
  tables.records.put(WORKERS, to, options.record.text);
  tables.checkpoints.lay(twin, chain);
  if (!options.journal) {
    // Its inputs have numbers that its parent's had not: its state may have taken some of those.
    twin.covered_seq = source.last_seq;
    twin.last_seq = source.last_seq;
    return;
  }
  twin.last_seq = source.last_seq;
  twin.covered_seq = source.covered_seq;
  for (const { crc: _crc, outcome_crc: _outcomeCrc, ...input } of tables.journal.exportAll(source)) {
    // What a later checkpoint of the source has taken is no longer there to be given.
    if (input.seq > twin.covered_seq || input.settled_ms === null) tables.journal.lay(twin, input);
  }
  for (const timer of tables.timers.all(source)) tables.timers.set(twin, timer);
  for (const topic of tables.timers.topics(source)) tables.timers.subscribe(twin, topic);
}
