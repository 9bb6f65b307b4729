import type { Outcome, WorkerLimits } from '../../runtime/engine/types.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import type { BundleInfo, JsonOutcome, MoveResult, WorkerInfo } from '../../runtime/node/api-types.ts';
import { type LogOptions, type LogPiece, readLogs } from './logs.ts';
import type { Transport } from './transport.ts';
import { decodeOutcome, encodeValue, type WasmValue } from './values.ts';

/** A worker from a bundle that the node has, or from the bytes of a module. */
export type CreateWorker =
  | {
      readonly bundle: string;
      /** Default: the name in the bundle's manifest. */
      readonly name?: string;
      readonly start?: boolean;
      readonly stdin?: 'open' | 'closed';
    }
  | {
      readonly module: Uint8Array;
      readonly name: string;
      readonly args?: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
      readonly limits?: Omit<WorkerLimits, 'tableElements' | 'heapBytes'>;
      readonly start?: boolean;
      readonly stdin?: 'open' | 'closed';
    };

export interface CallOptions {
  readonly signal?: AbortSignal;
}

interface RunState {
  readonly worker: WorkerInfo;
  readonly outcome: JsonOutcome | null;
}

const WAIT_MS = 25_000;
const pathOf = (name: string, rest = ''): string => `/v1/workers/${encodeURIComponent(name)}${rest}`;

/** The workers of a node. A worker that has moved is followed to where it is. */
export class Workers {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async list({ signal }: CallOptions = {}): Promise<readonly WorkerInfo[]> {
    const answer = await this.#transport.json<{ workers: readonly WorkerInfo[] }>({
      method: 'GET',
      path: '/v1/workers',
      signal,
    });
    return answer.workers;
  }

  /** @throws PluvioError `WORKER_NOT_FOUND` */
  get(name: string, { signal }: CallOptions = {}): Promise<WorkerInfo> {
    return this.#transport.json({ method: 'GET', path: pathOf(name), signal });
  }

  /** Makes a worker and, unless `start` is false, sets it going. */
  create(worker: CreateWorker, { signal }: CallOptions = {}): Promise<WorkerInfo> {
    const request = { method: 'POST', path: '/v1/workers', signal } as const;
    if ('bundle' in worker) return this.#transport.json({ ...request, json: worker });
    const { module, name, args, env = {}, limits = {}, start, stdin } = worker;
    const query = {
      name,
      arg: args,
      env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
      start,
      stdin,
      fuel: limits.fuel?.toString(),
      memoryPages: limits.memoryPages,
      stackDepth: limits.stackDepth,
      wallClockMs: limits.wallClockMs,
    };
    return this.#transport.json({
      ...request,
      query,
      body: module,
      contentType: 'application/wasm',
      timeoutMs: 120_000,
    });
  }

  async delete(name: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#transport.send({ method: 'DELETE', path: pathOf(name), repeatable: false, signal });
  }

  /** Stops the call in progress at its next safepoint. */
  stop(name: string, { signal }: CallOptions = {}): Promise<WorkerInfo> {
    return this.#transport.json({
      method: 'POST',
      path: pathOf(name, '/stop'),
      repeatable: true,
      timeoutMs: 0,
      signal,
    });
  }

  /** Starts a command, or goes on with a stopped call. */
  async resume(name: string, { signal }: CallOptions = {}): Promise<WorkerInfo> {
    const state = await this.#transport.json<RunState>({
      method: 'POST',
      path: pathOf(name, '/resume'),
      timeoutMs: 0,
      signal,
    });
    return state.worker;
  }

  /** Keeps the worker's state as a bundle on its node. */
  snapshot(name: string, { signal }: CallOptions = {}): Promise<BundleInfo> {
    return this.#transport.json({ method: 'POST', path: pathOf(name, '/snapshot'), timeoutMs: 0, signal });
  }

  /** Makes a second worker in the same state on the same node. */
  fork(
    name: string,
    as: { readonly name: string; readonly start?: boolean },
    { signal }: CallOptions = {},
  ): Promise<WorkerInfo> {
    return this.#transport.json({ method: 'POST', path: pathOf(name, '/fork'), json: as, timeoutMs: 0, signal });
  }

  /**
   * Moves the worker to another node.
   * @throws PluvioError `MOVE_FAILED`: it goes on where it was. `MOVE_IN_DOUBT`: its node asks the target until it knows.
   */
  move(
    name: string,
    to: { readonly target: string; readonly token?: string },
    { signal }: CallOptions = {},
  ): Promise<MoveResult> {
    return this.#transport.json({ method: 'POST', path: pathOf(name, '/move'), json: to, timeoutMs: 0, signal });
  }

  /** An operator's word on a move in doubt: whether the worker `runs` here or there. */
  settleMove(name: string, runs: 'here' | 'there', { signal }: CallOptions = {}): Promise<WorkerInfo> {
    return this.#transport.json({ method: 'POST', path: pathOf(name, '/settle-move'), json: { runs }, signal });
  }

  /** Calls an exported function and gives its outcome, however long it takes and wherever the worker goes meanwhile. */
  async call(
    name: string,
    exportName: string,
    args: readonly WasmValue[] = [],
    { signal }: CallOptions = {},
  ): Promise<Outcome> {
    const state = await this.#transport.json<RunState>({
      method: 'POST',
      path: pathOf(name, `/call/${encodeURIComponent(exportName)}`),
      query: { waitMs: WAIT_MS },
      json: { args: args.map(encodeValue) },
      timeoutMs: 0,
      signal,
    });
    if (state.outcome) return decodeOutcome(state.outcome);
    const outcome = await this.waitOutcome(name, { ...(signal ? { signal } : {}) });
    if (!outcome) throw new PluvioError('INTERNAL', `the call of "${exportName}" left no outcome`);
    return outcome;
  }

  /** Waits for the end of what the worker does; null: it does nothing and has done nothing. Follows it when it moves. */
  async waitOutcome(name: string, { signal }: CallOptions = {}): Promise<Outcome | null> {
    for (;;) {
      const { worker, outcome } = await this.#transport.json<RunState>({
        method: 'GET',
        path: pathOf(name, '/outcome'),
        query: { waitMs: WAIT_MS },
        timeoutMs: WAIT_MS + 30_000,
        signal,
      });
      if (outcome) return decodeOutcome(outcome);
      if (worker.status === 'stopped') return { kind: 'stopped' };
      if (worker.status === 'lost') throw new PluvioError('WORKER_LOST', `worker "${name}" was lost`);
      if (worker.status === 'idle' || worker.status === 'ended') return null;
    }
  }

  /** Output from the beginning or from a number on; with `follow` until the worker ends, on whichever node it is. */
  logs(name: string, options: LogOptions = {}): AsyncGenerator<LogPiece> {
    return readLogs(this.#transport, pathOf(name, '/logs'), options);
  }

  /** Sends standard input; `end`: that was all. */
  async sendStdin(
    name: string,
    bytes: Uint8Array | string,
    { end = false, signal }: CallOptions & { readonly end?: boolean } = {},
  ): Promise<void> {
    const body = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
    const request = { method: 'POST', path: pathOf(name, '/stdin'), query: { end }, signal } as const;
    await this.#transport.send({ ...request, body, contentType: 'application/octet-stream' });
  }
}
