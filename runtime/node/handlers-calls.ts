/** Calls of exports and messages over HTTP. */
import { callFailed, PluvioError } from '../errors/index.ts';
import type { JsonOutcome, WorkerInterface } from './api-types.ts';
import { hasBody, readBody } from './body.ts';
import { type CallAnswer, callerOf, checkKey, traceOf } from './call-desk.ts';
import type { Handler, NodeServices, OperationCall } from './handlers.ts';
import type { HostedWorker } from './hosted-worker.ts';
import { IncomingBody } from './incoming-body.ts';
import { decodeEnd, type InputEnd } from './input-end.ts';
import { MEDIA } from './media-types.ts';
import { numberOf } from './query.ts';
import { jsonInfo } from './worker-effects.ts';

type CallOperation = 'callExport' | 'getInterface' | 'cancelCall' | 'getInput' | 'sendMessage';

const NO_BYTES = new Uint8Array();
const keyOf = ({ headers }: Request): string | null => checkKey(headers.get('idempotency-key'));

const answered = (body: CallAnswer['body'], type: string, status = 200): Response =>
  new Response(body as BodyInit, { status, headers: { 'content-type': type, 'cache-control': 'no-store' } });

export function callHandlers(services: NodeServices): Record<CallOperation, Handler> {
  const { table, post, admission, desk, waits, quotas } = services;
  const workerOf = ({ params }: OperationCall): HostedWorker => table.get(params['name'] ?? '');
  const waitFor = <Value>(
    promise: Promise<Value>,
    { query, request }: OperationCall,
    fallbackMs?: number,
  ): Promise<Value | undefined> => waits.for(promise, desk.waitMs(query['waitMs'], fallbackMs), request.signal);

  return {
    callExport: async (call) => {
      const worker = desk.find(call.params['name'] ?? '');
      const { identity, traceparent, contentType, accepts, request } = call;
      const streams = call.query['stream'] === true;
      const flows = streams && request.headers.get('content-length') === null && hasBody(request);
      const answer = await desk.call(worker, {
        export: call.params['export'] ?? '',
        identity,
        traceparent,
        contentType,
        accepts,
        key: keyOf(request),
        waitMs: desk.waitMs(call.query['waitMs']),
        deadlineMs: numberOf(call.query, 'deadlineMs'),
        streams,
        body: flows ? NO_BYTES : await readBody(call.bytes),
        incoming: flows ? new IncomingBody(call.bytes) : undefined,
        signal: request.signal,
      });
      return answered(answer.body, answer.type, answer.status);
    },
    getInterface: async (call): Promise<WorkerInterface> => {
      const worker = workerOf(call);
      const { bundle, module } = worker.readyProgram ?? (await worker.program());
      const { interface: exports = {}, types = {} } = bundle.manifest;
      return { bundle: worker.info().bundle, exports: { ...module.functions, ...exports }, types };
    },
    getInput: async (call) => {
      const worker = workerOf(call);
      const input = call.params['input'] ?? '';
      const end = await desk.endOf(worker, input, desk.waitMs(call.query['waitMs'], 0), call.request.signal);
      if (end === undefined) return { input, state: 'pending', outcome: null };
      if (!call.accepts.includes(MEDIA.octets)) return { input, state: 'ended', outcome: outcomeOf(end) };
      return answered(outputOf(worker.name, end), MEDIA.octets);
    },
    cancelCall: async (call) => {
      const worker = workerOf(call);
      const { input } = (call.json ?? {}) as { input?: string }; // checked by the schema
      await worker.cancel(input, 'the call was cancelled');
      return worker.info();
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
      const info = jsonInfo({
        id: key ?? '',
        kind: 'message',
        reply,
        caller: callerOf(call.identity),
        ...traceOf(call.traceparent),
      });
      const { seq, known } = await post.append(worker.name, { kind: 'message', key, body, info });
      if (!known) worker.arrived();
      if (!reply) return Response.json({ seq }, { status: 202 });
      const ended = known?.outcome ? Promise.resolve(decodeEnd(known.outcome)) : worker.inputs.end(seq);
      const end = await waitFor(ended, call);
      if (end === undefined) return Response.json({ seq, input: String(seq), state: 'pending' }, { status: 202 });
      return answered(outputOf(worker.name, end), MEDIA.octets);
    },
  };
}

/** What an input gave. @throws PluvioError `CALL_FAILED` */
function outputOf(worker: string, end: InputEnd): Uint8Array {
  if (end.kind === 'call') {
    if (end.outcome.kind !== 'returned') throw callFailed(worker, end.outcome);
    return end.output ?? NO_BYTES;
  }
  if (end.reply?.ok === false) throw new PluvioError('CALL_FAILED', end.reply.message, { outcome: 'replied' });
  return end.reply?.body ?? NO_BYTES;
}

const outcomeOf = (end: InputEnd): JsonOutcome | null => (end.kind === 'call' ? end.outcome : null);
