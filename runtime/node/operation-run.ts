/**
 * One request for an operation of the API: who asks, whether they may, its span in the trace, and what is told of its end.
 *
 * Boundary: headers alone. Parameters, bodies and answers are of whoever receives the request.
 */
import type { ErrorCode } from '../errors/index.ts';
import type { AccessPolicy, HeaderSource } from './access.ts';
import { parseTraceparent } from './metrics/trace-context.ts';
import { noTracing, type Span, type Tracing } from './metrics/tracing.ts';
import { type OperationId, type Route, ROUTES } from './route-table.ts';
import type { Identity } from './security/identity.ts';
import { type Verb, verbOf } from './security/verbs.ts';

/** What every request passes. */
export interface Entrance {
  readonly access: AccessPolicy;
  readonly tracing?: Tracing;
  /** Told of every request that asked for a right, when it has been answered. */
  readonly onEnd?: (ended: RequestEnded) => void;
}

/** What was asked and by whom, and how it ended. */
export interface RequestEnded {
  readonly operation: OperationId;
  readonly verb: Verb;
  /** Undefined: the request carried no token that counts. */
  readonly identity: Identity | undefined;
  readonly worker: string | undefined;
  /** `OK`, or the code of the error. */
  readonly code: ErrorCode | 'OK';
  /** Until the answer began. */
  readonly seconds: number;
}

const VERBS = Object.fromEntries(
  (Object.entries(ROUTES) as [OperationId, Route][]).map(([id, { scope }]) => [id, verbOf(id, scope)]),
) as Readonly<Record<OperationId, Verb | 'public'>>; // one per operation

export class OperationRun {
  readonly #entrance: Entrance;
  readonly #operation: OperationId;
  readonly #verb: Verb | 'public';
  readonly #headers: HeaderSource;
  readonly #worker: string | undefined;
  readonly #beganMs = performance.now();
  readonly #span: Span;
  #identity: Identity | undefined;

  constructor(entrance: Entrance, operation: OperationId, headers: HeaderSource, worker: string | undefined) {
    this.#entrance = entrance;
    this.#operation = operation;
    this.#verb = VERBS[operation];
    this.#headers = headers;
    this.#worker = worker;
    this.#span = this.#startSpan();
  }

  #startSpan(): Span {
    const { tracing = noTracing } = this.#entrance;
    const parent = this.#headers.get('traceparent');
    const known = parseTraceparent(parent ?? undefined) ? parent : undefined;
    if (!tracing.isOn) return tracing.start(this.#operation, { parent: known });
    const { method, path } = ROUTES[this.#operation];
    const attributes = { 'http.request.method': method, 'http.route': path, 'pluvio.worker': this.#worker ?? '' };
    return tracing.start(this.#operation, { parent: known, kind: 'server', attributes });
  }

  /** Who asks; undefined: the operation is public. */
  get identity(): Identity | undefined {
    return this.#identity;
  }

  /** W3C trace context of what the request causes; undefined: there is no trace. */
  get traceparent(): string | undefined {
    return this.#span.traceparent;
  }

  /**
   * Finds out who asks and whether they may; at once but for a capability token that is new here.
   * @throws PluvioError `FORBIDDEN`, `UNAUTHENTICATED`
   */
  admit(): void | Promise<void> {
    const { access } = this.#entrance;
    access.checkSource(this.#headers);
    if (this.#verb === 'public') return;
    const identified = access.identify(this.#headers);
    if (identified instanceof Promise) return identified.then((identity) => this.#check(identity));
    return this.#check(identified);
  }

  #check(identity: Identity): void {
    this.#identity = identity;
    if (this.#verb === 'public') return;
    this.#entrance.access.checkOperation(identity, this.#operation, this.#verb, this.#worker);
  }

  /** The request has its answer, or failed with that code. */
  ended(code: RequestEnded['code']): void {
    if (this.#verb !== 'public') {
      this.#entrance.onEnd?.({
        operation: this.#operation,
        verb: this.#verb,
        identity: this.#identity,
        worker: this.#worker,
        code,
        seconds: (performance.now() - this.#beganMs) / 1000,
      });
    }
    if (code !== 'OK') this.#span.fail(code);
    this.#span.end();
  }
}
