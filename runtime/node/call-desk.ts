/**
 * Calls of exports as callers ask for them: values by the interface of the export, a wait for the end, an answer.
 *
 * Boundary: transports bring a call whole and carry the answer; how a call gets to its worker is in worker-calls.ts.
 */
import { callFailed, PluvioError } from '../errors/index.ts';
import type { Caller } from '../host/index.ts';
import type { Encoding } from '../bundle/index.ts';
import { AnswerStream } from './answer-stream.ts';
import type { JsonValue } from '../values/index.ts';
import { tooLarge } from './body.ts';
import { checkTyped, dataOf, INPUTS, outputOf } from './call-values.ts';
import type { Clock } from './clock.ts';
import type { HostedWorker } from './hosted-worker.ts';
import type { IncomingBody } from './incoming-body.ts';
import { type CallEnd, decodeEnd, type InputEnd } from './input-end.ts';
import { MEDIA } from './media-types.ts';
import type { NodeAdmission } from './node-admission.ts';
import type { NodeLimits } from './node-limits.ts';
import type { PostOffice } from './post-office.ts';
import type { NodeQuotas } from './quotas/index.ts';
import { RecentMap } from './recent-map.ts';
import { checkValue } from './schema-check.ts';
import { CALL_REQUEST } from './schemas.ts';
import type { Identity } from './security/identity.ts';
import type { Waits } from './waits.ts';
import { BegunError, type CallRequest, type PlacedCall, placeCall } from './worker-calls.ts';
import type { WorkerTable } from './worker-table.ts';

export interface ExportCall {
  readonly export: string;
  readonly identity: Identity | undefined;
  readonly traceparent: string | undefined;
  readonly contentType: string;
  readonly accepts: string;
  /** The client's idempotency key; null: it gave none. */
  readonly key: string | null;
  /** How long the caller waits, in milliseconds; as `CallDesk.waitMs` gives it. */
  readonly waitMs: number;
  /** When the call is given up if it is not over, in milliseconds from now; undefined: never. */
  readonly deadlineMs: number | undefined;
  /** Whether the caller takes the answer as it is written. */
  readonly streams: boolean;
  readonly body: Uint8Array;
  /** In its place: a body that is still on its way. */
  readonly incoming?: IncomingBody | undefined;
  /** Aborts when the caller hangs up. */
  readonly signal?: AbortSignal;
}

export interface CallAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array | string | ReadableStream<Uint8Array>;
}

export interface CallServices {
  readonly table: WorkerTable;
  readonly post: PostOffice;
  readonly limits: NodeLimits;
  readonly admission: NodeAdmission;
  readonly quotas: NodeQuotas;
  readonly waits: Waits;
  readonly clock: Clock;
}

const DEFAULT_WAIT_MS = 30_000;
const TOLD_KEPT = 10_000;
const KEY = /^[\x21-\x7e]{1,255}$/;
const NO_BYTES = new Uint8Array();

const json = (value: unknown, status = 200): CallAnswer => ({ status, type: MEDIA.json, body: JSON.stringify(value) });

export class CallDesk {
  readonly #services: CallServices;
  /** Calls that went on for longer than their callers waited, by worker and name: no journal has them, or not for long after their end. */
  readonly #told = new RecentMap<string, Promise<CallEnd>>(TOLD_KEPT);

  constructor(services: CallServices) {
    this.#services = services;
  }

  /** A worker that may be called now. @throws PluvioError `WORKER_NOT_FOUND`, `WORKER_MOVED`, `NODE_CLOSING`, `NODE_DRAINING`, and what the quotas of its tenant refuse */
  find(name: string): HostedWorker {
    const worker = this.#services.table.get(name);
    this.#services.admission.check();
    this.#services.quotas.checkCall(worker.record);
    return worker;
  }

  /** How long a caller is waited for that asked for so long, or said nothing. */
  waitMs(asked: unknown, fallbackMs = DEFAULT_WAIT_MS): number {
    return Math.min(typeof asked === 'number' ? asked : fallbackMs, this.#services.limits.waitMs);
  }

  /** @throws PluvioError as `placeCall`, `REQUEST_INVALID`, `INVALID_ARGUMENT`, `CALL_FAILED` */
  async call(worker: HostedWorker, asked: ExportCall): Promise<CallAnswer> {
    const { export: name, contentType, key } = asked;
    const program = worker.readyProgram ?? (await worker.program());
    const { manifest } = program.bundle;
    const types = manifest.interface ?? {};
    const isJson = contentType === MEDIA.json || contentType === '';
    const encoding = Object.hasOwn(types, name) ? (types[name]?.encoding ?? 'core') : isJson ? 'core' : 'bytes';
    // What is journalled, or is no bytes for the guest, is needed whole.
    const flows = encoding === 'bytes' && key === null && !worker.isDurable && program.module.usesAbi;
    const incoming = flows ? asked.incoming : undefined;
    const whole = incoming === undefined && asked.incoming !== undefined ? await asked.incoming.whole() : undefined;
    const call = whole === undefined ? asked : { ...asked, body: whole };
    const info = this.#infoOf(call);
    const { post } = this.#services;
    if (encoding === 'core') {
      const args = argumentsOf(call, this.#services.limits);
      const placed = await placeCall(post, worker, program, { export: name, args, body: NO_BYTES, key, info });
      return this.#numbers(worker, call, placed);
    }
    const body = INPUTS[encoding](call.body, contentType);
    if (encoding === 'json') checkTyped(manifest, name, body, this.#services.limits);
    const stream = call.streams && staysAsItIs(encoding, call.accepts) ? new AnswerStream() : undefined;
    const request = { export: name, args: [], body, key, info, stream, incoming };
    const placed = await placeCall(post, worker, program, request);
    if (stream !== undefined && (await this.#beginsFirst(stream, placed, call))) {
      return { status: 200, type: outputOf(encoding, NO_BYTES, call.accepts).type, body: stream.readable };
    }
    const end = await this.#wait(placed, call).catch((error: unknown) => goesOnElsewhere(worker, placed, error));
    if (end === undefined) return json(this.#pending(worker, placed), 202);
    if (end.outcome.kind !== 'returned') throw callFailed(worker.name, end.outcome);
    const { type, bytes } = outputOf(encoding, end.output ?? NO_BYTES, call.accepts);
    return { status: 200, type, body: bytes };
  }

  /** Whether a streamed answer begins before the call ends. */
  async #beginsFirst(stream: AnswerStream, { ended }: PlacedCall, { waitMs, signal }: ExportCall): Promise<boolean> {
    const first = Promise.race([stream.begun.then(() => true), ended.then(isOver, isOver)]);
    return (await this.#services.waits.for(first, waitMs, signal)) === true;
  }

  #infoOf({ identity, traceparent, deadlineMs }: ExportCall): CallRequest['info'] {
    return {
      kind: 'call',
      caller: callerOf(identity),
      ...traceOf(traceparent),
      ...(deadlineMs === undefined ? {} : { deadlineMs: this.#services.clock.now() + deadlineMs }),
    };
  }

  #wait({ ended }: PlacedCall, { waitMs, signal }: ExportCall): Promise<CallEnd | undefined> {
    return this.#services.waits.for(ended, waitMs, signal);
  }

  /** What a caller is told of a call that goes on: its end can be asked for by its name. */
  #pending({ name }: HostedWorker, placed: PlacedCall): { readonly input: string; readonly state: 'pending' } {
    this.#told.set(`${name}/${placed.ref}`, placed.ended);
    return { input: placed.ref, state: 'pending' };
  }

  async #numbers(worker: HostedWorker, call: ExportCall, placed: PlacedCall): Promise<CallAnswer> {
    const info = worker.info();
    try {
      const end = await this.#wait(placed, call);
      if (end !== undefined) return json({ worker: worker.info(), outcome: end.outcome });
      return json({ worker: worker.info(), outcome: null, input: this.#pending(worker, placed).input });
    } catch (error) {
      // It has begun, and goes on elsewhere: sent there again it would begin once more.
      if (!(error instanceof BegunError) || error.code !== 'WORKER_MOVED') throw error;
      const input = isJournalled(placed.ref) ? { input: placed.ref } : {};
      return json({ worker: { ...info, status: 'moving' }, outcome: null, ...input });
    }
  }

  /**
   * The end of an input, once it is known; undefined: it is not within that time.
   * @param ref As a caller was told it.
   * @throws PluvioError `INPUT_NOT_FOUND`
   */
  async endOf(worker: HostedWorker, ref: string, waitMs: number, signal: AbortSignal): Promise<InputEnd | undefined> {
    const { waits, post } = this.#services;
    const told = this.#told.get(`${worker.name}/${ref}`);
    const seq = Number(ref);
    const known = isJournalled(ref) ? await post.store.outcomeOf(worker.name, seq) : undefined;
    if (known === undefined) {
      if (told !== undefined) return waits.for(told, waitMs, signal);
      const problem = `nothing is known of the input ${ref} of worker "${worker.name}" (any more)`;
      throw new PluvioError('INPUT_NOT_FOUND', problem, isJournalled(ref) ? { seq } : { ref });
    }
    if (known.outcome !== null) return decodeEnd(known.outcome);
    return waits.for(worker.inputs.end(seq), waitMs, signal);
  }
}

const isOver = (): false => false;

/** Whether what the guest gives is what the caller gets, byte for byte. */
const staysAsItIs = (encoding: Encoding, accepts: string): boolean =>
  encoding === 'bytes' || encoding === (accepts.includes(MEDIA.msgpack) ? 'msgpack' : 'json');

const isJournalled = (ref: string): boolean => /^\d/.test(ref);

function argumentsOf({ body, contentType }: ExportCall, { jsonBytes }: NodeLimits): readonly JsonValue[] {
  if (body.length > jsonBytes) throw tooLarge(jsonBytes);
  const request = body.length === 0 ? {} : dataOf(body, contentType);
  checkValue(CALL_REQUEST, request, 'body');
  const { args = [] } = request as { args?: readonly JsonValue[] }; // checked by the schema
  return args;
}

/** Of a call that its worker took along: it goes on if the journal has it, else nobody will hear of its end. */
function goesOnElsewhere({ name }: HostedWorker, { ref }: PlacedCall, error: unknown): undefined {
  if (!(error instanceof BegunError) || error.code !== 'WORKER_MOVED') throw error;
  if (isJournalled(ref)) return undefined;
  const message = `worker "${name}" has moved in the middle of the call, which no journal has; its answer is lost`;
  throw new PluvioError('CALL_FAILED', message, { outcome: 'moved' }, { cause: error });
}

/** The idempotency key that a header gives; null: there is none. @throws PluvioError `REQUEST_INVALID` */
export function checkKey(key: string | null): string | null {
  if (key === null || KEY.test(key)) return key;
  throw new PluvioError('REQUEST_INVALID', 'header idempotency-key: must be 1 to 255 visible ASCII characters', {
    field: 'idempotency-key',
  });
}

/** Who the guest is told that the input comes from. */
export function callerOf(identity: Identity | undefined): Caller {
  const { subject = 'anybody', tenant } = identity ?? {};
  return { kind: 'client', name: subject, ...(tenant === undefined ? {} : { tenant }) };
}

export const traceOf = (traceparent: string | undefined): { traceparent?: string } =>
  traceparent === undefined ? {} : { traceparent };
