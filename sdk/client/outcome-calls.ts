/** Calls of exports whose outcome is told as JSON, however long they take and wherever the worker goes meanwhile. */
import type { Outcome } from '../../runtime/engine/types.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import type { JsonOutcome, WorkerInfo } from '../../runtime/node/api-types.ts';
import type { DeadlineOption } from './call-options.ts';
import { inputRequest, WAIT_MS, WAITING_TIMEOUT_MS } from './inputs.ts';
import type { Transport } from './transport.ts';
import { type CallValue, decodeOutcome, encodeValue } from './values.ts';
import { callPath, workerPath } from './worker-path.ts';

/** What a worker does, and what became of it. */
export interface RunState {
  readonly worker: WorkerInfo;
  readonly outcome: JsonOutcome | null;
  /** What a call that goes on is asked for by. */
  readonly input?: string;
}

interface InputState {
  readonly state: 'pending' | 'ended';
  readonly outcome: JsonOutcome | null;
}

interface ExportCall extends DeadlineOption {
  readonly args: readonly CallValue[];
  readonly signal: AbortSignal | undefined;
  readonly key: string | undefined;
}

export async function callExport(
  transport: Transport,
  name: string,
  exportName: string,
  { args, signal, key, deadlineMs }: ExportCall,
): Promise<Outcome> {
  const request = {
    method: 'POST',
    path: callPath(name, exportName),
    query: { waitMs: WAIT_MS, deadlineMs },
    json: { args: args.map(encodeValue) },
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key }, repeatable: true }),
    timeoutMs: 0,
    signal,
  } as const;
  const state = await transport.json<RunState>(request, 'outcome');
  if (state.outcome) return decodeOutcome(state.outcome);
  const outcome =
    state.input === undefined
      ? await waitForOutcome(transport, name, signal) // it moved in the middle of the call
      : await endOf(transport, name, state.input, signal);
  if (!outcome) throw new PluvioError('INTERNAL', `the call of "${exportName}" left no outcome`);
  return outcome;
}

/** The end of a call that goes on for longer than a request waits. */
async function endOf(
  transport: Transport,
  name: string,
  input: string,
  signal: AbortSignal | undefined,
): Promise<Outcome | null> {
  for (;;) {
    const { state, outcome } = await transport.json<InputState>({ ...inputRequest(name, input), signal }, 'state');
    if (state === 'ended') return outcome && decodeOutcome(outcome);
  }
}

/** The end of what a worker does; null: it does nothing and has done nothing. It is followed when it moves. */
export async function waitForOutcome(
  transport: Transport,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Outcome | null> {
  const path = workerPath(name, '/outcome');
  const request = { method: 'GET', path, query: { waitMs: WAIT_MS }, timeoutMs: WAITING_TIMEOUT_MS, signal } as const;
  for (;;) {
    const { worker, outcome } = await transport.json<RunState>(request, 'worker');
    if (outcome) return decodeOutcome(outcome);
    if (worker.status === 'stopped') return { kind: 'stopped' };
    if (worker.status === 'lost') throw new PluvioError('WORKER_LOST', `worker "${name}" was lost`);
    if (worker.status === 'idle' || worker.status === 'ended') return null;
  }
}
