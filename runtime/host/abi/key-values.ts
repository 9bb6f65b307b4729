/**
 * Keys and values of one worker, with a transaction.
 *
 * Invariants:
 * 1. Values are never changed in place: a snapshot refers to them and copies nothing.
 * 2. While a transaction is open, `#undo` has for each key that was touched what it was before; those bytes count, so a rollback never
 *    needs more than there is.
 */
import { fail } from './error-codes.ts';
import { ENTRY_BYTES } from './limits.ts';
import { compareNames, firstNotBefore, type NamePage, SortedNames, utf8Bytes } from './sorted-names.ts';
import type { StorageMeter } from './storage-meter.ts';

/** More keys that were touched are not put into what there is: all is put together anew. */
const PATCHED_MAX = 1000;

const entryBytes = (key: string): number => ENTRY_BYTES + utf8Bytes(key);

/** Where that key is in such pairs, or would be, from `start` on. */
const placeOf = (flat: readonly (string | Uint8Array)[], key: string, start: number): number =>
  2 * firstNotBefore(start / 2, flat.length / 2, (pair) => compareNames(flat[2 * pair] as string, key) < 0); // keys are at even places

export class KeyValues {
  readonly #meter: StorageMeter;
  readonly #values = new Map<string, Uint8Array>();
  readonly #names = new SortedNames(this.#values);
  #undo: Map<string, Uint8Array | undefined> | undefined;
  /** What the last snapshot holds, and the keys that were touched since. */
  #flat: readonly (string | Uint8Array)[] | undefined;
  readonly #touched = new Set<string>();

  constructor(meter: StorageMeter) {
    this.#meter = meter;
  }

  get count(): number {
    return this.#values.size;
  }

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key);
  }

  /** @throws AbiFault `QUOTA` */
  set(key: string, value: Uint8Array): void {
    const before = this.#values.get(key);
    const grows = value.length - (before === undefined ? -entryBytes(key) : before.length);
    this.#meter.charge(grows + this.#undoBytes(key, before));
    this.#remember(key, before);
    this.#values.set(key, value);
    if (before === undefined) this.#names.added(key);
    this.#touched.add(key);
  }

  /** Whether there was such a key. @throws AbiFault `QUOTA` */
  delete(key: string): boolean {
    const before = this.#values.get(key);
    if (before === undefined) return false;
    this.#meter.charge(this.#undoBytes(key, before) - before.length - entryBytes(key));
    this.#remember(key, before);
    this.#values.delete(key);
    this.#names.removed(key);
    this.#touched.add(key);
    return true;
  }

  page(prefix: string, cursor: string, limit: number): NamePage {
    return this.#names.page(prefix, cursor, limit);
  }

  // --- transaction ---

  get inTransaction(): boolean {
    return this.#undo !== undefined;
  }

  /** @throws AbiFault `STATE` there is one */
  begin(): void {
    if (this.#undo !== undefined) fail('STATE');
    this.#undo = new Map();
  }

  /** @throws AbiFault `STATE` there is none */
  commit(): void {
    this.#endTransaction();
  }

  /** @throws AbiFault `STATE` there is none */
  rollback(): void {
    for (const [key, before] of this.#endTransaction()) {
      const now = this.#values.get(key);
      if (now !== undefined) this.#meter.charge(-now.length - entryBytes(key));
      if (before === undefined) this.#values.delete(key);
      else {
        this.#meter.count(before.length + entryBytes(key));
        this.#values.set(key, before);
      }
    }
    this.#names.forget();
    this.#flat = undefined;
  }

  #endTransaction(): Map<string, Uint8Array | undefined> {
    const undo = this.#undo ?? fail('STATE');
    this.#undo = undefined;
    for (const [key, before] of undo) this.#meter.charge(-entryBytes(key) - (before?.length ?? 0));
    return undo;
  }

  /** What remembering the key costs. */
  #undoBytes(key: string, before: Uint8Array | undefined): number {
    return this.#undo === undefined || this.#undo.has(key) ? 0 : entryBytes(key) + (before?.length ?? 0);
  }

  #remember(key: string, before: Uint8Array | undefined): void {
    if (this.#undo !== undefined && !this.#undo.has(key)) this.#undo.set(key, before);
  }

  // --- snapshot ---

  /** Key, value, key, value …, by key. */
  get flat(): readonly (string | Uint8Array)[] {
    this.#flat = this.#flat === undefined ? this.#pairsOf(this.#names.all) : this.#withTouched(this.#flat);
    this.#touched.clear();
    return this.#flat;
  }

  /** Those that there are of these keys, with their values. */
  #pairsOf(keys: readonly string[]): (string | Uint8Array)[] {
    return keys.flatMap((key) => {
      const value = this.#values.get(key);
      return value === undefined ? [] : [key, value];
    });
  }

  #withTouched(flat: readonly (string | Uint8Array)[]): readonly (string | Uint8Array)[] {
    if (this.#touched.size === 0) return flat;
    if (this.#touched.size > PATCHED_MAX) return this.#pairsOf(this.#names.all);
    const parts: (readonly (string | Uint8Array)[])[] = [];
    let done = 0;
    for (const key of [...this.#touched].sort(compareNames)) {
      const at = placeOf(flat, key, done);
      parts.push(flat.slice(done, at), this.#pairsOf([key]));
      done = flat[at] === key ? at + 2 : at;
    }
    return ([] as (string | Uint8Array)[]).concat(...parts, flat.slice(done));
  }

  /** Key, what it was or null, …, by key; undefined: no transaction is open. */
  get flatUndo(): readonly (string | Uint8Array | null)[] | undefined {
    const undo = this.#undo;
    return undo && new SortedNames(undo).all.flatMap((key) => [key, undo.get(key) ?? null]);
  }

  /** Takes up checked state, in place of nothing; the bytes are its own from now on. */
  restore(
    entries: Iterable<readonly [string, Uint8Array]>,
    undo: Iterable<readonly [string, Uint8Array | undefined]> | undefined,
  ): void {
    for (const [key, value] of entries) {
      this.#meter.count(entryBytes(key) + value.length);
      this.#values.set(key, value);
    }
    this.#names.forget();
    this.#flat = undefined;
    this.#undo = undo && new Map(undo);
    for (const [key, before] of this.#undo ?? []) this.#meter.count(entryBytes(key) + (before?.length ?? 0));
  }
}
