/** Whether the node takes work from outside. */
import { PluvioError } from '../errors/index.ts';

export class NodeAdmission {
  readonly #closing: AbortSignal;
  #draining = false;

  /** @param closing The node is shutting down. */
  constructor(closing: AbortSignal) {
    this.#closing = closing;
  }

  get isDraining(): boolean {
    return this.#draining;
  }

  drain(draining: boolean): void {
    this.#draining = draining;
  }

  /** @throws PluvioError `NODE_CLOSING`, `NODE_DRAINING` */
  check(): void {
    if (this.#closing.aborted) throw new PluvioError('NODE_CLOSING', 'the node is shutting down');
    if (!this.#draining) return;
    throw new PluvioError('NODE_DRAINING', 'the node is being drained and takes no new workers and inputs', {
      retryAfterMs: RETRY_AFTER_MS,
    });
  }
}

/** What a caller is told to wait: by then its worker may be elsewhere. */
const RETRY_AFTER_MS = 2000;
