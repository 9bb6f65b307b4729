/** Names in the order of their UTF-8 bytes, a page at a time. */
import { LIST_MAX, LIST_MAX_BYTES } from './limits.ts';

/** Where a UTF-16 unit stands in the order of code points: surrogates stand for those above all others. */
const rankOf = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);

/** Compares by UTF-8 bytes, which is by code points. */
export function compareNames(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const difference = a.charCodeAt(at) - b.charCodeAt(at);
    if (difference !== 0) return rankOf(a.charCodeAt(at)) - rankOf(b.charCodeAt(at));
  }
  return a.length - b.length;
}

/** The first index from `start` on, or `end`, of which that does not hold; it holds of all before it. */
export function firstNotBefore(start: number, end: number, isBefore: (index: number) => boolean): number {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Size of well-formed text as UTF-8. */
export function utf8Bytes(text: string): number {
  let sizeBytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    sizeBytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2; // a pair of surrogates is 4 bytes
  }
  return sizeBytes;
}

export interface NamePage {
  readonly names: readonly string[];
  /** The last name, if there are more. */
  readonly cursor: string | null;
}

/** The keys of a map, sorted when somebody asks. */
export class SortedNames {
  readonly #source: ReadonlyMap<string, unknown>;
  #sorted: string[] | undefined;

  constructor(source: ReadonlyMap<string, unknown>) {
    this.#source = source;
  }

  /** The name was added to the map. */
  added(name: string): void {
    this.#sorted?.splice(this.#firstFrom(name, true), 0, name);
  }

  /** The name was removed from the map. */
  removed(name: string): void {
    this.#sorted?.splice(this.#firstFrom(name, true), 1);
  }

  /** Everything may have changed. */
  forget(): void {
    this.#sorted = undefined;
  }

  get all(): readonly string[] {
    this.#sorted ??= [...this.#source.keys()].sort(compareNames);
    return this.#sorted;
  }

  /** Names with that prefix behind `cursor`; an empty cursor stands before all. */
  page(prefix: string, cursor: string, limit: number): NamePage {
    const { all } = this;
    const afterCursor = cursor !== '' && compareNames(cursor, prefix) >= 0;
    const start = afterCursor ? this.#firstFrom(cursor, false) : this.#firstFrom(prefix, true);
    let end = start;
    for (let sizeBytes = 0; end < all.length && end - start < Math.min(limit, LIST_MAX); end++) {
      const name = all[end] ?? '';
      sizeBytes += utf8Bytes(name);
      if (!name.startsWith(prefix) || (end > start && sizeBytes > LIST_MAX_BYTES)) break;
    }
    const names = all.slice(start, end);
    const hasMore = all[end]?.startsWith(prefix) === true;
    return { names, cursor: hasMore ? (names.at(-1) ?? null) : null };
  }

  /** Index of the first name at or behind that one; or behind it only. */
  #firstFrom(name: string, inclusive: boolean): number {
    const { all } = this;
    return firstNotBefore(0, all.length, (index) => {
      const order = compareNames(all[index] ?? '', name);
      return order < 0 || (order === 0 && !inclusive);
    });
  }
}
