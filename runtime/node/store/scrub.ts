/** Compares what a node will need first with its checksums: documents, inputs that are to be given, newest checkpoints. */
import { damagedRecord } from './record-rows.ts';
import type { Tables } from './tables.ts';
import { type DamagedWorker, WORKERS } from './types.ts';

/** What is damaged, as far as the limit `scrubBytes` reaches; it is listed from now on. */
export function scrub(tables: Tables): DamagedWorker[] {
  const budget = { bytes: tables.limits.scrubBytes };
  const found: DamagedWorker[] = [];
  for (const { collection, key } of tables.records.faults(budget)) {
    const worker = collection === WORKERS ? key : `${collection}/${key}`;
    found.push({ worker, code: 'STORE_DAMAGED', reason: damagedRecord(collection, key) });
  }
  for (const name of tables.workers.names()) {
    if (budget.bytes <= 0) break;
    const worker = tables.workers.get(name);
    const fault = tables.journal.faultOf(worker, budget) ?? tables.checkpoints.faultOf(worker, budget);
    tables.workers.forget();
    if (fault) found.push({ worker: name, code: fault.code, reason: fault.message });
  }
  for (const damage of found) tables.workers.markDamaged(damage);
  return found;
}
