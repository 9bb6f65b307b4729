import { PluvioError } from '../../errors/index.ts';
import type { StoreAnswer, StoreCore, StoreRequest } from './core.ts';
import { type CoreOptions, openCore } from './open-core.ts';
import type { OpenReport, StoreLink } from './store-link.ts';

/** A core in this thread: for nodes that keep nothing, and where there are no threads. */
export class LocalLink implements StoreLink {
  readonly report: OpenReport;
  readonly failed: Promise<PluvioError>;
  readonly #core: StoreCore;
  readonly #failure = Promise.withResolvers<PluvioError>();
  #isClosed = false;

  constructor(options: CoreOptions) {
    const { core, report } = openCore(options);
    this.#core = core;
    this.report = report;
    this.failed = this.#failure.promise;
  }

  /** In a later turn, as a thread would: whoever asks is not called back in the middle of its work. */
  async execute(requests: readonly StoreRequest[], nowMs: number): Promise<readonly StoreAnswer[]> {
    await Promise.resolve();
    if (this.#isClosed) throw new PluvioError('STORE_CLOSED', 'the store was closed');
    const answers = this.#core.execute(requests, nowMs);
    if (this.#core.fatal) this.#failure.resolve(this.#core.fatal);
    return answers;
  }

  copyTo(path: string): Promise<void> {
    try {
      this.#core.copyTo(path);
      return Promise.resolve();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return Promise.reject(new PluvioError('BACKUP_FAILED', `cannot copy the store to ${path}: ${reason}`, { path }));
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#core.close();
    return Promise.resolve();
  }
}
