/**
 * Small JSON documents by key, as files that are replaced atomically, or in memory.
 *
 * Boundary: no meaning of its own; whoever reads a document checks it.
 *
 * Invariants:
 * 1. When `put` has resolved, the document survives a crash of the process and of the machine (file and folder are synced).
 * 2. A reader sees the old or the new document, never a part.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PluvioError } from '../errors/index.ts';

export interface RecordStore {
  put(key: string, document: unknown): Promise<void>;
  delete(key: string): Promise<void>;
  /** All documents; one that cannot be read as JSON is an error, since it can only come from outside. */
  list(): Promise<readonly (readonly [key: string, document: unknown])[]>;
}

const KEY = /^[a-z0-9][a-zA-Z0-9_-]{0,127}$/;
const SUFFIX = '.json';

export class MemoryRecords implements RecordStore {
  readonly #documents = new Map<string, string>();

  put(key: string, document: unknown): Promise<void> {
    this.#documents.set(key, JSON.stringify(document));
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    this.#documents.delete(key);
    return Promise.resolve();
  }

  list(): Promise<(readonly [string, unknown])[]> {
    return Promise.resolve([...this.#documents].map(([key, text]) => [key, JSON.parse(text)] as const));
  }
}

export class FolderRecords implements RecordStore {
  readonly #folder: string;
  /** Writes of one key happen one after the other. */
  readonly #turns = new Map<string, Promise<void>>();
  #nextTemporary = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder if it is missing and clears what an interrupted write left. */
  static async open(folder: string): Promise<FolderRecords> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) {
      if (name.endsWith('.part')) await rm(join(folder, name), { force: true });
    }
    return new FolderRecords(folder);
  }

  put(key: string, document: unknown): Promise<void> {
    const text = JSON.stringify(document);
    return this.#inTurn(key, async () => {
      const temporary = join(this.#folder, `${key}.${this.#nextTemporary++}.part`);
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, join(this.#folder, key + SUFFIX));
      await this.#sync();
    });
  }

  delete(key: string): Promise<void> {
    return this.#inTurn(key, async () => {
      await rm(join(this.#folder, key + SUFFIX), { force: true });
      await this.#sync();
    });
  }

  async list(): Promise<(readonly [string, unknown])[]> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith(SUFFIX)).sort();
    return Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name);
        try {
          return [name.slice(0, -SUFFIX.length), JSON.parse(await readFile(path, 'utf8')) as unknown] as const;
        } catch (cause) {
          throw new PluvioError('STORE_FAILED', `cannot read record ${path}: ${String(cause)}`, { path }, { cause });
        }
      }),
    );
  }

  async #inTurn(key: string, work: () => Promise<void>): Promise<void> {
    if (!KEY.test(key)) throw new PluvioError('INTERNAL', `"${key}" is not a record key`);
    const before = this.#turns.get(key) ?? Promise.resolve();
    const turn = before.then(work).catch((cause: unknown) => {
      const path = join(this.#folder, key + SUFFIX);
      throw new PluvioError('STORE_FAILED', `cannot write record ${path}: ${String(cause)}`, { path }, { cause });
    });
    const settled = turn.catch(() => undefined);
    this.#turns.set(key, settled);
    await turn;
    if (this.#turns.get(key) === settled) this.#turns.delete(key);
  }

  async #sync(): Promise<void> {
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}
