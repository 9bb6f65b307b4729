/**
 * Calls of exports from outside: journalled where the worker or the caller wants it, then waited for.
 *
 * Boundary: from a checked request to the end of the call; how values travel is the caller's.
 */
import { PluvioError } from '../errors/index.ts';
import type { InputInfo } from '../host/index.ts';
import type { JsonOutcome } from './api-types.ts';
import type { HostedWorker } from './hosted-worker.ts';
import { type CallBody, type CallEnd, decodeEnd, encodeCall, type InputEnd } from './input-end.ts';
import type { PostOffice } from './post-office.ts';
import type { Program } from './program.ts';
import { jsonInfo } from './worker-effects.ts';

export interface CallRequest extends CallBody {
  /** Repeating a call with the same key gives the first one's end. */
  readonly key: string | null;
  readonly info: Omit<InputInfo, 'id'>;
}

/** A call that has begun, or waits for its turn. */
export interface PlacedCall {
  /** Its number in the journal; 0: it is not there. */
  readonly seq: number;
  /** How it ended, or how it was stopped. */
  readonly ended: Promise<CallEnd>;
}

/** @throws PluvioError `EXPORT_NOT_FOUND`, `WORKER_ENDED`, `WORKER_LOST`, `WORKER_MOVING`, `MAILBOX_FULL`, and the store's codes */
export async function placeCall(
  post: PostOffice,
  worker: HostedWorker,
  program: Program,
  request: CallRequest,
): Promise<PlacedCall> {
  const { export: name, args, body, key, info } = request;
  if (!program.module.funcs.has(name)) {
    throw new PluvioError('EXPORT_NOT_FOUND', `worker "${worker.name}" has no exported function "${name}"`);
  }
  worker.inputs.checkRoom(worker.name);
  const call: CallBody = { export: name, args, body };
  const ended = Promise.withResolvers<CallEnd>();
  ended.promise.catch(() => undefined); // nobody may be left to hear it
  const listener = {
    ended: (end: CallEnd) => ended.resolve(end),
    halted: (outcome: JsonOutcome) => ended.resolve({ kind: 'call', outcome, output: null, head: null }),
    failed: (error: PluvioError) => ended.reject(error),
  };
  if (key === null && !worker.isDurable) {
    worker.submit({ seq: 0, info: { ...info, id: '' }, call, body, replayed: false, listener });
    return { seq: 0, ended: ended.promise };
  }
  const kind = info.kind === 'http' ? ('http' as const) : ('call' as const);
  const journalled = jsonInfo({ ...info, id: key ?? '', ...(kind === 'http' ? { export: name } : {}) });
  const { seq, known } = await post.append(worker.name, { kind, key, body: encodeCall(call), info: journalled });
  if (known?.outcome) return { seq, ended: Promise.resolve(callEndOf(decodeEnd(known.outcome))) };
  void worker.inputs.end(seq).then((end) => ended.resolve(callEndOf(end)), ended.reject);
  worker.inputs.listen(seq, { ...listener, ended: () => undefined }); // its end is told when it is durable, by its number
  if (worker.inputs.isNext(seq)) worker.submit({ seq, info: { ...info, id: key ?? '' }, call, body, replayed: false });
  else worker.arrived();
  return { seq, ended: ended.promise };
}

function callEndOf(end: InputEnd): CallEnd {
  if (end.kind === 'call') return end;
  return { kind: 'call', outcome: { kind: 'returned', values: [] }, output: null, head: null };
}
