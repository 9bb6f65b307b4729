import type { StoreLimits } from './limits.ts';
import type { RecordPage } from './record-rows.ts';
import type { RequestQueue } from './request-queue.ts';
import type { StoredRecords } from './types.ts';
import { checkRecordKey, WireWriter } from './wire.ts';

const PAGE_KEYS = 1000;

/** A collection of documents in the store. A damaged document is left out of lists: it is among what the store lists as damaged. */
export class QueuedRecords implements StoredRecords {
  readonly #name: string;
  readonly #queue: RequestQueue;
  readonly #limits: StoreLimits;

  constructor(name: string, queue: RequestQueue, limits: StoreLimits) {
    this.#name = name;
    this.#queue = queue;
    this.#limits = limits;
  }

  async put(key: string, document: unknown): Promise<void> {
    const wire = new WireWriter(this.#limits);
    const args = [this.#name, checkRecordKey(key), wire.document(document)] as const;
    await this.#queue.ask('putRecord', [...args], { sizeBytes: wire.sizeBytes });
  }

  async delete(key: string): Promise<void> {
    await this.#queue.ask('dropRecord', [this.#name, key]);
  }

  /** @throws PluvioError `STORE_DAMAGED` */
  async get(key: string): Promise<unknown> {
    const text = await this.#queue.ask('getRecord', [this.#name, key]);
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  }

  keys(after = '', limit = PAGE_KEYS): Promise<readonly string[]> {
    return this.#queue.ask('recordKeys', [this.#name, after, limit]);
  }

  async page(after = '', limit = PAGE_KEYS): Promise<readonly (readonly [string, unknown])[]> {
    const { rows } = await this.#queue.ask('recordPage', [this.#name, after, limit]);
    return rows.map(([key, text]) => [key, JSON.parse(text) as unknown] as const);
  }

  async list(): Promise<readonly (readonly [string, unknown])[]> {
    const documents: (readonly [string, unknown])[] = [];
    for (let after: string | undefined = ''; after !== undefined;) {
      const page: RecordPage = await this.#page(after);
      for (const [key, text] of page.rows) documents.push([key, JSON.parse(text) as unknown]);
      after = page.next;
    }
    return documents;
  }

  #page(after: string): Promise<RecordPage> {
    return this.#queue.ask('recordPage', [this.#name, after, PAGE_KEYS]);
  }
}
