import { PluvioError } from '../../runtime/errors/index.ts';
import type { LogEntry, WorkerStatus } from '../../runtime/node/api-types.ts';
import { readServerEvents } from './server-events.ts';
import { pause, type Transport } from './transport.ts';

/** Which output of a worker is wanted, and whether what is to come. */
export interface LogOptions {
  /** Goes on until the worker ends. Default: false. */
  readonly follow?: boolean;
  /** Only pieces with a higher number. */
  readonly after?: number;
  readonly stream?: 'stdout' | 'stderr';
  readonly signal?: AbortSignal;
}

/** One piece of output; numbers rise by one per worker, across moves, and a gap means that pieces were dropped. */
export interface LogPiece {
  readonly seq: number;
  readonly stream: 'stdout' | 'stderr';
  readonly timeMs: number;
  readonly bytes: Uint8Array;
}

const FIRST_PAUSE_MS = 200;

/** Reads a log and takes it up again after the last number when the connection breaks or the worker moves. */
export async function* readLogs(transport: Transport, path: string, options: LogOptions): AsyncGenerator<LogPiece> {
  const { follow = false, stream } = options;
  const signal = transport.signalOf(options.signal);
  let after = options.after ?? 0;
  for (let failures = 0; ;) {
    const response = await transport.send({
      method: 'GET',
      path,
      query: { follow, after, stream },
      accept: 'text/event-stream',
      signal,
    });
    let status: WorkerStatus | 'gone' | undefined;
    try {
      if (!response.body) return;
      for await (const { event, data } of readServerEvents(response.body)) {
        if (event === 'end') status = (JSON.parse(data) as { status: WorkerStatus | 'gone' }).status;
        else {
          const piece = pieceOf(JSON.parse(data) as LogEntry);
          after = piece.seq;
          failures = 0;
          yield piece;
        }
      }
    } catch (cause) {
      if (signal?.aborted) throw new PluvioError('ABORTED', 'the caller aborted the request', {}, { cause });
    }
    if (status !== undefined && (!follow || status === 'ended' || status === 'lost')) return;
    // Gone: it moved, and the next request is shown the way; or it was deleted, and the next request says so.
    if (status === undefined && failures++ >= transport.retries) {
      throw new PluvioError('NODE_UNREACHABLE', `GET ${path}: the stream broke off after number ${after}`, { after });
    }
    if (status === undefined) await pause(FIRST_PAUSE_MS * 2 ** (failures - 1), signal);
  }
}

function pieceOf({ seq, stream, timeMs, text, base64 }: LogEntry): LogPiece {
  const bytes =
    base64 === undefined
      ? new TextEncoder().encode(text ?? '')
      : Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  return { seq, stream, timeMs, bytes };
}
