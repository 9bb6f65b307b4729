/**
 * Answers that are streams: a chunk is taken from the source when the reader wants one.
 *
 * Invariants:
 * 1. A reader that wants nothing for `stallMs` has given the stream up: it ends with `STREAM_STALLED`, and the connection with it. A source that
 *    has nothing is waited for without end.
 * 2. However a stream ends, its source is ended and `over` is called once.
 */
import { PluvioError } from '../errors/index.ts';
import type { Clock } from './clock.ts';

export interface PullRules {
  readonly clock: Clock;
  readonly stallMs: number;
  /** Told when a reader was given up. */
  readonly stalled?: () => void;
}

export function pulledStream(
  source: AsyncIterator<Uint8Array, unknown>,
  { clock, stallMs, stalled }: PullRules,
  over: () => void | Promise<void> = () => undefined,
): ReadableStream<Uint8Array> {
  let isOver = false;
  let calm: () => void = () => undefined;
  /** Since when the reader is to take more; undefined: the source is asked. */
  let owedFromMs: number | undefined = clock.monotonicMs();
  const end = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    calm();
    await over();
  };
  const giveUp = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    stalled?.();
    const message = `the reader of the stream took nothing for ${stallMs} ms, the limit`;
    controller.error(new PluvioError('STREAM_STALLED', message, { limit: 'stallMs', max: stallMs }));
    await end();
    await source.return?.();
  };
  const watch = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const leftMs = owedFromMs === undefined ? stallMs : owedFromMs + stallMs - clock.monotonicMs();
    if (leftMs > 0) calm = clock.alarm(leftMs, () => watch(controller));
    else giveUp(controller).catch((error: unknown) => controller.error(error));
  };
  return new ReadableStream<Uint8Array>(
    {
      start: watch,
      pull: async (controller) => {
        owedFromMs = undefined;
        try {
          const next = await source.next();
          if (isOver) return;
          owedFromMs = clock.monotonicMs();
          if (next.done !== true) return controller.enqueue(next.value);
          await end();
          controller.close();
        } catch (error) {
          await end();
          throw error;
        }
      },
      cancel: async () => {
        await end();
        await source.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
