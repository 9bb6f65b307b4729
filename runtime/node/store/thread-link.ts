/** A core in a thread of its own, and copies of its database in others. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { decodeError, type EncodedError, PluvioError } from '../../errors/index.ts';
import type { StoreAnswer, StoreRequest } from './core.ts';
import type { CoreOptions } from './open-core.ts';
import type { OpenReport, StoreLink } from './store-link.ts';
import type { ThreadAnswer, ThreadRequest } from './store-thread.ts';

/** Modules of threads stand beside this one, as source or as built. */
const moduleUrl = (name: string): URL => new URL(`./${name}${extname(import.meta.url)}`, import.meta.url);

export class ThreadLink implements StoreLink {
  readonly failed: Promise<PluvioError>;
  readonly #thread: Worker;
  readonly #path: string;
  readonly #pending = new Map<number, PromiseWithResolvers<readonly StoreAnswer[]>>();
  readonly #failure = Promise.withResolvers<PluvioError>();
  readonly #opened = Promise.withResolvers<OpenReport>();
  #report: OpenReport = { findings: [], keptAs: null };
  #nextId = 0;
  #over: PluvioError | undefined;

  private constructor(options: CoreOptions) {
    this.#path = options.path;
    this.failed = this.#failure.promise;
    this.#thread = new Worker(moduleUrl('store-thread'), { workerData: options, name: 'store' });
    this.#thread.on('message', (message: ThreadAnswer) => this.#receive(message));
    this.#thread.on('error', (error) => this.#end(`its thread failed: ${String(error)}`));
    this.#thread.on('exit', (code) => this.#end(`its thread ended with code ${code}`));
  }

  /** @throws PluvioError as `openCore` */
  static async open(options: CoreOptions): Promise<ThreadLink> {
    const link = new ThreadLink(options);
    link.#report = await link.#opened.promise;
    return link;
  }

  get report(): OpenReport {
    return this.#report;
  }

  execute(
    requests: readonly StoreRequest[],
    nowMs: number,
    give: readonly ArrayBuffer[],
  ): Promise<readonly StoreAnswer[]> {
    return this.#ask((id) => ({ kind: 'execute', id, nowMs, requests }), give);
  }

  #ask(make: (id: number) => ThreadRequest, give: readonly ArrayBuffer[]): Promise<readonly StoreAnswer[]> {
    if (this.#over) return Promise.reject(this.#over);
    const id = this.#nextId++;
    const answered = Promise.withResolvers<readonly StoreAnswer[]>();
    try {
      this.#thread.postMessage(make(id), [...give]);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
    this.#pending.set(id, answered);
    return answered.promise;
  }

  #receive(message: ThreadAnswer): void {
    switch (message.kind) {
      case 'opened':
        return this.#opened.resolve(message.report);
      case 'refused':
        this.#opened.reject(decodeError(message.error));
        return this.#end('it was not opened');
      case 'done':
        this.#pending.get(message.id)?.resolve(message.answers);
        this.#pending.delete(message.id);
        if (message.fatal) this.#end(message.fatal.message);
    }
  }

  /** Every request that has no answer is refused: whether it was done is only known when the store is opened again. */
  #end(why: string): void {
    if (this.#over) return;
    this.#over = endedError(this.#path, why);
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(this.#over);
    this.#opened.reject(this.#over);
    this.#failure.resolve(this.#over);
    void this.#thread.terminate();
  }

  /** In a thread of its own with a connection of its own: transactions go on meanwhile. */
  copyTo(path: string): Promise<void> {
    const thread = new Worker(moduleUrl('copy-thread'), { workerData: { from: this.#path, to: path }, name: 'backup' });
    return new Promise((resolve, reject) => {
      thread.once('message', (error: EncodedError | null) => (error ? reject(decodeError(error)) : resolve()));
      thread.once('error', reject);
      thread.once('exit', () => reject(endedError(this.#path, 'the thread of a copy ended')));
    });
  }

  async close(): Promise<void> {
    if (this.#over) return;
    await this.#ask((id) => ({ kind: 'close', id }), []);
    this.#over = new PluvioError('STORE_CLOSED', 'the store was closed');
    await this.#thread.terminate();
  }

  /** For tests: ends the thread as a fault of it would. */
  async kill(): Promise<void> {
    await this.#thread.terminate();
  }
}

const endedError = (path: string, why: string): PluvioError =>
  new PluvioError('STORE_CLOSED', `the store of ${path} can do no more: ${why}; it can be opened again`, { path });
