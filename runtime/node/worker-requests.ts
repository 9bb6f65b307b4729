/** HTTP requests as inputs of a worker: a call where the route names an export, a message otherwise. */
import type { InputInfo } from '../host/index.ts';
import type { AnswerStream } from './answer-stream.ts';
import type { HostedWorker } from './hosted-worker.ts';
import type { IncomingBody } from './incoming-body.ts';
import { decodeEnd, type InputEnd } from './input-end.ts';
import type { PostOffice } from './post-office.ts';
import { placeCall } from './worker-calls.ts';
import { jsonInfo } from './worker-effects.ts';

export interface WorkerRequest {
  /** undefined: the guest takes it from its mailbox. */
  readonly export: string | undefined;
  readonly body: IncomingBody;
  /** Whether the body comes in parts, which an export may read as they come. */
  readonly comesInParts: boolean;
  readonly key: string | null;
  readonly info: Omit<InputInfo, 'id'>;
  /** Gets what an export writes as it does. */
  readonly stream: AnswerStream;
}

export interface PlacedRequest {
  /** What the worker knows it by. */
  readonly ref: string;
  readonly ended: Promise<InputEnd>;
}

/**
 * Gives a request to a worker; resolves, when it is accepted, with the promise of its end.
 * @throws PluvioError as `placeCall`
 */
export async function placeRequest(
  post: PostOffice,
  worker: HostedWorker,
  { export: name, body: incoming, comesInParts, key, info, stream }: WorkerRequest,
): Promise<PlacedRequest> {
  if (name !== undefined) {
    const program = worker.readyProgram ?? (await worker.program());
    const call = { export: name, args: [], key, info, stream };
    // What is journalled is needed whole.
    return comesInParts && key === null && !worker.isDurable && program.module.usesAbi
      ? placeCall(post, worker, program, { ...call, body: new Uint8Array(), incoming })
      : placeCall(post, worker, program, { ...call, body: await incoming.whole() });
  }
  const body = await incoming.whole();
  worker.inputs.checkRoom(worker.name);
  const journalled = jsonInfo({ ...info, id: key ?? '', reply: true });
  const { seq, known } = await post.append(worker.name, { kind: 'http', key, body, info: journalled });
  const ref = String(seq);
  if (known?.outcome) return { ref, ended: Promise.resolve(decodeEnd(known.outcome)) };
  const ended = worker.inputs.end(seq);
  worker.arrived();
  return { ref, ended };
}
