/**
 * Calls of exports from outside: journalled where the worker or the caller wants it, then waited for.
 *
 * Boundary: from a checked request to the end of the call; how values travel is the caller's.
 */
import { nanoid } from 'nanoid';
import { callFailed, PluvioError } from '../errors/index.ts';
import type { InputInfo, Reply } from '../host/index.ts';
import type { AnswerPiece, AnswerStream } from './answer-stream.ts';
import type { JsonOutcome } from './api-types.ts';
import type { HostedWorker } from './hosted-worker.ts';
import type { IncomingBody } from './incoming-body.ts';
import { type CallBody, type CallEnd, decodeEnd, encodeCall, type InputEnd } from './input-end.ts';
import type { PostOffice } from './post-office.ts';
import type { Program } from './program.ts';
import { jsonInfo } from './worker-effects.ts';

export interface CallRequest extends CallBody {
  /** Repeating a call with the same key gives the first one's end. */
  readonly key: string | null;
  readonly info: Omit<InputInfo, 'id'>;
  /** Gets the output as it is written; how the call ends it is told, too. */
  readonly stream?: AnswerStream | undefined;
  /** The body, where the guest reads it while it comes: only for a call that is not journalled. */
  readonly incoming?: IncomingBody | undefined;
}

/** Names of calls that no journal has: of this process alone. */
const REF_PREFIX = `c${nanoid(8)}-`;
let nextRef = 1;

/** A call was taken when it was lost sight of: it may have done something, or goes on elsewhere. */
export class BegunError extends PluvioError {
  constructor(reason: PluvioError) {
    super(reason.code, reason.message, reason.details, { cause: reason.cause });
  }
}

/** A call that has begun, or waits for its turn. */
export interface PlacedCall {
  /** What it is named by: its number in the journal, or a name for one that is not there. */
  readonly ref: string;
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
  const { export: name, args, body, key, info, stream, incoming } = request;
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
    failed: (error: PluvioError, begun: boolean) => ended.reject(begun ? new BegunError(error) : error),
    ...(stream === undefined ? {} : { written: (piece: AnswerPiece) => stream.write(piece) }),
  };
  if (stream !== undefined) followWith(stream, worker.name, ended.promise);
  if (key === null && !worker.isDurable) {
    const ref = `${REF_PREFIX}${nextRef++}`;
    const taken = { ref, info: { ...info, id: '' }, call, body, listener };
    worker.submit({ seq: 0, replayed: false, ...taken, ...(incoming === undefined ? {} : { incoming }) });
    void incoming?.failed.then((error) => ended.reject(new BegunError(error)));
    return { ref, ended: ended.promise };
  }
  const kind = info.kind === 'http' ? ('http' as const) : ('call' as const);
  const journalled = jsonInfo({ ...info, id: key ?? '', ...(kind === 'http' ? { export: name } : {}) });
  const { seq, known } = await post.append(worker.name, { kind, key, body: encodeCall(call), info: journalled });
  const ref = String(seq);
  if (known?.outcome) return { ref, ended: Promise.resolve(callEndOf(decodeEnd(known.outcome))) };
  void worker.inputs.end(seq).then(
    (end) => ended.resolve(callEndOf(end)),
    // It is in the journal, wherever that is now.
    (error: PluvioError) => ended.reject(new BegunError(error)),
  );
  worker.inputs.listen(seq, { ...listener, ended: () => undefined }); // its end is told when it is durable, by its number
  const input = { seq, ref, info: { ...info, id: key ?? '' }, call, body, replayed: false };
  if (worker.inputs.isNext(seq)) worker.submit(input);
  else worker.arrived();
  return { ref, ended: ended.promise };
}

/** A stream ends as its call does. */
function followWith(stream: AnswerStream, worker: string, ended: Promise<CallEnd>): void {
  ended.then(
    ({ outcome, output }) => {
      if (outcome.kind === 'returned') stream.end(output ?? new Uint8Array());
      else stream.fail(callFailed(worker, outcome));
    },
    (error: unknown) => stream.fail(error),
  );
}

/** What those get who wait for the reply to a message that its worker could not give; null: it has not failed. */
export function failedReply(worker: string, outcome: JsonOutcome): Extract<Reply, { readonly ok: false }> | null {
  const isWell = outcome.kind === 'returned' || (outcome.kind === 'exited' && outcome.code === 0);
  return isWell ? null : { ok: false, message: callFailed(worker, outcome).message };
}

function callEndOf(end: InputEnd): CallEnd {
  if (end.kind === 'call') return end;
  return { kind: 'call', outcome: { kind: 'returned', values: [] }, output: null, head: null };
}
