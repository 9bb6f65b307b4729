/** Inputs of a worker that take longer than a request waits: they are asked for, by the name that the node gave them, until they are over. */
import { workerPath } from './worker-path.ts';

/** How long a request asks the node to wait. */
export const WAIT_MS = 25_000;
/** How long it takes at most. */
export const WAITING_TIMEOUT_MS = WAIT_MS + 30_000;

export const inputRequest = (name: string, input: string) =>
  ({
    method: 'GET',
    path: workerPath(name, `/inputs/${input}`),
    query: { waitMs: WAIT_MS },
    timeoutMs: WAITING_TIMEOUT_MS,
  }) as const;
