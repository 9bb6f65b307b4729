/**
 * Requests on their way out.
 *
 * Invariants:
 * 1. Room for the largest answer is taken before a request is sent, so what comes fits. One that finds none waits until an answer
 *    has come or was given up; if none is under way it is sent with what room there is.
 * 2. A request that nobody holds any more is broken off.
 */
import type { Wasi2Context } from '../context.ts';
import type { HttpAnswer, HttpPort } from './http-port.ts';
import type { FutureResponse } from './http-resources.ts';

/** Of the head of an answer, as it is kept. */
const HEAD_BYTES = 65_536;

type SendingContext = Pick<Wasi2Context, 'http' | 'holdings' | 'changes'>;

export class Sending {
  readonly #wasi: SendingContext;
  readonly #underWay = new Set<FutureResponse>();
  /** Those that wait for room, in order. */
  readonly #queue = new Set<FutureResponse>();

  constructor(wasi: SendingContext) {
    this.#wasi = wasi;
  }

  /** Whether what is under way will make room. */
  get makesRoom(): boolean {
    return this.#underWay.size > 0;
  }

  /** Sends a request whose body is finished, unless it was. */
  send(future: FutureResponse): void {
    const { http, holdings } = this.#wasi;
    const { body, answer, sent } = future;
    if (http === undefined || answer !== undefined || sent !== undefined || body?.finished === false) return;
    const wanted = http.answerMaxBytes + HEAD_BYTES;
    const room = this.#roomForAnswers();
    if (wanted > room && this.#underWay.size > 0) {
      this.#queue.add(future);
      return;
    }
    this.#queue.delete(future);
    this.#underWay.add(future);
    future.reservedBytes = Math.min(wanted, room);
    holdings.recount(future);
    this.#begin(http, future);
  }

  /** Half of the limit is the guest's own: it can go on while answers are under way. */
  #roomForAnswers(): number {
    const { freeBytes, maxBytes } = this.#wasi.holdings;
    const reserved = [...this.#underWay].reduce((sum, { reservedBytes }) => sum + reservedBytes, 0);
    return Math.min(freeBytes, Math.max(0, maxBytes / 2 - reserved));
  }

  #begin(http: HttpPort, future: FutureResponse): void {
    const { request, body, number, again, timeoutMs, reservedBytes } = future;
    const abort = new AbortController();
    future.sent = abort;
    const answerMaxBytes = Math.min(http.answerMaxBytes, reservedBytes);
    const bytes = body?.held.joined() ?? new Uint8Array();
    void http
      .fetch({ request, body: bytes, number, again, timeoutMs, answerMaxBytes, signal: abort.signal })
      .then((answer) => this.#answered(future, answer));
  }

  #answered(future: FutureResponse, answer: HttpAnswer): void {
    if (!this.#underWay.delete(future)) return; // given up
    const { holdings, changes } = this.#wasi;
    const reserved = future.reservedBytes;
    const take = (): void => {
      future.reservedBytes = 0;
      future.answer = answer;
    };
    const leave = (): void => {
      future.reservedBytes = reserved;
      future.answer = undefined;
    };
    if (!holdings.change(future, take, leave)) {
      future.reservedBytes = 0;
      future.answer = { ok: false, reason: 'too large', message: '' };
      holdings.recount(future);
    }
    this.next();
    changes.ring();
  }

  /** Nobody holds it any more. */
  giveUp(future: FutureResponse): void {
    this.#queue.delete(future);
    if (!this.#underWay.delete(future)) return;
    future.sent?.abort();
    this.next();
  }

  /** Sends what waits for room. */
  next(): void {
    for (const future of [...this.#queue]) {
      this.send(future);
      if (future.sent === undefined) return;
    }
  }

  /** The worker is closed, or takes up another state. */
  clear(): void {
    this.#underWay.clear();
    this.#queue.clear();
  }
}
