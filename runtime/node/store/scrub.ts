/**
 * Compares what a node will need first with its checksums: documents, inputs that are to be given, newest checkpoints. In
 * steps, so that requests get their turn in between.
 */
import type { PluvioError } from '../../errors/index.ts';
import { damagedRecord } from './record-rows.ts';
import type { Tables } from './tables.ts';
import { type DamagedWorker, WORKERS } from './types.ts';

/** Where a step begins, and how many bytes may still be compared. */
export interface ScrubPlace {
  readonly part: 'records' | 'workers';
  /** The row after which it begins. */
  readonly after: number;
  readonly leftBytes: number;
}

const ROWS_AT_ONCE = 200;

export const scrubStart = (leftBytes: number): ScrubPlace => ({ part: 'records', after: 0, leftBytes });

/** One step: what is damaged is listed from now on. Gives where the next one begins; undefined: this was the last. */
export function scrubStep(tables: Tables, { part, after, leftBytes }: ScrubPlace): ScrubPlace | undefined {
  const budget = { bytes: leftBytes };
  const step = part === 'records' ? scrubRecords : scrubWorkers;
  const { last, found } = step(tables, after, budget);
  for (const damage of found) tables.workers.markDamaged(damage);
  if (budget.bytes <= 0) return undefined;
  if (last !== undefined) return { part, after: last, leftBytes: budget.bytes };
  return part === 'records' ? { part: 'workers', after: 0, leftBytes: budget.bytes } : undefined;
}

interface Step {
  /** The last row; undefined: there are no more. */
  readonly last: number | undefined;
  readonly found: readonly DamagedWorker[];
}

function scrubRecords(tables: Tables, after: number, budget: { bytes: number }): Step {
  const { last, faults } = tables.records.faults(after, ROWS_AT_ONCE, budget);
  const found = faults.map(({ collection, key }): DamagedWorker => {
    const worker = collection === WORKERS ? key : `${collection}/${key}`;
    return { worker, code: 'STORE_DAMAGED', reason: damagedRecord(collection, key) };
  });
  return { last, found };
}

function scrubWorkers(tables: Tables, after: number, budget: { bytes: number }): Step {
  const found: DamagedWorker[] = [];
  let last: number | undefined;
  for (const { id, name } of tables.workers.page(after, ROWS_AT_ONCE)) {
    last = id;
    const worker = tables.workers.get(name);
    const fault: PluvioError | undefined =
      tables.journal.faultOf(worker, budget) ?? tables.checkpoints.faultOf(worker, budget);
    tables.workers.forget();
    if (fault) found.push({ worker: name, code: fault.code, reason: fault.message });
  }
  return { last, found };
}
