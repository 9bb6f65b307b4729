/** HTTP requests and checkpoints. */
import type { Pending } from '../../engine/pending.ts';
import type { HostCallsOf } from './call-types.ts';
import type { AbiContext } from './context.ts';
import { fail } from './error-codes.ts';
import { readFetchRequest, SAFE_TO_REPEAT } from './http-data.ts';
import type { JsonObject } from './json-object.ts';
import { questionWait, refused, traceOf } from './mailbox-calls.ts';
import { encodeJson } from './registers.ts';

function fetch(abi: AbiContext, json: JsonObject, body: Uint8Array): number | Pending {
  const { services, waits, registers, limits, grants, fetchRate } = abi;
  const { request, timeoutMs } = readFetchRequest(json);
  if (!grants.covers('http.outbound', request.url)) fail('DENIED');
  // One that is under way and executed again was counted before.
  if (!waits.isResumed && fetchRate.tryUse(1) > 0) {
    services.limited?.('fetchesPerSecond');
    fail('QUOTA');
  }
  const bodyMaxBytes = limits.fetchBodyBytes;
  const wait = questionWait(abi, timeoutMs, (record, isRestored) => {
    if (isRestored && !request.repeatable && !SAFE_TO_REPEAT.has(request.method)) fail('INTERRUPTED');
    const answer = waits.answerTo(record, isRestored, {
      kind: 'fetch',
      request,
      body,
      bodyMaxBytes,
      ...traceOf(abi),
    });
    if (answer === undefined) return undefined;
    if (!answer.ok) return refused(abi, answer);
    const { head = { status: 200, headers: [] }, body: fetched = new Uint8Array() } = answer;
    const encoded = encodeJson({ ...head, bodyBytes: fetched.length });
    if (fetched.length > bodyMaxBytes || encoded.length > limits.headBytes) fail('TOO_LARGE');
    registers.fetchBody = fetched;
    return registers.setBytes(encoded);
  });
  return waits.run('fetch', wait);
}

function checkpoint(abi: AbiContext): number | Pending {
  const { waits, inputs } = abi;
  return waits.run('checkpoint', {
    begin: () => ({ dueMs: null, number: inputs.nextNumber() }),
    attempt: (record, isRestored) => {
      if (isRestored) return 0;
      const answer = waits.answerTo(record, false, { kind: 'checkpoint', ...traceOf(abi) });
      return answer && (answer.ok ? 0 : refused(abi, answer));
    },
  });
}

export const OUTSIDE_CALLS = {
  http_fetch: fetch,
  fetch_body_length: ({ registers }) => (registers.fetchBody ?? fail('NOT_FOUND')).length,
  fetch_body_read: ({ registers }, buffer, offset) =>
    buffer.fill((registers.fetchBody ?? fail('NOT_FOUND')).subarray(offset)),
  checkpoint,
} as const satisfies HostCallsOf<'http_fetch' | 'fetch_body_length' | 'fetch_body_read' | 'checkpoint'>;
