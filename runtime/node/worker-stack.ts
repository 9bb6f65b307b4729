/**
 * Where a worker is: the functions of its call in progress.
 *
 * Boundary: a worker in memory stands still for that as long as a slice lasts and a message takes; one that is not stays where it is, and an
 * engine reads what was kept of it.
 */
import type { StackView } from '../engine/index.ts';
import { PluvioError } from '../errors/index.ts';
import type { WorkerStack } from './api-types.ts';
import type { LiveWorker } from './live-worker.ts';
import { keptStack } from './stored-state.ts';
import type { WorkerCore } from './worker-core.ts';

/** Frames that are told if nobody says how many, and at most. */
export const STACK_FRAMES = { default: 1000, max: 100_000 } as const;
/** A module may name its functions as it likes. */
const NAME_MAX = 1000;
const EMPTY: StackView = { depth: 0, frames: [] };

/** @throws PluvioError `WORKER_MOVING`, `WORKER_LOST`, codes of the kept state */
export function stackOf(core: WorkerCore, most: number): Promise<WorkerStack> {
  return core.inTurn(async () => {
    core.refuseMove();
    if (core.phase === 'lost' || core.phase === 'closed') throw core.over();
    const { status, live } = core;
    const view = live === undefined ? await stackAway(core, most) : await stackInMemory(core, live, most);
    const frames = view.frames.map(({ name, ...frame }) => ({ ...frame, name: name?.slice(0, NAME_MAX) ?? null }));
    return { status, depth: view.depth, frames };
  });
}

async function stackInMemory(core: WorkerCore, live: LiveWorker, most: number): Promise<StackView> {
  let runs = live.engine.state === 'running' && (await live.pause());
  try {
    return core.live === live ? await live.engine.stack(most) : EMPTY; // its program may have ended meanwhile
  } catch (error) {
    if (!(error instanceof PluvioError) || error.code !== 'WORKER_NOT_STOPPED') throw error;
    runs = await live.pause(); // it waited, as far as was known here, and has just gone on
    return core.live === live ? await live.engine.stack(most) : EMPTY;
  } finally {
    if (runs && core.live === live) live.unpause();
  }
}

async function stackAway({ phase, record, services }: WorkerCore, most: number): Promise<StackView> {
  if (phase !== 'parked' || record.checkpoint?.resumable !== true) return EMPTY;
  const kept = await keptStack({ ...services, store: services.post.store }, record);
  const engine = await services.engines.pick(record.tenant);
  return kept === null ? EMPTY : engine.ask('keptStack', { ...kept, most });
}
