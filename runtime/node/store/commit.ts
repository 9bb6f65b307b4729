/**
 * The end of a stretch of a worker's run, as one transaction: checkpoint, outcomes, effects.
 *
 * Order: the checkpoint first, since what it covers need not be kept; then outcomes; then effects in the order in which the
 * worker did them. Effects that a commit without checkpoint did are remembered until a checkpoint has taken a later input: a
 * worker that is run again from the checkpoint before does them again, and messages are dropped. Timers and subscriptions are not: they
 * say how something is from now on, and time has gone on. A checkpoint that is made on such
 * a way does not end that: the worker may have been further before.
 */
import type { Tables } from './tables.ts';
import { putWorkerRecord } from './transfer.ts';
import { timerKey } from './timer-rows.ts';
import type { Committed, NewInput, Woken } from './types.ts';
import type { WireCommit, WireEffect } from './wire.ts';
import type { WorkerRow } from './worker-rows.ts';

interface Done {
  readonly woken: Woken[];
  outboxed: number;
}

export function commitWorker(tables: Tables, name: string, commit: WireCommit, nowMs: number): Committed {
  const worker = tables.workers.get(name);
  const { checkpoint, pin = false, settled = [], effects = [], timers, subscriptions, record } = commit;
  const checkpointId = checkpoint ? tables.checkpoints.add(worker, checkpoint, pin, nowMs) : null;
  const coveredSeq = Math.max(checkpoint?.inputSeq ?? 0, commit.coveredSeq ?? 0);
  tables.journal.cover(worker, coveredSeq);
  for (const { seq, outcome } of settled) tables.journal.settle(worker, seq, outcome, nowMs);
  const done: Done = { woken: [], outboxed: 0 };
  for (const effect of effects) {
    const isMessage = effect.kind === 'send' || effect.kind === 'publish';
    if (isMessage && tables.outbox.isSent(worker, effect.key)) continue;
    doEffect(tables, worker, effect, nowMs, done);
    // What a checkpoint of this commit holds is done for good.
    if (isMessage && !checkpoint && effect.seq > coveredSeq) tables.outbox.markSent(worker, effect.seq, effect.key);
  }
  if (coveredSeq > 0) tables.outbox.clearSent(worker, checkpoint ? checkpoint.inputSeq : coveredSeq + 1);
  if (timers) {
    tables.timers.replaceAll(worker, timers);
    // A state of before may have a timer that has fired since: it fires again.
    for (const { id, dueMs } of timers) tables.journal.forgetKey(worker, timerKey(id, dueMs));
  }
  if (subscriptions) tables.timers.replaceTopics(worker, subscriptions);
  if (record !== undefined) putWorkerRecord(tables, name, record);
  return { checkpointId, ...done };
}

function doEffect(tables: Tables, worker: WorkerRow, effect: WireEffect, nowMs: number, done: Done): void {
  switch (effect.kind) {
    case 'send':
      return deliver(tables, worker, effect.to, effect, nowMs, done);
    case 'publish':
      for (const to of tables.timers.subscribers(effect.topic)) deliver(tables, worker, to, effect, nowMs, done);
      return;
    case 'setTimer':
      return tables.timers.set(worker, effect.timer);
    case 'clearTimer':
      return tables.timers.clear(worker, effect.id);
    case 'subscribe':
      return tables.timers.subscribe(worker, effect.topic);
    case 'unsubscribe':
      return tables.timers.unsubscribe(worker, effect.topic);
  }
}

/** A message becomes an input of its receiver if that is here, takes inputs, and no earlier message of the pair still waits. */
function deliver(
  tables: Tables,
  { name: sender }: WorkerRow,
  to: string,
  { key, body, info }: Pick<NewInput<string>, 'body' | 'info'> & { readonly key: string },
  nowMs: number,
  done: Done,
): void {
  const target = tables.workers.find(to);
  if (target && !target.frozen && !tables.journal.isFull(target) && !tables.outbox.holds(sender, to)) {
    const { seq, known } = tables.journal.append(target, { kind: 'message', key, body, info }, nowMs);
    if (!known) done.woken.push({ worker: to, seq });
    return;
  }
  tables.outbox.add({ sender, target: to, at_ms: nowMs, attempts: 0, key, info, body });
  done.outboxed++;
}
