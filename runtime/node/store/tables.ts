import type { DatabaseSync } from 'node:sqlite';
import { CheckpointRows } from './checkpoint-rows.ts';
import { JournalRows } from './journal-rows.ts';
import type { StoreLimits } from './limits.ts';
import { OutboxRows } from './outbox-rows.ts';
import { RecordRows } from './record-rows.ts';
import { TimerRows } from './timer-rows.ts';
import { WorkerRows } from './worker-rows.ts';

/** Everything that one connection can do, by table. */
export interface Tables {
  readonly db: DatabaseSync;
  readonly limits: StoreLimits;
  readonly workers: WorkerRows;
  readonly records: RecordRows;
  readonly journal: JournalRows;
  readonly checkpoints: CheckpointRows;
  readonly outbox: OutboxRows;
  readonly timers: TimerRows;
}

export function openTables(db: DatabaseSync, limits: StoreLimits): Tables {
  return {
    db,
    limits,
    workers: new WorkerRows(db),
    records: new RecordRows(db),
    journal: new JournalRows(db, limits),
    checkpoints: new CheckpointRows(db, limits),
    outbox: new OutboxRows(db, limits),
    timers: new TimerRows(db, limits),
  };
}
