import type { Outcome } from '../../runtime/engine/types.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import type {
  BundleInfo,
  CheckpointInfo,
  MoveResult,
  Reverted,
  Updated,
  WorkerInfo,
  WorkerInterface,
  WorkerStack,
} from '../../runtime/node/api-types.ts';
import { BYTES_TYPE, JSON_TYPE, sendBytes, wholeAnswer } from './byte-requests.ts';
import { type CallOptions, type DeadlineOption, freshKey, type KeyedOptions } from './call-options.ts';
import { type CreateWorker, requestOf } from './create-worker.ts';
import { WAIT_MS } from './inputs.ts';
import { Interfaces } from './interfaces.ts';
import { jsonArguments } from './json-arguments.ts';
import { type LogOptions, type LogPiece, readLogs } from './logs.ts';
import { callExport, type RunState, waitForOutcome } from './outcome-calls.ts';
import type { Transport } from './transport.ts';
import { type CallValue, resultOf } from './values.ts';
import { callPath, workerPath } from './worker-path.ts';

/** The workers of a node. A worker that has moved is followed to where it is. */
export class Workers {
  readonly #transport: Transport;
  readonly #interfaces = new Interfaces((name, signal) =>
    this.#transport.json({ method: 'GET', path: workerPath(name, '/interface'), repeatable: false, signal }, 'exports'),
  );

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** All workers that the caller may see. */
  async list({ signal }: CallOptions = {}): Promise<readonly WorkerInfo[]> {
    const request = { method: 'GET', path: '/v1/workers', signal } as const;
    const answer = await this.#transport.json<{ workers: readonly WorkerInfo[] }>(request, 'workers');
    return answer.workers;
  }

  /** @throws PluvioError `WORKER_NOT_FOUND` */
  get(name: string, { signal }: CallOptions = {}): Promise<WorkerInfo> {
    return this.#transport.json({ method: 'GET', path: workerPath(name), signal }, 'name');
  }

  /** Which exports the worker has for callers, and the types of their values. @throws PluvioError `WORKER_NOT_FOUND` */
  interface(name: string, { signal }: CallOptions = {}): Promise<WorkerInterface> {
    return this.#transport.json({ method: 'GET', path: workerPath(name, '/interface'), signal }, 'exports');
  }

  /**
   * Where the worker is: the functions of its call in progress, innermost first. It goes on.
   * @param options `frames`: at most so many; default: 1000.
   * @throws PluvioError `WORKER_NOT_FOUND`, `WORKER_MOVING`, `WORKER_LOST`
   */
  stack(name: string, { frames, signal }: CallOptions & { readonly frames?: number } = {}): Promise<WorkerStack> {
    return this.#transport.json(
      { method: 'GET', path: workerPath(name, '/stack'), query: { frames }, signal },
      'frames',
    );
  }

  /** Makes a worker and, unless `start` is false, sets it going. */
  create(worker: CreateWorker, { signal }: CallOptions = {}): Promise<WorkerInfo> {
    return this.#transport.json({ method: 'POST', path: '/v1/workers', ...requestOf(worker), signal }, 'name');
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
    const request = { method: 'PUT', path: workerPath(name), json: to, repeatable: false, timeoutMs: 0 } as const;
    return this.#transport.json({ ...request, signal }, 'state');
  }

  /** Gives the worker the version that it had before. @throws PluvioError `VERSION_NOT_FOUND` */
  rollback(name: string, { signal }: CallOptions = {}): Promise<Updated> {
    return this.#transport.json({ method: 'POST', path: workerPath(name, '/rollback'), timeoutMs: 0, signal }, 'state');
  }

  /** Ends a worker and forgets its state. @throws PluvioError `WORKER_NOT_FOUND`, `WORKER_MOVING` */
  async delete(name: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#transport.send({ method: 'DELETE', path: workerPath(name), repeatable: false, signal });
  }

  /** Stops the call in progress at its next safepoint. */
  stop(name: string, { signal }: CallOptions = {}): Promise<WorkerInfo> {
    const path = workerPath(name, '/stop');
    return this.#transport.json({ method: 'POST', path, repeatable: true, timeoutMs: 0, signal }, 'name');
  }

  /** Starts a command, or goes on with a stopped call. */
  async resume(name: string, { signal }: CallOptions = {}): Promise<WorkerInfo> {
    const request = { method: 'POST', path: workerPath(name, '/resume'), timeoutMs: 0, signal } as const;
    return (await this.#transport.json<RunState>(request, 'worker')).worker;
  }

  /** Keeps the worker's state as a bundle on its node. */
  snapshot(name: string, { signal }: CallOptions = {}): Promise<BundleInfo> {
    return this.#transport.json(
      { method: 'POST', path: workerPath(name, '/snapshot'), timeoutMs: 0, signal },
      'digest',
    );
  }

  /** Makes a second worker on the same node, in the same state or in that of a checkpoint of it. */
  fork(
    name: string,
    as: { readonly name: string; readonly checkpoint?: number; readonly start?: boolean },
    { signal }: CallOptions = {},
  ): Promise<WorkerInfo> {
    const path = workerPath(name, '/fork');
    return this.#transport.json({ method: 'POST', path, json: as, timeoutMs: 0, signal }, 'name');
  }

  /** Keeps the state in the worker's history; `pin`: until it is unpinned. Done when it is durable. */
  checkpoint(
    name: string,
    { signal, pin = false }: CallOptions & { readonly pin?: boolean } = {},
  ): Promise<CheckpointInfo> {
    const path = workerPath(name, '/checkpoint');
    return this.#transport.json({ method: 'POST', path, json: { pin }, timeoutMs: 0, signal }, 'id');
  }

  /** The states that the worker can be set back to, newest first. */
  async history(name: string, { signal }: CallOptions = {}): Promise<readonly CheckpointInfo[]> {
    const path = workerPath(name, '/history');
    const request = { method: 'GET', path, signal } as const;
    const answer = await this.#transport.json<{ checkpoints: readonly CheckpointInfo[] }>(request, 'checkpoints');
    return answer.checkpoints;
  }

  /** Keeps a checkpoint until it is unpinned, or no longer. @throws PluvioError `CHECKPOINT_NOT_FOUND` */
  async pin(name: string, checkpoint: number, pinned = true, { signal }: CallOptions = {}): Promise<void> {
    const path = workerPath(name, `/history/${checkpoint}`);
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
    const path = workerPath(name, '/revert');
    return this.#transport.json({ method: 'POST', path, json: to, timeoutMs: 0, signal }, 'checkpoint');
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
    const path = workerPath(name, '/move');
    return this.#transport.json({ method: 'POST', path, json: to, timeoutMs: 0, signal }, 'location');
  }

  /** An operator's word on a move in doubt: whether the worker `runs` here or there. */
  settleMove(name: string, runs: 'here' | 'there', { signal }: CallOptions = {}): Promise<WorkerInfo> {
    const path = workerPath(name, '/settle-move');
    return this.#transport.json({ method: 'POST', path, json: { runs }, signal }, 'name');
  }

  /**
   * Calls an exported function and gives its outcome, however long it takes and wherever the worker goes meanwhile.
   * @param options `key`: repeating the call with the same one gives the first one's outcome, also after a crash or a move.
   */
  call(
    name: string,
    exportName: string,
    args: readonly CallValue[] = [],
    { signal, key, deadlineMs }: KeyedOptions & DeadlineOption = {},
  ): Promise<Outcome> {
    return callExport(this.#transport, name, exportName, { args, signal, key, deadlineMs });
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
    const response = await wholeAnswer(this.#transport, name, {
      path: callPath(name, exportName),
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
    const path = workerPath(name, '/cancel');
    return this.#transport.json({ method: 'POST', path, json, timeoutMs: 0, signal }, 'name');
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
    const path = callPath(name, exportName);
    return bytesOf(
      await wholeAnswer(this.#transport, name, { path, body, key, signal, query: { waitMs: WAIT_MS, deadlineMs } }),
    );
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
    const path = callPath(name, exportName);
    const query = { waitMs: WAIT_MS, deadlineMs, stream: true };
    const response = await wholeAnswer(this.#transport, name, { path, body, key, signal, query });
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
    return bytesOf(
      await wholeAnswer(this.#transport, name, { path: workerPath(name, '/messages'), body, key, signal, query }),
    );
  }

  /** Puts a message into the worker's mailbox; done when it is durable. Gives its number. Sent again and taken once, as with `ask`. */
  async send(
    name: string,
    body: Uint8Array | string,
    { signal, key = freshKey() }: KeyedOptions = {},
  ): Promise<number> {
    const response = await sendBytes(this.#transport, {
      path: workerPath(name, '/messages'),
      body,
      key,
      signal,
      query: {},
    });
    return ((await response.json()) as { seq: number }).seq; // as the API says
  }

  /** Waits for the end of what the worker does; null: it does nothing and has done nothing. Follows it when it moves. */
  waitOutcome(name: string, { signal }: CallOptions = {}): Promise<Outcome | null> {
    return waitForOutcome(this.#transport, name, signal);
  }

  /** Output from the beginning or from a number on; with `follow` until the worker ends, on whichever node it is. */
  logs(name: string, options: LogOptions = {}): AsyncGenerator<LogPiece> {
    return readLogs(this.#transport, workerPath(name, '/logs'), options);
  }

  /** Sends standard input; `end`: that was all. */
  async sendStdin(
    name: string,
    bytes: Uint8Array | string,
    { end = false, signal }: CallOptions & { readonly end?: boolean } = {},
  ): Promise<void> {
    const body = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
    const request = { method: 'POST', path: workerPath(name, '/stdin'), query: { end }, signal } as const;
    await this.#transport.send({ ...request, body, contentType: BYTES_TYPE });
  }
}

const bytesOf = async (response: Response): Promise<Uint8Array> => new Uint8Array(await response.arrayBuffer());
