/** The thread of a store. It opens the core, tells how that went, then executes groups until it is told to close. */
import { parentPort, workerData } from 'node:worker_threads';
import { assert, type EncodedError, PluvioError } from '../../errors/index.ts';
import type { StoreAnswer, StoreRequest } from './core.ts';
import { type CoreOptions, openCore, type OpenedCore } from './open-core.ts';
import { storeError } from './sqlite-errors.ts';
import type { OpenReport } from './store-link.ts';

/** To the thread. */
export type ThreadRequest =
  | {
      readonly kind: 'execute';
      readonly id: number;
      readonly nowMs: number;
      readonly requests: readonly StoreRequest[];
    }
  | { readonly kind: 'close'; readonly id: number };

/** From the thread. */
export type ThreadAnswer =
  | { readonly kind: 'opened'; readonly report: OpenReport }
  | { readonly kind: 'refused'; readonly error: EncodedError }
  | {
      readonly kind: 'done';
      readonly id: number;
      readonly answers: readonly StoreAnswer[];
      readonly fatal?: EncodedError;
    };

/** Smaller buffers are cheaper copied. */
const GIVEN_BYTES = 16 * 1024;

const port = parentPort;
assert(port, 'this module runs in a thread of its own');
const options = workerData as CoreOptions; // made by `openThread`

const answer = (message: ThreadAnswer, give: ArrayBuffer[] = []): void => port.postMessage(message, give);

function open(): OpenedCore | undefined {
  try {
    return openCore(options);
  } catch (error) {
    answer({ kind: 'refused', error: storeError(error, options.path).toJSON() });
    return undefined;
  }
}

/** Buffers of results: SQLite made them for this answer alone. */
function buffersOf(value: unknown, found: Set<ArrayBuffer>): void {
  if (value instanceof Uint8Array) {
    if (
      value.buffer instanceof ArrayBuffer &&
      value.length >= GIVEN_BYTES &&
      value.length === value.buffer.byteLength
    ) {
      found.add(value.buffer);
    }
  } else if (Array.isArray(value)) for (const item of value) buffersOf(item, found);
  else if (typeof value === 'object' && value !== null) buffersOf(Object.values(value), found);
}

const opened = open();
if (opened) {
  const { core, report } = opened;
  port.on('message', (message: ThreadRequest) => {
    if (message.kind === 'close') {
      core.close();
      // Whoever asked ends the thread: a port cannot be closed from here in Deno.
      answer({ kind: 'done', id: message.id, answers: [] });
      return;
    }
    const answers = core.execute(message.requests, message.nowMs);
    const buffers = new Set<ArrayBuffer>();
    buffersOf(answers, buffers);
    const fatal = core.fatal instanceof PluvioError ? { fatal: core.fatal.toJSON() } : {};
    answer({ kind: 'done', id: message.id, answers, ...fatal }, [...buffers]);
  });
  answer({ kind: 'opened', report });
}
