/** wasi:http over the inputs and questions of the ABI: a component answers requests, and sends them, as guests of the ABI do. */
import type { HttpAnswer, HttpPort } from '../wasi2/http/http-port.ts';
import type { AbiContext } from './context.ts';
import { writeOutput } from './entry-output.ts';
import { SAFE_TO_REPEAT } from './http-data.ts';
import type { Entry } from './inputs.ts';
import { traceOf } from './mailbox-calls.ts';
import type { Answer } from './types.ts';

export interface AbiHttpPort extends HttpPort {
  /** The body of the request in progress may have changed. */
  poke(): void;
}

const NOTHING = { bytes: new Uint8Array(), state: 'broken' } as const;

const CANCELLED = 'who sent the request that is answered has gone';

type Refusal = Extract<HttpAnswer, { ok: false }>;

const refuse = (reason: Refusal['reason'], message: string): Promise<Refusal> =>
  Promise.resolve({ ok: false, reason, message });

const REASONS: Readonly<Record<string, Refusal['reason']>> = {
  DENIED: 'denied',
  TOO_LARGE: 'too large',
  TIMEOUT: 'timeout',
  INTERRUPTED: 'interrupted',
};

function answerOf(answer: Answer): HttpAnswer {
  if (!answer.ok)
    return { ok: false, reason: REASONS[answer.code] ?? 'failed', message: answer.message ?? answer.code };
  const { head = { status: 200, headers: [] }, body = new Uint8Array() } = answer;
  return { ok: true, head, body };
}

export function createHttpPort(abi: AbiContext): AbiHttpPort {
  const { inputs, limits, services, grants, waits, fetchRate } = abi;
  let changed = Promise.withResolvers<void>();
  /** What gives up each request that has been sent, with the call that has sent it. */
  const underWay = new Map<() => void, Entry | undefined>();
  /** The answer, or that there is none since nobody waits for it. */
  const answered = (ask: number, answer: Promise<Answer>, signal: AbortSignal): Promise<HttpAnswer> =>
    new Promise((resolve) => {
      const giveUp = (): void => {
        underWay.delete(giveUp);
        services.abandon(ask);
        resolve({ ok: false, reason: 'interrupted', message: CANCELLED });
      };
      underWay.set(giveUp, inputs.entry);
      signal.addEventListener('abort', giveUp, { once: true });
      const found = answer.then(answerOf, (error: unknown) => refuse('failed', String(error)));
      void found.then((each) => {
        if (underWay.delete(giveUp)) resolve(each);
      });
    });
  return {
    poke: () => {
      changed.resolve();
      changed = Promise.withResolvers();
      for (const [giveUp, entry] of underWay) if (entry?.cancelled === true) giveUp();
    },
    incoming: () => {
      const { kind, method = 'GET', url, headers = [] } = inputs.current?.info ?? {};
      return kind === 'http' && url !== undefined ? { method, url, headers } : undefined;
    },
    body: () => {
      const { current, openBody } = inputs;
      if (current === undefined) return NOTHING;
      const state = openBody?.of !== current ? 'whole' : current.cancelled ? 'broken' : 'open';
      return { bytes: current.body, state };
    },
    bodyChanged: () => changed.promise,
    head: (head) => {
      if (inputs.entry !== undefined) inputs.entry.head = head;
    },
    get room() {
      return inputs.entry?.cancelled !== false ? 0 : limits.outputBytes - inputs.entry.output.sizeBytes;
    },
    write: (bytes) => {
      if (inputs.entry !== undefined) writeOutput(inputs.entry, bytes, services);
    },
    nextNumber: () => inputs.nextNumber(),
    answerMaxBytes: limits.fetchBodyBytes,
    fetch: ({ request, body, number, again, timeoutMs, answerMaxBytes, signal }) => {
      if (!grants.covers('http.outbound', request.url)) return refuse('denied', `${request.url} is not granted`);
      if (inputs.isCancelled) return refuse('interrupted', CANCELLED);
      if (again && !SAFE_TO_REPEAT.has(request.method)) return refuse('interrupted', 'it may have been sent before');
      if (!again && fetchRate.tryUse(1) > 0) {
        services.limited?.('fetchesPerSecond');
        return refuse('denied', `there were more than ${limits.fetchesPerSecond} requests in a second`);
      }
      const ask = waits.nextNumber();
      const answer = services.ask({
        kind: 'fetch',
        request: { ...request, repeatable: false },
        body,
        bodyMaxBytes: answerMaxBytes,
        ...number,
        ask,
        again,
        dueMs: timeoutMs === null ? null : services.now() + timeoutMs,
        ...traceOf(abi),
      });
      return answered(ask, answer, signal);
    },
  };
}
