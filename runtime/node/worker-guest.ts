/**
 * What the engine's side of a worker asks of its node and tells it.
 *
 * Boundary: between the engine's protocol and the worker; what a guest asks for was checked against its grants by the host ABI.
 *
 * Invariants:
 * 1. A question of a guest is answered or abandoned; it is never rejected.
 * 2. A message that somebody waits for is journalled before it is sent, with a key that is the same if it is asked again.
 */
import { callFailed, PluvioError } from '../errors/index.ts';
import type { Answer, Ask, Effect, FetchRequest, InputInfo, LogEntry, SettledInput } from '../host/index.ts';
import type { AnswerPiece } from './answer-stream.ts';
import type { HostedWorker } from './hosted-worker.ts';
import { decodeEnd, type InputEnd } from './input-end.ts';
import { inSpan } from './metrics/tracing.ts';
import type { OutputPiece } from './threads/engine-protocol.ts';
import type { EngineWorker, EngineWorkerOwner } from './threads/engine-worker.ts';
import { effectKey, jsonInfo, senderOf, storedEffect } from './worker-effects.ts';
import type { WorkerServices } from './worker-services.ts';

/** Sends an HTTP request to an address that the scopes cover; never rejects. */
export type FetchOutbound = (
  request: FetchRequest,
  body: Uint8Array,
  asked: {
    readonly scopes: readonly string[];
    readonly bodyMaxBytes: number;
    readonly timeoutMs?: number;
    readonly idempotencyKey?: string;
    readonly signal: AbortSignal;
  },
) => Promise<Answer>;

const LEVELS = { trace: 'debug', debug: 'debug', info: 'info', warn: 'warn', error: 'error' } as const;

export class WorkerGuest implements EngineWorkerOwner {
  readonly #services: WorkerServices;
  readonly #worker: HostedWorker;
  readonly #asked = new Map<number, AbortController>();

  constructor(services: WorkerServices, worker: HostedWorker) {
    this.#services = services;
    this.#worker = worker;
  }

  /** Whether this is what serves that worker of an engine. */
  serves(engine: EngineWorker): boolean {
    return engine.owner === this;
  }

  output({ stream, bytes }: OutputPiece): void | Promise<void> {
    return this.#worker.log.write(stream, bytes);
  }

  input(signal: AbortSignal): Promise<Uint8Array | null> {
    return this.#worker.side.stdin.next(signal);
  }

  answerWritten(piece: AnswerPiece): void {
    const { current } = this.#worker.inputs;
    if (current !== undefined) this.#worker.inputs.listenerOf(current)?.written?.(piece);
  }

  stateChanged(): void {
    this.#worker.touched();
    this.#worker.inputs.pump();
  }

  lost(): void {
    for (const abort of this.#asked.values()) abort.abort();
    this.#worker.engineLost(this);
  }

  effect(effect: Effect): void {
    this.#worker.touched();
    if (effect.kind === 'send' && !this.#services.reaches(this.#worker.record.tenant, effect.to)) {
      const { inputSeq, to } = effect;
      return this.logEntry({ level: 'error', message: 'a message was refused', fields: { to }, inputSeq });
    }
    this.#worker.commits.add(storedEffect(this.#worker.record, this.#traced(effect)));
  }

  /** What is sent goes on in a span of its own. */
  #traced(effect: Effect): Effect {
    const { tracing } = this.#services;
    if (effect.traceparent === undefined || (effect.kind !== 'send' && effect.kind !== 'publish')) return effect;
    const to = effect.kind === 'send' ? { 'pluvio.to': effect.to } : { 'pluvio.topic': effect.topic };
    const attributes = { 'pluvio.worker': this.#worker.name, ...to };
    const span = tracing.start(effect.kind, { parent: effect.traceparent, kind: 'producer', attributes });
    span.end();
    return { ...effect, traceparent: span.traceparent ?? effect.traceparent };
  }

  messageOver({ seq }: SettledInput): Promise<void> {
    return this.#worker.messageOver(seq);
  }

  limited(scope: 'worker' | 'tenant', limit: string): void {
    const {
      record: { name, tenant },
      live,
    } = this.#worker;
    if (live === undefined) return;
    const { metrics, quotas } = this.#services;
    if (scope === 'worker') metrics.workerLimitReached({ worker: name, tenant, limit });
    quotas.reached({ name, tenant }, scope, limit, live.program.bundle.manifest);
  }

  logEntry({ level, message, fields, traceparent }: LogEntry): void {
    const line = `${JSON.stringify({ level, message, ...fields, ...(traceparent === undefined ? {} : { traceparent }) })}\n`;
    void this.#worker.log.write('stderr', Buffer.from(line, 'utf8'));
    this.#services.logger.log(LEVELS[level], message, { worker: this.#worker.name });
  }

  abandon(ask: number): void {
    this.#asked.get(ask)?.abort();
    this.#asked.delete(ask);
  }

  async ask(ask: Ask): Promise<Answer> {
    const abort = new AbortController();
    this.#asked.set(ask.ask, abort);
    try {
      return await this.#answer(ask, abort.signal);
    } catch (error) {
      return { ok: false, code: codeOf(error), message: error instanceof Error ? error.message : String(error) };
    } finally {
      this.#asked.delete(ask.ask);
    }
  }

  async #answer(ask: Ask, signal: AbortSignal): Promise<Answer> {
    switch (ask.kind) {
      case 'checkpoint':
        await this.#worker.checkpoint();
        return { ok: true };
      case 'fetch': {
        const { request, body, bodyMaxBytes, traceparent, dueMs } = ask;
        const scopes = this.#worker.live?.program.bundle.manifest.capabilities?.['http.outbound'] ?? [];
        const traced = traceparent === undefined ? [] : [['traceparent', traceparent] as const];
        return this.#services.fetchOutbound({ ...request, headers: [...request.headers, ...traced] }, body, {
          scopes,
          bodyMaxBytes,
          signal,
          ...(request.repeatable ? { idempotencyKey: effectKey(this.#worker.record, ask) } : {}),
          ...(dueMs === null ? {} : { timeoutMs: Math.max(1, dueMs - this.#services.clock.now()) }),
        });
      }
      case 'call': {
        const attributes = { 'pluvio.worker': this.#worker.name, 'pluvio.to': ask.to };
        const options = { parent: ask.traceparent, kind: 'client', attributes } as const;
        if (ask.traceparent === undefined) return this.#call(ask, signal);
        return inSpan(this.#services.tracing, 'call', options, ({ traceparent }) =>
          this.#call({ ...ask, ...(traceparent === undefined ? {} : { traceparent }) }, signal),
        );
      }
    }
  }

  async #call(ask: Ask & { readonly kind: 'call' }, signal: AbortSignal): Promise<Answer> {
    const { post, find, reaches } = this.#services;
    const target = reaches(this.#worker.record.tenant, ask.to) ? find(ask.to) : undefined;
    if (target === undefined) return { ok: false, code: 'NOT_FOUND', message: `there is no worker "${ask.to}"` };
    target.requireOpen();
    const key = effectKey(this.#worker.record, ask);
    const info: InputInfo = {
      id: key,
      kind: 'message',
      ...senderOf(this.#worker.record),
      reply: true,
      ...(ask.dueMs === null ? {} : { deadlineMs: ask.dueMs }),
      ...(ask.traceparent === undefined ? {} : { traceparent: ask.traceparent }),
    };
    const { seq, known } = await post.append(ask.to, { kind: 'message', key, body: ask.body, info: jsonInfo(info) });
    if (known?.outcome) return answerOf(ask.to, decodeEnd(known.outcome));
    const ended = target.inputs.end(seq);
    target.arrived();
    const aborted = new Promise<'aborted'>((resolve) =>
      signal.addEventListener('abort', () => resolve('aborted'), { once: true }),
    );
    const first = await Promise.race([ended, aborted]);
    return first === 'aborted' ? { ok: false, code: 'CANCELLED' } : answerOf(ask.to, first);
  }
}

/** The end of a message as its sender gets it. */
function answerOf(worker: string, end: InputEnd): Answer {
  if (end.kind === 'call') {
    if (end.outcome.kind === 'returned') return { ok: true, body: end.output ?? new Uint8Array() };
    return { ok: false, code: 'FAILED', message: callFailed(worker, end.outcome).message };
  }
  const { reply } = end;
  if (reply === null) return { ok: true, body: new Uint8Array() };
  return reply.ok ? { ok: true, body: reply.body } : { ok: false, code: 'FAILED', message: reply.message };
}

function codeOf(error: unknown): Extract<Answer, { ok: false }>['code'] {
  const code = error instanceof PluvioError ? error.code : undefined;
  if (code === 'WORKER_NOT_FOUND' || code === 'WORKER_MOVED') return 'NOT_FOUND';
  if (code === 'WORKER_ENDED' || code === 'WORKER_LOST' || code === 'WORKER_MOVING') return 'UNAVAILABLE';
  if (code === 'MAILBOX_FULL' || code === 'STORE_FULL') return 'QUOTA';
  return 'FAILED';
}
