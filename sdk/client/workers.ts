import type { Outcome, WorkerLimits } from '../../runtime/engine/types.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import type {
  BundleInfo,
  CheckpointInfo,
  JsonOutcome,
  MoveResult,
  Reverted,
  Updated,
  WorkerInfo,
  WorkerInterface,
  WorkerStack,
} from '../../runtime/node/api-types.ts';
import { Interfaces } from './interfaces.ts';
import { jsonArguments } from './json-arguments.ts';
import { type LogOptions, type LogPiece, readLogs } from './logs.ts';
import { pause, type Transport } from './transport.ts';
import { decodeOutcome, encodeValue, resultOf, type CallValue } from './values.ts';

/** A worker from a bundle that the node has or pulls from a registry, or from the bytes of a module. */
export type CreateWorker =
  | ((
      | { readonly bundle: string }
      /** As host/repository:tag; the config of the node must list it. */
      | { readonly reference: string }
    ) & {
      /** Default: the name in the bundle's manifest. */
      readonly name?: string;
      readonly start?: boolean;
      readonly stdin?: 'open' | 'closed';
      /** Default: that of the token. */
      readonly tenant?: string;
    })
  | {
      readonly module: Uint8Array;
      readonly name: string;
      readonly args?: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
      readonly limits?: Omit<WorkerLimits, 'tableElements' | 'heapBytes'>;
      readonly start?: boolean;
      readonly stdin?: 'open' | 'closed';
      readonly tenant?: string;
    };

/** What every request takes. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface KeyedOptions extends CallOptions {
  /** Idempotency key; default: a fresh one for a message, none for a call. */
  readonly key?: string;
}

interface BytesRequest {
  readonly path: string;
  readonly body: Uint8Array | string | ReadableStream<Uint8Array>;
  /** Default: bytes. */
  readonly contentType?: string;
  readonly key: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly query: Readonly<Record<string, boolean | number | undefined>>;
}

interface RunState {
  readonly worker: WorkerInfo;
  readonly outcome: JsonOutcome | null;
  /** What a call that goes on is asked for by. */
  readonly input?: string;
}

interface InputState {
  readonly state: 'pending' | 'ended';
  readonly outcome: JsonOutcome | null;
}

export interface DeadlineOption {
  /** Milliseconds after which the call is given up, waiting or running, if it is not over. Default: never; at most a day. */
  readonly deadlineMs?: number | undefined;
}

const inputRequest = (name: string, input: string) =>
  ({
    method: 'GET',
    path: pathOf(name, `/inputs/${input}`),
    query: { waitMs: WAIT_MS },
    timeoutMs: WAIT_MS + 30_000,
  }) as const;

const BYTES_TYPE = 'application/octet-stream';
const JSON_TYPE = 'application/json';
const WAIT_MS = 25_000;
const MOVING_PAUSE_MS = 200;
const pathOf = (name: string, rest = ''): string => `/v1/workers/${encodeURIComponent(name)}${rest}`;

const KEY_BYTES = 16;

/** An idempotency key that nobody has used. Messages are in the journal anyway, so that one costs them nothing. */
export const freshKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(KEY_BYTES)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The workers of a node. A worker that has moved is followed to where it is. */
export class Workers {
  readonly #transport: Transport;
  readonly #interfaces = new Interfaces((name, signal) =>
    this.#transport.json({ method: 'GET', path: pathOf(name, '/interface'), repeatable: false, signal }),
  );

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** All workers that the caller may see. */
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

  /** Which exports the worker has for callers, and the types of their values. @throws PluvioError `WORKER_NOT_FOUND` */
  interface(name: string, { signal }: CallOptions = {}): Promise<WorkerInterface> {
    return this.#transport.json({ method: 'GET', path: pathOf(name, '/interface'), signal });
  }

  /**
   * Where the worker is: the functions of its call in progress, innermost first. It goes on.
   * @param options `frames`: at most so many; default: 1000.
   * @throws PluvioError `WORKER_NOT_FOUND`, `WORKER_MOVING`, `WORKER_LOST`
   */
  stack(name: string, { frames, signal }: CallOptions & { readonly frames?: number } = {}): Promise<WorkerStack> {
    return this.#transport.json({ method: 'GET', path: pathOf(name, '/stack'), query: { frames }, signal });
  }

  /** Makes a worker and, unless `start` is false, sets it going. */
  create(worker: CreateWorker, { signal }: CallOptions = {}): Promise<WorkerInfo> {
    const request = { method: 'POST', path: '/v1/workers', signal } as const;
    if ('bundle' in worker) return this.#transport.json({ ...request, json: worker });
    if ('reference' in worker) return this.#transport.json({ ...request, json: worker, timeoutMs: 0 });
    const { module, name, args, env = {}, limits = {}, start, stdin, tenant } = worker;
    const query = {
      name,
      arg: args,
      env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
      start,
      stdin,
      tenant,
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

  /**
   * Gives the worker another version; the answer tells whether it goes on with its state.
   * @param to `keep`: refuse rather than begin anew. `storage`: a worker that begins anew finds its keys, blobs, timers and topics.
   */
  update(
    name: string,
    to: { readonly bundle: string; readonly keep?: boolean; readonly storage?: boolean },
    { signal }: CallOptions = {},
  ): Promise<Updated> {
    return this.#transport.json({
      method: 'PUT',
      path: pathOf(name),
      json: to,
      repeatable: false,
      timeoutMs: 0,
      signal,
    });
  }

  /** Gives the worker the version that it had before. @throws PluvioError `VERSION_NOT_FOUND` */
  rollback(name: string, { signal }: CallOptions = {}): Promise<Updated> {
    return this.#transport.json({ method: 'POST', path: pathOf(name, '/rollback'), timeoutMs: 0, signal });
  }

  /** Ends a worker and forgets its state. @throws PluvioError `WORKER_NOT_FOUND`, `WORKER_MOVING` */
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

  /** Makes a second worker on the same node, in the same state or in that of a checkpoint of it. */
  fork(
    name: string,
    as: { readonly name: string; readonly checkpoint?: number; readonly start?: boolean },
    { signal }: CallOptions = {},
  ): Promise<WorkerInfo> {
    return this.#transport.json({ method: 'POST', path: pathOf(name, '/fork'), json: as, timeoutMs: 0, signal });
  }

  /** Keeps the state in the worker's history; `pin`: until it is unpinned. Done when it is durable. */
  checkpoint(
    name: string,
    { signal, pin = false }: CallOptions & { readonly pin?: boolean } = {},
  ): Promise<CheckpointInfo> {
    const path = pathOf(name, '/checkpoint');
    return this.#transport.json({ method: 'POST', path, json: { pin }, timeoutMs: 0, signal });
  }

  /** The states that the worker can be set back to, newest first. */
  async history(name: string, { signal }: CallOptions = {}): Promise<readonly CheckpointInfo[]> {
    const path = pathOf(name, '/history');
    const answer = await this.#transport.json<{ checkpoints: readonly CheckpointInfo[] }>({
      method: 'GET',
      path,
      signal,
    });
    return answer.checkpoints;
  }

  /** Keeps a checkpoint until it is unpinned, or no longer. @throws PluvioError `CHECKPOINT_NOT_FOUND` */
  async pin(name: string, checkpoint: number, pinned = true, { signal }: CallOptions = {}): Promise<void> {
    const path = pathOf(name, `/history/${checkpoint}`);
    await this.#transport.send({ method: 'PUT', path, json: { pinned }, repeatable: true, signal });
  }

  /**
   * Sets the worker back to a state of its history.
   * @param to `replay`: inputs that came after it are given again; by default they count as done. `start` false: its call stays stopped.
   * @throws PluvioError `CHECKPOINT_NOT_FOUND`, `INPUTS_GONE`
   */
  revert(
    name: string,
    to: { readonly checkpoint: number; readonly replay?: boolean; readonly start?: boolean },
    { signal }: CallOptions = {},
  ): Promise<Reverted> {
    return this.#transport.json({ method: 'POST', path: pathOf(name, '/revert'), json: to, timeoutMs: 0, signal });
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

  /**
   * Calls an exported function and gives its outcome, however long it takes and wherever the worker goes meanwhile.
   * @param options `key`: repeating the call with the same one gives the first one's outcome, also after a crash or a move.
   */
  async call(
    name: string,
    exportName: string,
    args: readonly CallValue[] = [],
    { signal, key, deadlineMs }: KeyedOptions & DeadlineOption = {},
  ): Promise<Outcome> {
    const state = await this.#transport.json<RunState>({
      method: 'POST',
      path: pathOf(name, `/call/${encodeURIComponent(exportName)}`),
      query: { waitMs: WAIT_MS, deadlineMs },
      json: { args: args.map(encodeValue) },
      ...(key === undefined ? {} : { headers: { 'idempotency-key': key }, repeatable: true }),
      timeoutMs: 0,
      signal,
    });
    if (state.outcome) return decodeOutcome(state.outcome);
    const outcome =
      state.input === undefined
        ? await this.waitOutcome(name, { ...(signal ? { signal } : {}) }) // it moved in the middle of the call
        : await this.#endOf(name, state.input, signal);
    if (!outcome) throw new PluvioError('INTERNAL', `the call of "${exportName}" left no outcome`);
    return outcome;
  }

  /** The end of a call that goes on for longer than a request waits. */
  async #endOf(name: string, input: string, signal: AbortSignal | undefined): Promise<Outcome | null> {
    for (;;) {
      const { state, outcome } = await this.#transport.json<InputState>({ ...inputRequest(name, input), signal });
      if (state === 'ended') return outcome && decodeOutcome(outcome);
    }
  }

  /**
   * Calls a typed export, or a function of a component, with values and gives its result, however long it takes. Values of typed exports are as
   * JSON has them; docs/projects.md says how wide integers and bytes are written. Those of components are JavaScript's (docs/components.md), and
   * a function of theirs is called by its name, or in camelCase. Arguments are held against the worker's interface before they are sent, and by its node.
   * @param options `key`: repeating the call with the same one gives the first one's result, also after a crash or a move; it is sent again when
   * the connection breaks. Without one the call is as durable as the worker is.
   * @throws PluvioError `INVALID_ARGUMENT` names the argument, what it is, and what it must be; `CALL_FAILED`: the worker's log says why
   */
  async callTyped(
    name: string,
    exportName: string,
    args: readonly unknown[] = [],
    { signal, key, deadlineMs }: KeyedOptions & DeadlineOption = {},
  ): Promise<unknown> {
    const found = await this.#interfaces.find(name, exportName, signal);
    if (found.component !== undefined) {
      const options = { ...(signal && { signal }), ...(key !== undefined && { key }), deadlineMs };
      return resultOf(name, await this.call(name, found.component, args as readonly CallValue[], options)); // encodeValue refuses others
    }
    const json = jsonArguments(args);
    await this.#interfaces.check({ worker: name, export: exportName, json, given: args }, found, signal);
    const response = await this.#wholeAnswer(name, {
      path: pathOf(name, `/call/${encodeURIComponent(exportName)}`),
      query: { waitMs: WAIT_MS, deadlineMs },
      body: JSON.stringify(json),
      contentType: JSON_TYPE,
      key,
      signal,
    });
    return response.json().catch((cause: unknown) => {
      const problem = `cannot call "${exportName}" of worker "${name}" with values: its answer is no JSON; it must be a typed export`;
      throw new PluvioError('INVALID_ARGUMENT', problem, { worker: name }, { cause });
    });
  }

  /**
   * Gives up an input that waits, or the call in progress, which ends as a trap, `cancelled`; what it did to memory stays.
   * @param input What the node named it by; default: the call in progress.
   * @throws PluvioError `INPUT_NOT_FOUND`
   */
  cancel(name: string, input?: string, { signal }: CallOptions = {}): Promise<WorkerInfo> {
    const json = input === undefined ? {} : { input };
    return this.#transport.json({ method: 'POST', path: pathOf(name, '/cancel'), json, timeoutMs: 0, signal });
  }

  /**
   * Calls an export that takes and gives bytes (the host ABI's input and output), and gives those, however long it takes.
   * @param options `key`: repeating the call with the same one gives the first one's answer, also after a crash or a move.
   * @throws PluvioError `CALL_FAILED`
   */
  async invoke(
    name: string,
    exportName: string,
    body: Uint8Array | string = new Uint8Array(),
    { signal, key, deadlineMs }: KeyedOptions & DeadlineOption = {},
  ): Promise<Uint8Array> {
    const path = pathOf(name, `/call/${encodeURIComponent(exportName)}`);
    return this.#bytes(name, { path, body, key, signal, query: { waitMs: WAIT_MS, deadlineMs } });
  }

  /**
   * Calls an export that takes and gives bytes, and gives those as the guest writes them. A call that fails meanwhile fails the stream.
   * @param body A stream is read by the guest while it comes, where the worker's calls are not journalled; else it is sent whole.
   * @throws PluvioError `CALL_FAILED` before anything was written
   */
  async stream(
    name: string,
    exportName: string,
    body: Uint8Array | string | ReadableStream<Uint8Array> = new Uint8Array(),
    { signal, key, deadlineMs }: KeyedOptions & DeadlineOption = {},
  ): Promise<ReadableStream<Uint8Array>> {
    const path = pathOf(name, `/call/${encodeURIComponent(exportName)}`);
    const query = { waitMs: WAIT_MS, deadlineMs, stream: true };
    const response = await this.#wholeAnswer(name, { path, body, key, signal, query });
    return response.body ?? new ReadableStream({ start: (controller) => controller.close() });
  }

  /**
   * Puts a message into the worker's mailbox and waits for the reply. It is sent again when the connection breaks, and taken once.
   * @throws PluvioError as `invoke`
   */
  async ask(
    name: string,
    body: Uint8Array | string,
    { signal, key = freshKey() }: KeyedOptions = {},
  ): Promise<Uint8Array> {
    const query = { reply: true, waitMs: WAIT_MS };
    return this.#bytes(name, { path: pathOf(name, '/messages'), body, key, signal, query });
  }

  /** Puts a message into the worker's mailbox; done when it is durable. Gives its number. Sent again and taken once, as with `ask`. */
  async send(
    name: string,
    body: Uint8Array | string,
    { signal, key = freshKey() }: KeyedOptions = {},
  ): Promise<number> {
    const response = await this.#sendBytes({ path: pathOf(name, '/messages'), body, key, signal, query: {} });
    return ((await response.json()) as { seq: number }).seq; // as the API says
  }

  async #bytes(name: string, request: BytesRequest): Promise<Uint8Array> {
    return new Uint8Array(await (await this.#wholeAnswer(name, request)).arrayBuffer());
  }

  /** The answer, once there is one. */
  async #wholeAnswer(name: string, request: BytesRequest): Promise<Response> {
    let response = await this.#sendBytes(request);
    if (response.status !== 202) return response;
    const { input } = (await response.json()) as { input: string }; // as the API says
    do {
      response = await this.#transport.send({
        ...inputRequest(name, input),
        accept: BYTES_TYPE,
        signal: request.signal,
      });
    } while (response.headers.get('content-type') !== BYTES_TYPE && (await response.arrayBuffer())); // it is not over yet
    return response;
  }

  /** A worker on its way has taken nothing: what it is sent is sent again. */
  async #sendBytes({ path, body, contentType = BYTES_TYPE, key, signal, query }: BytesRequest): Promise<Response> {
    const request = {
      method: 'POST',
      path,
      query,
      body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
      contentType,
      ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
      repeatable: key !== undefined,
      timeoutMs: 0,
      signal,
    } as const;
    for (;;) {
      try {
        return await this.#transport.send(request);
      } catch (error) {
        if (contentType !== JSON_TYPE || !(error instanceof PluvioError && error.code === 'WORKER_MOVING')) throw error;
        await pause(MOVING_PAUSE_MS, this.#transport.signalOf(signal));
      }
    }
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
