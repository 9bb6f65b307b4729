/** Workers, outcomes and moves as text for people. */
import type { JsonOutcome } from '../../runtime/node/api-types.ts';
import type { WorkerInfo } from '../client/index.ts';
import { pagesText } from './terminal.ts';

export function outcomeText(outcome: JsonOutcome | null): string {
  switch (outcome?.kind) {
    case undefined:
      return '';
    case 'exited':
      return `exit ${outcome.code}`;
    case 'trapped':
      return `trapped: ${outcome.code}`;
    case 'limit':
      return `limit ${outcome.limit}`;
    case 'returned':
    case 'stopped':
      return outcome?.kind ?? '';
  }
}

export const dateText = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

interface Column {
  readonly title: string;
  readonly cell: (worker: WorkerInfo, outcome: string) => string;
}

/** Columns of `list`. */
export const WORKER_COLUMNS: readonly Column[] = [
  { title: 'NAME', cell: ({ name }) => name },
  { title: 'STATUS', cell: ({ status }) => status },
  { title: 'OUTCOME', cell: (_, outcome) => outcome },
  { title: 'FUEL', cell: ({ fuelUsed }) => fuelUsed },
  { title: 'MEMORY', cell: ({ memoryPages }) => pagesText(memoryPages) },
  { title: 'CREATED', cell: ({ createdMs }) => dateText(createdMs) },
];

/** Lines of `get`. */
export function workerFields(worker: WorkerInfo): (readonly [string, string])[] {
  const { move, checkpoint, notMigratable, interrupted } = worker;
  const outcome = outcomeText(worker.outcome);
  return [
    ['name', worker.name],
    ['status', worker.status + (interrupted ? ' (interrupted: the node ended while it ran)' : '')],
    ['kind', worker.kind],
    ...(outcome === '' ? [] : ([['outcome', outcome]] as const)),
    ['created', dateText(worker.createdMs)],
    ['module', `sha256:${worker.module}`],
    ['bundle', worker.bundle],
    ['fuel', worker.fuelUsed],
    ['memory', pagesText(worker.memoryPages)],
    ...(checkpoint === null ? [] : ([['checkpoint', `${checkpoint.bundle} of ${dateText(checkpoint.atMs)}`]] as const)),
    ...(move === null ? [] : ([['move', `${move.id} to ${move.target}, phase ${move.phase}`]] as const)),
    ['migratable', notMigratable.length === 0 ? 'yes' : `no: ${notMigratable.join('; ')}`],
  ];
}
