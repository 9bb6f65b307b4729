/** Bodies of answers, read with limits on size and on silence. */
import { PluvioError } from '../../errors/index.ts';
import { concat } from '../memory-groups.ts';

export interface BodyLimits {
  /** More than this is an error with the code `BUNDLE_LIMIT`. */
  readonly maxBytes: number;
  /** Silence of that length is one. */
  readonly stallMs: number;
  /** What comes, for messages. */
  readonly what: string;
  /** The error of a body that ends too early. */
  readonly broken: (reason: string, cause?: unknown) => PluvioError;
}

/** The pieces of a body as they come. Leaving early, it ends the connection. */
export async function* bodyPieces(
  response: Response,
  { maxBytes, stallMs, what, broken }: BodyLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  let sizeBytes = 0;
  let isOver = false;
  try {
    for (;;) {
      const next = await within(reader, stallMs, broken);
      if (next.done) {
        isOver = true;
        return;
      }
      const piece: Uint8Array = next.value;
      sizeBytes += piece.byteLength;
      if (sizeBytes > maxBytes) {
        throw new PluvioError('BUNDLE_LIMIT', `${what} is longer than the ${maxBytes} bytes that are allowed`);
      }
      yield piece;
    }
  } finally {
    if (!isOver) void reader.cancel().catch(() => undefined);
  }
}

async function within(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  stallMs: number,
  broken: BodyLimits['broken'],
): Promise<ReadableStreamReadResult<Uint8Array>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(broken(`sent nothing for ${stallMs} ms`)), stallMs);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } catch (cause) {
    throw cause instanceof PluvioError ? cause : broken('broke off', cause);
  } finally {
    clearTimeout(timer);
  }
}

/** The whole body. */
export async function readWhole(response: Response, limits: BodyLimits): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bodyPieces(response, limits)) pieces.push(piece);
  return concat(pieces);
}
