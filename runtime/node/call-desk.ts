/**
 * Calls of exports as callers ask for them: values by the interface of the export, a wait for the end, an answer.
 *
 * Boundary: transports bring a call whole and carry the answer; how a call gets to its worker is in worker-calls.ts.
 */
import { PluvioError } from '../errors/index.ts';
import type { Caller } from '../host/index.ts';
import type { JsonOutcome, JsonValue } from './api-types.ts';
import { dataOf, INPUTS, outputOf } from './call-values.ts';
import type { HostedWorker } from './hosted-worker.ts';
import type { CallEnd } from './input-end.ts';
import { MEDIA } from './media-types.ts';
import type { NodeAdmission } from './node-admission.ts';
import type { NodeLimits } from './node-limits.ts';
import type { PostOffice } from './post-office.ts';
import { checkValue } from './schema-check.ts';
import { CALL_REQUEST } from './schemas.ts';
import type { Identity } from './security/identity.ts';
import type { Waits } from './waits.ts';
import { placeCall } from './worker-calls.ts';
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
  readonly body: Uint8Array;
  /** Aborts when the caller hangs up. */
  readonly signal?: AbortSignal;
}

export interface CallAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array | string;
}

export interface CallServices {
  readonly table: WorkerTable;
  readonly post: PostOffice;
  readonly limits: NodeLimits;
  readonly admission: NodeAdmission;
  readonly waits: Waits;
}

const DEFAULT_WAIT_MS = 30_000;
const KEY = /^[\x21-\x7e]{1,255}$/;
const NO_BYTES = new Uint8Array();

const json = (value: unknown, status = 200): CallAnswer => ({ status, type: MEDIA.json, body: JSON.stringify(value) });

export class CallDesk {
  readonly #services: CallServices;

  constructor(services: CallServices) {
    this.#services = services;
  }

  /** A worker that may be called now. @throws PluvioError `WORKER_NOT_FOUND`, `WORKER_MOVED`, `NODE_CLOSING`, `NODE_DRAINING` */
  find(name: string): HostedWorker {
    const worker = this.#services.table.get(name);
    this.#services.admission.check();
    return worker;
  }

  /** How long a caller is waited for that asked for so long, or said nothing. */
  waitMs(asked: unknown, fallbackMs = DEFAULT_WAIT_MS): number {
    return Math.min(typeof asked === 'number' ? asked : fallbackMs, this.#services.limits.waitMs);
  }

  /** @throws PluvioError as `placeCall`, `REQUEST_INVALID`, `CALL_FAILED` */
  async call(worker: HostedWorker, call: ExportCall): Promise<CallAnswer> {
    const { export: name, contentType, key } = call;
    const program = worker.readyProgram ?? (await worker.program());
    const types = program.bundle.manifest.interface ?? {};
    const isJson = contentType === MEDIA.json || contentType === '';
    const encoding = Object.hasOwn(types, name) ? (types[name]?.encoding ?? 'core') : isJson ? 'core' : 'bytes';
    const info = { kind: 'call' as const, caller: callerOf(call.identity), ...traceOf(call.traceparent) };
    const { post } = this.#services;
    if (encoding === 'core') {
      const request = call.body.length === 0 ? {} : dataOf(call.body, contentType);
      checkValue(CALL_REQUEST, request, 'body');
      const { args = [] } = request as { args?: readonly JsonValue[] }; // checked by the schema
      const { ended } = await placeCall(post, worker, program, { export: name, args, body: NO_BYTES, key, info });
      return json(await this.#numbers(worker, call, ended));
    }
    const body = INPUTS[encoding](call.body, contentType);
    const { seq, ended } = await placeCall(post, worker, program, { export: name, args: [], body, key, info });
    const end = await this.#wait(ended, call);
    if (end === undefined) return json({ seq, state: 'pending' }, 202);
    if (end.outcome.kind !== 'returned') throw callFailed(worker.name, end.outcome);
    const { type, bytes } = outputOf(encoding, end.output ?? NO_BYTES, call.accepts);
    return { status: 200, type, body: bytes };
  }

  #wait(ended: Promise<CallEnd>, { waitMs, signal }: ExportCall): Promise<CallEnd | undefined> {
    return this.#services.waits.for(ended, waitMs, signal);
  }

  async #numbers(worker: HostedWorker, call: ExportCall, ended: Promise<CallEnd>): Promise<unknown> {
    const info = worker.info();
    try {
      const end = await this.#wait(ended, call);
      return { worker: worker.info(), outcome: end?.outcome ?? null };
    } catch (error) {
      // It has begun, and goes on elsewhere: sent there again it would begin once more.
      if (error instanceof PluvioError && error.code === 'WORKER_MOVED') {
        return { worker: { ...info, status: 'moving' }, outcome: null };
      }
      throw error;
    }
  }
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

/** The outcome of a call that gave nothing, as an error. */
export function callFailed(worker: string, outcome: JsonOutcome): PluvioError {
  const what =
    outcome.kind === 'trapped'
      ? `trapped: ${outcome.message}`
      : outcome.kind === 'limit'
        ? `reached its limit ${outcome.limit}`
        : outcome.kind === 'exited'
          ? `exited with code ${outcome.code}`
          : 'was stopped';
  const facts = outcome.kind === 'trapped' ? { trap: outcome.code } : {};
  return new PluvioError('CALL_FAILED', `the call of worker "${worker}" ${what}`, { outcome: outcome.kind, ...facts });
}
