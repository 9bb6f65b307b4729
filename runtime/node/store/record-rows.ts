/** JSON documents by collection and key. */
import type { DatabaseSync } from 'node:sqlite';
import { PluvioError } from '../../errors/index.ts';
import { checksum } from './checksum.ts';
import { damaged, each, many, one, prepareAll, run } from './statements.ts';

interface RecordRow {
  readonly key: string;
  readonly crc: number;
  readonly document: string;
}

const SQL = {
  put: `INSERT INTO record (collection, key, crc, document) VALUES (?, ?, ?, ?)
    ON CONFLICT (collection, key) DO UPDATE SET crc = excluded.crc, document = excluded.document`,
  drop: 'DELETE FROM record WHERE collection = ? AND key = ?',
  get: 'SELECT key, crc, document FROM record WHERE collection = ? AND key = ?',
  page: 'SELECT key, crc, document FROM record WHERE collection = ? AND key > ? ORDER BY key LIMIT ?',
  after: 'SELECT id, collection, key, crc, document FROM record WHERE id > ? ORDER BY id LIMIT ?',
  mark: "INSERT OR IGNORE INTO mark (name, value) VALUES (?, '')",
  keys: 'SELECT key FROM record WHERE collection = ? AND key > ? ORDER BY key LIMIT ?',
} as const;

const crcOf = (collection: string, key: string, document: string): number => checksum(collection, key, document);

interface FullRecordRow extends RecordRow {
  readonly id: number;
  readonly collection: string;
}

export interface RecordFaults {
  readonly last: number | undefined;
  readonly faults: readonly { readonly collection: string; readonly key: string }[];
}

export interface RecordPage {
  /** Keys and documents as text. */
  readonly rows: readonly (readonly [key: string, document: string])[];
  /** Keys of documents that are damaged. */
  readonly damaged: readonly string[];
  /** Where the next page goes on; undefined: this was the last. */
  readonly next: string | undefined;
}

export class RecordRows {
  readonly #sql;

  constructor(db: DatabaseSync) {
    this.#sql = prepareAll(db, SQL);
  }

  put(collection: string, key: string, document: string): void {
    run(this.#sql.put, collection, key, crcOf(collection, key, document), document);
  }

  drop(collection: string, key: string): void {
    run(this.#sql.drop, collection, key);
  }

  /** @throws PluvioError `WORKER_DAMAGED` or `STORE_DAMAGED` */
  get(collection: string, key: string): string | undefined {
    const row = one<RecordRow>(this.#sql.get, collection, key);
    if (!row || crcOf(collection, key, row.document) === row.crc) return row?.document;
    throw new PluvioError('STORE_DAMAGED', damagedRecord(collection, key), { collection, key });
  }

  page(collection: string, after: string, limit: number, maxBytes: number): RecordPage {
    const rows: (readonly [string, string])[] = [];
    const broken: string[] = [];
    let last: string | undefined;
    let count = 0;
    let readBytes = 0;
    for (const row of each<RecordRow>(this.#sql.page, collection, after, limit)) {
      if (crcOf(collection, row.key, row.document) === row.crc) rows.push([row.key, row.document]);
      else broken.push(row.key);
      last = row.key;
      count++;
      readBytes += row.document.length;
      if (readBytes >= maxBytes) break;
    }
    const more = count === limit || readBytes >= maxBytes;
    return { rows, damaged: broken, next: more ? last : undefined };
  }

  /** Which of some documents are damaged, and the last of them. */
  faults(after: number, limit: number, budget: { bytes: number }): RecordFaults {
    const faults: { readonly collection: string; readonly key: string }[] = [];
    let last: number | undefined;
    for (const { id, collection, key, crc, document } of many<FullRecordRow>(this.#sql.after, after, limit)) {
      if (crcOf(collection, key, document) !== crc) faults.push({ collection, key });
      budget.bytes -= document.length;
      last = id;
    }
    return { last, faults };
  }

  /** Sets a mark; false: it was set before. */
  mark(name: string): boolean {
    return run(this.#sql.mark, name) === 1;
  }

  keys(collection: string, after: string, limit: number): string[] {
    return many<{ key: string }>(this.#sql.keys, collection, after, limit).map(({ key }) => key);
  }
}

export const damagedRecord = (collection: string, key: string): string =>
  damaged(`document "${key}" of collection "${collection}"`);
