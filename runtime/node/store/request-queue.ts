/**
 * Requests on their way to the core, in groups: while groups are being done, what arrives waits and makes up the next one.
 *
 * Invariants:
 * 1. Requests are executed in the order of `ask`.
 * 2. At most `GROUPS_AT_ONCE` groups are on their way: one in its transaction, one that is ready when that ends.
 * 3. New work is refused when the limits are reached; what finishes work that was accepted always waits.
 */
import { decodeError, type ErrorCode, PluvioError } from '../../errors/index.ts';
import type { StoreRequest } from './core.ts';
import type { StoreLimits } from './limits.ts';
import type { Arguments, OperationName, Result } from './operations.ts';
import type { StoreLink } from './store-link.ts';

const GROUPS_AT_ONCE = 2;

interface Waiting {
  readonly request: StoreRequest;
  readonly sizeBytes: number;
  readonly give: readonly ArrayBuffer[];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: PluvioError) => void;
}

export interface AskOptions {
  readonly sizeBytes?: number;
  readonly give?: readonly ArrayBuffer[];
  /** Refused when the queue is full, and not added to it. */
  readonly isNewWork?: boolean;
}

export class RequestQueue {
  readonly #link: StoreLink;
  readonly #limits: StoreLimits;
  readonly #now: () => number;
  #waiting: Waiting[] = [];
  #groups = 0;
  #scheduled = false;
  #closed: PluvioError | undefined;
  #emptied: (() => void) | undefined;
  queuedRequests = 0;
  queuedBytes = 0;
  requests = 0;
  transactions = 0;
  failures = 0;

  constructor(link: StoreLink, limits: StoreLimits, now: () => number) {
    this.#link = link;
    this.#limits = limits;
    this.#now = now;
    void link.failed.then((reason) => this.#refuseAll(reason));
  }

  /** @throws PluvioError `STORE_BUSY`, `STORE_CLOSED`, and what the operation throws */
  ask<Name extends OperationName>(
    operation: Name,
    args: readonly [...Arguments<Name>],
    { sizeBytes = 0, give = [], isNewWork = false }: AskOptions = {},
  ): Promise<Result<Name>> {
    if (this.#closed) return Promise.reject(this.#closed);
    if (isNewWork && this.#isFull(sizeBytes)) return Promise.reject(this.#busy());
    this.queuedRequests++;
    this.queuedBytes += sizeBytes;
    this.requests++;
    return new Promise((resolve, reject) => {
      // The core answers a request with the result of its operation.
      const answered = resolve as (value: unknown) => void;
      this.#waiting.push({ request: { operation, args }, sizeBytes, give, resolve: answered, reject });
      this.#schedule();
    });
  }

  /** Refuses what is asked from now on; done when everything before is done. */
  close(): Promise<void> {
    this.#closed ??= new PluvioError('STORE_CLOSED', 'the store was closed');
    if (this.queuedRequests === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#emptied = resolve;
    });
  }

  #isFull(sizeBytes: number): boolean {
    const { queueRequests, queueBytes } = this.#limits;
    if (this.queuedRequests === 0) return false;
    return this.queuedRequests >= queueRequests || this.queuedBytes + sizeBytes > queueBytes;
  }

  #busy(): PluvioError {
    const message = `${this.queuedRequests} requests of ${this.queuedBytes} bytes wait for the store, its limit`;
    return new PluvioError('STORE_BUSY', message);
  }

  /** What is asked in one turn of the event loop travels together. */
  #schedule(): void {
    if (this.#scheduled || this.#groups >= GROUPS_AT_ONCE) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      while (this.#groups < GROUPS_AT_ONCE && this.#waiting.length > 0) this.#send(this.#nextGroup());
    });
  }

  #nextGroup(): Waiting[] {
    const { groupRequests, groupBytes } = this.#limits;
    let count = 0;
    let sizeBytes = 0;
    for (const waiting of this.#waiting) {
      if (count >= groupRequests || (count > 0 && sizeBytes + waiting.sizeBytes > groupBytes)) break;
      sizeBytes += waiting.sizeBytes;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  #send(group: readonly Waiting[]): void {
    this.#groups++;
    void this.#execute(group).then(() => {
      this.#groups--;
      this.#schedule();
      if (this.queuedRequests === 0) this.#emptied?.();
    });
  }

  async #execute(group: readonly Waiting[]): Promise<void> {
    const requests = group.map(({ request }) => request);
    const give = [...new Set(group.flatMap((waiting) => waiting.give))];
    this.transactions++;
    try {
      const answers = await this.#link.execute(requests, this.#now(), give);
      group.forEach((waiting, at) => this.#settle(waiting, answers[at]));
    } catch (error) {
      // Bytes that cannot travel (their buffer was given away before) are the fault of one request.
      const isOfOne = error instanceof DOMException && group.length > 1;
      if (isOfOne) for (const waiting of group) await this.#execute([waiting]);
      else for (const waiting of group) this.#fail(waiting, asStoreError(error));
    }
  }

  #settle(waiting: Waiting, answer: Awaited<ReturnType<StoreLink['execute']>>[number] | undefined): void {
    if (!answer) return this.#fail(waiting, new PluvioError('INTERNAL', 'the store gave too few answers'));
    if (!answer.ok) return this.#fail(waiting, decodeError(answer.error));
    this.#gone(waiting);
    waiting.resolve(answer.value);
  }

  #fail(waiting: Waiting, error: PluvioError): void {
    this.#gone(waiting);
    if (COUNTED.has(error.code)) this.failures++;
    waiting.reject(error);
  }

  #gone({ sizeBytes }: Waiting): void {
    this.queuedRequests--;
    this.queuedBytes -= sizeBytes;
  }

  #refuseAll(reason: PluvioError): void {
    this.#closed = reason;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) this.#fail(one, reason);
    if (this.queuedRequests === 0) this.#emptied?.();
  }
}

/** Failures of the store, not of the request. */
const COUNTED: ReadonlySet<ErrorCode> = new Set([
  'STORE_FULL',
  'STORE_FAILED',
  'STORE_DAMAGED',
  'STORE_CLOSED',
  'INTERNAL',
]);

function asStoreError(error: unknown): PluvioError {
  if (error instanceof PluvioError) return error;
  const code = error instanceof DOMException ? 'INVALID_ARGUMENT' : 'STORE_FAILED';
  return new PluvioError(code, `the store cannot take a request: ${String(error)}`, {}, { cause: error });
}
