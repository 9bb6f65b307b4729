/** Calls of exports and messages: how values travel over HTTP, by the interface of the export. */
import { pack, unpack } from 'msgpackr';
import type { Encoding } from '../bundle/index.ts';
import { PluvioError } from '../errors/index.ts';
import type { Caller, Reply } from '../host/index.ts';
import type { JsonOutcome, JsonValue } from './api-types.ts';
import { readBody } from './body.ts';
import { within } from './clock.ts';
import type { Handler, NodeServices, OperationCall } from './handlers.ts';
import type { HostedWorker } from './hosted-worker.ts';
import { type CallEnd, decodeEnd, type InputEnd } from './input-end.ts';
import { MEDIA } from './media-types.ts';
import { checkValue } from './schema-check.ts';
import { CALL_REQUEST } from './schemas.ts';
import { placeCall } from './worker-calls.ts';
import { jsonInfo } from './worker-effects.ts';

type CallOperation = 'callExport' | 'getInput' | 'sendMessage';

const DEFAULT_CALL_WAIT_MS = 30_000;
const KEY = /^[\x21-\x7e]{1,255}$/;
const NO_BYTES = new Uint8Array();

/** The client's idempotency key; null: it gave none. @throws PluvioError `REQUEST_INVALID` */
function keyOf(request: Request): string | null {
  const key = request.headers.get('idempotency-key');
  if (key === null || KEY.test(key)) return key;
  throw new PluvioError('REQUEST_INVALID', 'header idempotency-key: must be 1 to 255 visible ASCII characters', {
    field: 'idempotency-key',
  });
}

/** Who the guest is told that the input comes from. */
function callerOf({ identity }: OperationCall): { caller: Caller } {
  const { subject = 'anybody', tenant } = identity ?? {};
  return { caller: { kind: 'client', name: subject, ...(tenant === undefined ? {} : { tenant }) } };
}

const traceOf = ({ traceparent }: OperationCall): { traceparent?: string } =>
  traceparent === undefined ? {} : { traceparent };

/** JSON data of a body, by its content type. */
function dataOf(bytes: Uint8Array, contentType: string): unknown {
  if (bytes.length === 0) return null;
  try {
    if (contentType === MEDIA.msgpack) return unpack(bytes);
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const format = contentType === MEDIA.msgpack ? 'MessagePack' : 'JSON';
    throw new PluvioError(
      'REQUEST_INVALID',
      `body: is not ${format} (${(cause as Error).message})`,
      { field: 'body' },
      { cause },
    );
  }
}

/** How the guest takes what the caller sent, by encoding. */
const INPUTS: Readonly<Record<Exclude<Encoding, 'core'>, (bytes: Uint8Array, contentType: string) => Uint8Array>> = {
  bytes: (bytes) => bytes,
  json: (bytes, contentType) =>
    contentType === MEDIA.msgpack ? Buffer.from(JSON.stringify(dataOf(bytes, contentType)), 'utf8') : bytes,
  msgpack: (bytes, contentType) => (contentType === MEDIA.msgpack ? bytes : pack(dataOf(bytes, contentType))),
};

/** What the caller gets of what the guest gave, by encoding and what the caller accepts. */
function outputOf(encoding: Encoding, output: Uint8Array, accepts: string): { type: string; bytes: Uint8Array } {
  const wantsPacked = accepts.includes(MEDIA.msgpack);
  if (encoding === 'json') {
    return wantsPacked
      ? { type: MEDIA.msgpack, bytes: pack(dataOf(output, MEDIA.json)) }
      : { type: MEDIA.json, bytes: output };
  }
  if (encoding === 'msgpack') {
    return wantsPacked
      ? { type: MEDIA.msgpack, bytes: output }
      : { type: MEDIA.json, bytes: Buffer.from(JSON.stringify(dataOf(output, MEDIA.msgpack)), 'utf8') };
  }
  return { type: MEDIA.octets, bytes: output };
}

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

const bytesResponse = (bytes: Uint8Array, type: string, status = 200): Response =>
  new Response(bytes as BodyInit, { status, headers: { 'content-type': type, 'cache-control': 'no-store' } });

export function callHandlers(services: NodeServices): Record<CallOperation, Handler> {
  const { table, post, limits, clock, closing, admission, quotas } = services;
  const workerOf = ({ params }: OperationCall): HostedWorker => table.get(params['name'] ?? '');
  const waitOf = ({ query }: OperationCall, fallbackMs: number): number =>
    Math.min(typeof query['waitMs'] === 'number' ? query['waitMs'] : fallbackMs, limits.waitMs);
  const waitFor = <Value>(promise: Promise<Value>, call: OperationCall, waitMs: number): Promise<Value | undefined> =>
    within(clock, promise, waitMs, AbortSignal.any([call.request.signal, closing]));

  const answerNumbers = async (
    worker: HostedWorker,
    call: OperationCall,
    ended: Promise<CallEnd>,
  ): Promise<unknown> => {
    const info = worker.info();
    try {
      const end = await waitFor(ended, call, waitOf(call, DEFAULT_CALL_WAIT_MS));
      return { worker: worker.info(), outcome: end?.outcome ?? null };
    } catch (error) {
      // It has begun, and goes on elsewhere: sent there again it would begin once more.
      if (error instanceof PluvioError && error.code === 'WORKER_MOVED') {
        return { worker: { ...info, status: 'moving' }, outcome: null };
      }
      throw error;
    }
  };

  return {
    callExport: async (call) => {
      const worker = workerOf(call);
      admission.check();
      quotas.checkCall(worker.record);
      const name = call.params['export'] ?? '';
      const { bundle } = await worker.program();
      const types = bundle.manifest.interface ?? {};
      const isJson = call.contentType === MEDIA.json || call.contentType === '';
      const encoding = Object.hasOwn(types, name) ? (types[name]?.encoding ?? 'core') : isJson ? 'core' : 'bytes';
      const bytes = await readBody(call.bytes);
      const info = { kind: 'call' as const, ...callerOf(call), ...traceOf(call) };
      const key = keyOf(call.request);
      if (encoding === 'core') {
        const request = bytes.length === 0 ? {} : dataOf(bytes, call.contentType);
        checkValue(CALL_REQUEST, request, 'body');
        const { args = [] } = request as { args?: readonly JsonValue[] }; // checked by the schema
        const { ended } = await placeCall(post, worker, { export: name, args, body: NO_BYTES, key, info });
        return answerNumbers(worker, call, ended);
      }
      const body = INPUTS[encoding](bytes, call.contentType);
      const { seq, ended } = await placeCall(post, worker, { export: name, args: [], body, key, info });
      const end = await waitFor(ended, call, waitOf(call, DEFAULT_CALL_WAIT_MS));
      if (end === undefined) return Response.json({ seq, state: 'pending' }, { status: 202 });
      if (end.outcome.kind !== 'returned') throw callFailed(worker.name, end.outcome);
      const { type, bytes: answer } = outputOf(encoding, end.output ?? NO_BYTES, call.accepts);
      return bytesResponse(answer, type);
    },
    getInput: async (call) => {
      const worker = workerOf(call);
      const seq = Number(call.params['seq']);
      const known = await post.store.outcomeOf(worker.name, seq);
      if (known === undefined) {
        throw new PluvioError('INPUT_NOT_FOUND', `worker "${worker.name}" has no input ${seq} (any more)`, { seq });
      }
      if (known.outcome !== null) return inputState(seq, decodeEnd(known.outcome));
      const end = await waitFor(worker.inputs.end(seq), call, waitOf(call, 0));
      return end === undefined ? { seq, state: 'pending', outcome: null } : inputState(seq, end);
    },
    sendMessage: async (call) => {
      const worker = workerOf(call);
      admission.check();
      quotas.checkCall(worker.record);
      worker.requireOpen();
      worker.inputs.checkRoom(worker.name);
      const reply = call.query['reply'] === true;
      const key = keyOf(call.request);
      const body = await readBody(call.bytes);
      const info = jsonInfo({ id: key ?? '', kind: 'message', reply, ...callerOf(call), ...traceOf(call) });
      const { seq, known } = await post.append(worker.name, { kind: 'message', key, body, info });
      if (!known) worker.arrived();
      if (!reply) return Response.json({ seq }, { status: 202 });
      const ended = known?.outcome ? Promise.resolve(decodeEnd(known.outcome)) : worker.inputs.end(seq);
      const end = await waitFor(ended, call, waitOf(call, DEFAULT_CALL_WAIT_MS));
      if (end === undefined) return Response.json({ seq, state: 'pending' }, { status: 202 });
      const given = replyOf(end);
      if (given !== null && !given.ok) throw new PluvioError('CALL_FAILED', given.message, { outcome: 'replied' });
      return bytesResponse(given?.body ?? NO_BYTES, MEDIA.octets);
    },
  };
}

const replyOf = (end: InputEnd): Reply | null =>
  end.kind === 'message' ? end.reply : end.output === null ? null : { ok: true, body: end.output };

/** An input that is over, as JSON. */
function inputState(seq: number, end: InputEnd): unknown {
  if (end.kind === 'call') return { seq, state: 'ended', outcome: end.outcome };
  return { seq, state: 'ended', outcome: null };
}
