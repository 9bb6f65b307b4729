/**
 * Messages for workers that are not here, or take no inputs now: given again until they arrive.
 *
 *     entry ─┬─ the worker is here ──────▶ its journal
 *            ├─ it has moved ────────────▶ its new node, with the same key
 *            └─ nobody knows it ─────────▶ later, with growing pauses; at last it is dropped, and said so
 *
 * Invariant: an entry goes from the store after it has arrived, or when it is given up. It may arrive twice; its key says that it is the same.
 */
import { PluvioError } from '../errors/index.ts';
import type { InputInfo } from '../host/index.ts';
import type { Clock } from './clock.ts';
import { Doorbell } from './doorbell.ts';
import type { Logger } from './logger.ts';
import { MEDIA } from './media-types.ts';
import type { Addressee } from './post-office.ts';
import type { NodeStore, OutboxEntry } from './store/index.ts';
import type { TenantBoundary } from './tenant-boundary.ts';
import { DEFAULT_TENANT } from './worker-record.ts';

const AT_ONCE = 64;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 60_000;
/** About a day with the pauses above. */
const ATTEMPTS_MAX = 1500;
const LOOK_AGAIN_MS = 1000;

export interface OutboxOptions {
  readonly store: NodeStore;
  readonly find: (worker: string) => Addressee | undefined;
  /** Address of a worker that has moved. */
  readonly movedTo: (worker: string) => string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Sends to another node. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Who may write to whom. */
  readonly reaches: TenantBoundary;
  /** A token to write to a worker elsewhere. */
  readonly tokenFor: (worker: string) => Promise<string>;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #bell = new Doorbell();
  readonly #closing = new AbortController();

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** There may be new entries. */
  ring(): void {
    this.#bell.ring();
  }

  async run(): Promise<void> {
    const { store, clock, logger } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const ringing = this.#bell.wait(signal);
      try {
        const entries = await store.outbox(AT_ONCE);
        for (const entry of entries) await this.#handle(entry);
        if (entries.length === AT_ONCE) continue;
      } catch (error) {
        if (signal.aborted) return;
        logger.log('error', 'messages for other workers wait', { error: String(error) });
      }
      const over = new AbortController();
      const pause = clock.sleep(LOOK_AGAIN_MS, AbortSignal.any([signal, over.signal]));
      await Promise.race([ringing, pause]);
      over.abort();
    }
  }

  async #handle(entry: OutboxEntry): Promise<void> {
    const { store, clock, logger } = this.#options;
    const { id, from, to, attempts } = entry;
    try {
      await this.#deliver(entry);
    } catch (error) {
      const isRefused = error instanceof PluvioError && error.code === 'FORBIDDEN';
      if (attempts < ATTEMPTS_MAX && !isRefused) {
        const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempts, 20), LONGEST_PAUSE_MS);
        await store.outboxFailed(id, clock.now() + pauseMs);
        return;
      }
      logger.log('error', 'a message was given up', { from, to, attempts, error: String(error) });
    }
    await store.outboxDone([id]);
  }

  async #deliver({ from, to, key, body, info }: OutboxEntry): Promise<void> {
    const { store, find, movedTo, reaches } = this.#options;
    const { caller } = info as unknown as InputInfo; // written by a node
    if (!reaches(caller?.tenant ?? DEFAULT_TENANT, to)) {
      throw new PluvioError('FORBIDDEN', `worker "${from}" may not write to worker "${to}" of another tenant`);
    }
    const target = find(to);
    if (target !== undefined) {
      const { seq } = await store.appendInput(to, { kind: 'message', key, body, info });
      target.arrived(seq);
      return;
    }
    const location = movedTo(to);
    if (location === undefined) throw new PluvioError('WORKER_NOT_FOUND', `this node has no worker "${to}"`);
    await this.#post(to, location, key, body);
  }

  async #post(to: string, location: string, key: string, body: Uint8Array): Promise<void> {
    const token = await this.#options.tokenFor(to);
    const response = await this.#options.fetch(`${location}/messages`, {
      method: 'POST',
      body: body as BodyInit, // bytes of a buffer of its own
      headers: {
        'content-type': MEDIA.octets,
        'idempotency-key': key,
        authorization: `Bearer ${token}`,
      },
      signal: this.#closing.signal,
      redirect: 'follow',
    });
    await response.body?.cancel();
    if (response.ok) return;
    throw new PluvioError('NODE_UNREACHABLE', `${location} answers ${response.status}`);
  }

  close(): void {
    this.#closing.abort();
  }
}
