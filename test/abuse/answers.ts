/** HTTP/1.1 answers read from raw bytes, and what is wrong with one. */
import { ERROR_CODES } from '../../runtime/errors/index.ts';
import { MEDIA } from '../../runtime/node/media-types.ts';

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Bytes that are no HTTP answer. */
export class AnswerFault extends Error {}

const HEAD_MAX_BYTES = 65_536;
/** Answers that have no body, whatever their headers say; and streams, whose end nobody waits for. */
const isBodiless = ({ status, headers }: Pick<Answer, 'status' | 'headers'>): boolean =>
  status < 200 || status === 204 || status === 304 || headers.get('content-type') === MEDIA.events;

/** Takes answers out of what has come in so far. */
export class AnswerReader {
  #bytes: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
  }

  get pendingBytes(): number {
    return this.#bytes.length;
  }

  /**
   * The next whole answer; undefined: more bytes are needed.
   * @param toHead The request was a HEAD.
   * @param toStream A good answer may have no end: its body is left.
   * @param ended No more bytes will come, so they end a body of unknown length.
   * @throws AnswerFault
   */
  next({ toHead = false, toStream = false, ended = false } = {}): Answer | undefined {
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end < 0) {
      if (this.#bytes.length > HEAD_MAX_BYTES) throw new AnswerFault('the head of an answer does not end');
      return undefined;
    }
    const head = readHead(this.#bytes.subarray(0, end).toString('latin1'));
    const start = end + 4;
    const body =
      toHead || (toStream && head.status < 300) || isBodiless(head)
        ? { bytes: Buffer.alloc(0), end: start }
        : readBody(this.#bytes, start, head.headers, ended);
    if (!body) return undefined;
    this.#bytes = this.#bytes.subarray(body.end);
    return { ...head, body: body.bytes };
  }
}

function readHead(text: string): Pick<Answer, 'status' | 'headers'> {
  const [line = '', ...lines] = text.split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(line)?.[1]);
  if (!(status >= 100 && status <= 599))
    throw new AnswerFault(`an answer begins with ${JSON.stringify(line.slice(0, 80))}`);
  const headers = new Map<string, string>();
  for (const field of lines) {
    const at = field.indexOf(':');
    if (at < 1) throw new AnswerFault(`an answer has the header line ${JSON.stringify(field.slice(0, 80))}`);
    headers.set(field.slice(0, at).toLowerCase(), field.slice(at + 1).trim());
  }
  return { status, headers };
}

interface Body {
  readonly bytes: Buffer;
  /** Where the next answer begins. */
  readonly end: number;
}

function readBody(bytes: Buffer, start: number, headers: Answer['headers'], ended: boolean): Body | undefined {
  if (headers.get('transfer-encoding') === 'chunked') return readChunks(bytes, start);
  const announced = headers.get('content-length');
  if (announced === undefined) return ended ? { bytes: bytes.subarray(start), end: bytes.length } : undefined;
  if (!/^\d+$/.test(announced)) throw new AnswerFault(`an answer has content-length ${JSON.stringify(announced)}`);
  const end = start + Number(announced);
  return bytes.length < end ? undefined : { bytes: bytes.subarray(start, end), end };
}

function readChunks(bytes: Buffer, start: number): Body | undefined {
  const chunks: Buffer[] = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const line = bytes.subarray(at, lineEnd).toString('latin1');
    if (!/^[0-9a-f]+$/i.test(line))
      throw new AnswerFault(`an answer has the chunk size ${JSON.stringify(line.slice(0, 80))}`);
    const length = parseInt(line, 16);
    const chunkEnd = lineEnd + 2 + length;
    if (bytes.length < chunkEnd + 2) return undefined;
    if (length === 0) return { bytes: Buffer.concat(chunks), end: chunkEnd + 2 };
    chunks.push(bytes.subarray(lineEnd + 2, chunkEnd));
    at = chunkEnd + 2;
  }
}

/**
 * What is wrong with an answer; undefined: nothing. A refusal must be problem+json with a code of the table and its status, and must not
 * be a fault of the node's own.
 */
export function faultOf({ status, headers, body }: Answer, toHead = false): string | undefined {
  if (status < 400 && status !== 308) return undefined;
  const type = headers.get('content-type') ?? 'no content type';
  if (type !== MEDIA.problem) return `${status} as ${type}`;
  if (toHead) return status === 500 ? '500' : undefined;
  let code: unknown;
  try {
    ({ code } = JSON.parse(body.toString('utf8')) as { code?: unknown });
  } catch {
    return `${status} with a body that is not JSON`;
  }
  if (typeof code !== 'string' || !Object.hasOwn(ERROR_CODES, code))
    return `${status} with code ${JSON.stringify(code)}`;
  const row = ERROR_CODES[code as keyof typeof ERROR_CODES]; // has it
  if (row.status !== status) return `${code} with status ${status} in place of ${row.status}`;
  // What may be tried again, or is beyond this host, is a refusal; the rest is a failure.
  return status >= 500 && !row.retryable && code !== 'UNSUPPORTED' ? `${status} ${code}` : undefined;
}
