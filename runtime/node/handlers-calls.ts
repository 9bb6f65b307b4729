/** Calls of exports and messages over HTTP. */
import { PluvioError } from '../errors/index.ts';
import type { Reply } from '../host/index.ts';
import { readBody } from './body.ts';
import { callerOf, checkKey, traceOf } from './call-desk.ts';
import type { Handler, NodeServices, OperationCall } from './handlers.ts';
import type { HostedWorker } from './hosted-worker.ts';
import { decodeEnd, type InputEnd } from './input-end.ts';
import { MEDIA } from './media-types.ts';
import { jsonInfo } from './worker-effects.ts';

type CallOperation = 'callExport' | 'getInput' | 'sendMessage';

const NO_BYTES = new Uint8Array();
const keyOf = ({ headers }: Request): string | null => checkKey(headers.get('idempotency-key'));

const answered = (body: Uint8Array | string, type: string, status = 200): Response =>
  new Response(body as BodyInit, { status, headers: { 'content-type': type, 'cache-control': 'no-store' } });

export function callHandlers(services: NodeServices): Record<CallOperation, Handler> {
  const { table, post, admission, desk, waits } = services;
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
      const answer = await desk.call(worker, {
        export: call.params['export'] ?? '',
        identity,
        traceparent,
        contentType,
        accepts,
        key: keyOf(request),
        waitMs: desk.waitMs(call.query['waitMs']),
        body: await readBody(call.bytes),
        signal: request.signal,
      });
      return answered(answer.body, answer.type, answer.status);
    },
    getInput: async (call) => {
      const worker = workerOf(call);
      const seq = Number(call.params['seq']);
      const known = await post.store.outcomeOf(worker.name, seq);
      if (known === undefined) {
        throw new PluvioError('INPUT_NOT_FOUND', `worker "${worker.name}" has no input ${seq} (any more)`, { seq });
      }
      if (known.outcome !== null) return inputState(seq, decodeEnd(known.outcome));
      const end = await waitFor(worker.inputs.end(seq), call, 0);
      return end === undefined ? { seq, state: 'pending', outcome: null } : inputState(seq, end);
    },
    sendMessage: async (call) => {
      const worker = workerOf(call);
      admission.check();
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
      if (end === undefined) return Response.json({ seq, state: 'pending' }, { status: 202 });
      const given = replyOf(end);
      if (given !== null && !given.ok) throw new PluvioError('CALL_FAILED', given.message, { outcome: 'replied' });
      return answered(given?.body ?? NO_BYTES, MEDIA.octets);
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
