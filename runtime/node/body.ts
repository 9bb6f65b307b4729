import { PluvioError } from '../errors/index.ts';

/** A body has more bytes than it may. */
export const tooLarge = (limitBytes: number): PluvioError =>
  new PluvioError('BODY_TOO_LARGE', `the request body exceeds the limit of ${limitBytes} bytes`, { limitBytes });

/**
 * The body of a request piece by piece.
 * @throws PluvioError `BODY_TOO_LARGE` as soon as it is known to exceed the limit, `ABORTED` the caller hung up
 */
export async function* boundedBody(request: Request, limitBytes: number): AsyncGenerator<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes) throw tooLarge(limitBytes);
  if (!request.body) return;
  let length = 0;
  for await (const chunk of received(request.body)) {
    length += chunk.length;
    if (length > limitBytes) throw tooLarge(limitBytes);
    yield chunk;
  }
}

/**
 * The whole body of a request, in a buffer of its own. One that says its length is not made a stream of.
 * @throws PluvioError as `boundedBody`
 */
export async function readBounded(request: Request, limitBytes: number): Promise<Uint8Array> {
  const said = request.headers.get('content-length');
  if (said === null) return readBody(boundedBody(request, limitBytes));
  if (Number(said) > limitBytes) throw tooLarge(limitBytes);
  try {
    return new Uint8Array(await request.arrayBuffer());
  } catch (cause) {
    throw cutOff(cause);
  }
}

/** Whether a request comes with a body, as its headers say. */
export const hasBody = ({ headers }: Request): boolean =>
  headers.has('transfer-encoding') || Number(headers.get('content-length') ?? 0) > 0;

/** The caller hung up in the middle of its body. */
export const cutOff = (cause?: unknown): PluvioError =>
  new PluvioError('ABORTED', 'the request ended before its body did', {}, { cause });

/** The chunks that come; what fails while they are read is the connection. */
async function* received(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await read(reader);
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined); // a connection that is gone cannot be told
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read();
  } catch (cause) {
    throw cutOff(cause);
  }
}

/** All of a bounded body, in a buffer of its own: what is posted to a thread takes its whole buffer along. */
export async function readBody(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
