/** Requests whose body and answer are bytes, as they are or as JSON, however long the answer takes. */
import { PluvioError } from '../../runtime/errors/index.ts';
import { inputRequest } from './inputs.ts';
import { pause, type Transport } from './transport.ts';

export const BYTES_TYPE = 'application/octet-stream';
export const JSON_TYPE = 'application/json';
const MOVING_PAUSE_MS = 200;

export interface BytesRequest {
  readonly path: string;
  readonly body: Uint8Array | string | ReadableStream<Uint8Array>;
  /** Default: bytes. */
  readonly contentType?: string;
  readonly key: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly query: Readonly<Record<string, boolean | number | undefined>>;
}

/** The answer, once there is one. */
export async function wholeAnswer(transport: Transport, name: string, request: BytesRequest): Promise<Response> {
  let response = await sendBytes(transport, request);
  if (response.status !== 202) return response;
  const { input } = (await response.json()) as { input: string }; // as the API says
  do {
    response = await transport.send({
      ...inputRequest(name, input),
      accept: BYTES_TYPE,
      signal: request.signal,
    });
  } while (response.headers.get('content-type') !== BYTES_TYPE && (await response.arrayBuffer())); // it is not over yet
  return response;
}

/** A worker on its way has taken nothing: what it is sent is sent again. */
export async function sendBytes(
  transport: Transport,
  { path, body, contentType = BYTES_TYPE, key, signal, query }: BytesRequest,
): Promise<Response> {
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
      return await transport.send(request);
    } catch (error) {
      if (contentType !== JSON_TYPE || !(error instanceof PluvioError && error.code === 'WORKER_MOVING')) throw error;
      await pause(MOVING_PAUSE_MS, transport.signalOf(signal));
    }
  }
}
