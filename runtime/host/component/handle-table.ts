/**
 * The handles that a component has (CanonicalABI.md: Table State): numbers from 1 on, of resources of the host and of its own.
 *
 * A call that gives handles away (`own`) may have to be made again, when it has waited: so they are only marked (`take`), and go when the
 * call is over (`commit`), or stay (`rollback`). What a call borrows is lent until then, and cannot be given away by the same call. No other
 * code of the guest runs between a call and its answer, so nothing else can meet a handle that is lent.
 *
 * A handle that was lowered as a borrow is the guest's for one call of an export: it must have dropped it when it returns (`endBorrows`). A
 * call that has trapped has not returned; what it was lent stays a handle, and no later call has to drop it.
 *
 * Invariants:
 * 1. A handle that is free is in the list of free ones, once; the one that was freed last is given first.
 */
import { isOwnKey } from '../../component/value-types.ts';
import { assert } from '../../errors/index.ts';
import type { StateField } from '../state-field.ts';
import { limitTrap, trap } from '../guest-trap.ts';
import type { Resource } from './component-host.ts';

export type Ownership = 'own' | 'borrow';

interface Entry {
  /** Of its type; see `resourceKey`. */
  readonly key: string;
  /** The host's, or the representation of one of the component's own. */
  readonly value: Resource | number;
  readonly ownership: Ownership;
  /** A borrow: the number of the call that it was lent to. */
  readonly lentTo?: number;
}

/** Handles that a component may have at a time: by default, and at most. */
export const HANDLES_DEFAULT = 65_536;
export const HANDLES_MAX = 1_000_000;

const NONE: readonly Resource[] = [];

export class HandleTable {
  readonly #limit: number;
  /** By handle; there is no handle 0. */
  #entries: (Entry | undefined)[] = [undefined];
  #free: number[] = [];
  /** Of the call in progress. */
  readonly #taken = new Set<number>();
  readonly #lent = new Set<number>();
  /** Number of the export's call in progress. */
  #call = 1;
  /** Entries that were lent to it. */
  #borrows = 0;

  /** @param limit Handles at a time, up to `HANDLES_MAX`. */
  constructor(limit: number = HANDLES_DEFAULT) {
    assert(limit <= HANDLES_MAX, `a limit of ${limit} handles`);
    this.#limit = limit;
  }

  /** An export is called: it must drop what it is lent from now on. */
  beginCall(): void {
    this.#call++;
    this.#borrows = 0;
  }

  /** Makes a handle. Traps if there are too many. */
  add(key: string, value: Resource | number, ownership: Ownership): number {
    const handle = this.#free.at(-1) ?? this.#entries.length;
    if (handle > this.#limit) {
      limitTrap(`cannot make a handle of ${key}: the component has ${this.#limit}, which is the limit`);
    }
    this.#free.pop();
    if (ownership === 'own') this.#entries[handle] = { key, value, ownership };
    else {
      this.#entries[handle] = { key, value, ownership, lentTo: this.#call };
      this.#borrows++;
    }
    return handle;
  }

  #entry(handle: number, key: string): Entry {
    const entry = this.#entries[handle >>> 0];
    if (entry === undefined) return trap(`handle ${handle >>> 0} is none: it must be one of ${key}`);
    if (this.#taken.has(handle >>> 0))
      return trap(`handle ${handle >>> 0} of ${entry.key} was given away by the same call`);
    if (entry.key !== key) return trap(`handle ${handle >>> 0} is one of ${entry.key}; it must be one of ${key}`);
    return entry;
  }

  /** What a handle is of. Traps if it is none of that type. */
  get(handle: number, key: string): Resource | number {
    return this.#entry(handle, key).value;
  }

  /** The same of one that is lent until the call is over. */
  lend(handle: number, key: string): Resource | number {
    const { value } = this.#entry(handle, key);
    this.#lent.add(handle >>> 0);
    return value;
  }

  /** The same of one that is given away, once the call is over. */
  take(handle: number, key: string): Resource | number {
    const { value, ownership } = this.#entry(handle, key);
    if (ownership === 'borrow') trap(`handle ${handle >>> 0} of ${key} is borrowed: it cannot be given away`);
    if (this.#lent.has(handle >>> 0))
      trap(`handle ${handle >>> 0} of ${key} is lent by the same call: it cannot be given away`);
    this.#taken.add(handle >>> 0);
    return value;
  }

  /** The call is over: what it was given is gone. Gives what it was given of the host's. */
  commit(): readonly Resource[] {
    if (this.#taken.size === 0) {
      this.rollback();
      return NONE;
    }
    const given: Resource[] = [];
    for (const handle of this.#taken) {
      const { value } = this.#entries[handle] ?? {};
      if (typeof value === 'object') given.push(value);
      this.#remove(handle);
    }
    this.rollback();
    return given;
  }

  /** The call will be made again. */
  rollback(): void {
    if (this.#taken.size > 0) this.#taken.clear();
    if (this.#lent.size > 0) this.#lent.clear();
  }

  /** An export returns. Traps if the guest still has a handle that it was only lent. */
  endBorrows(): void {
    if (this.#borrows > 0)
      trap(`the component has kept ${this.#borrows} borrowed handles: it must drop them before it returns`);
  }

  /** Gives a handle up; gives the resource if it is to be ended with it. */
  drop(handle: number, key: string): Resource | number | undefined {
    const { value, ownership } = this.#entry(handle, key);
    this.#remove(handle >>> 0);
    return ownership === 'own' ? value : undefined;
  }

  #remove(handle: number): void {
    if (this.#entries[handle]?.lentTo === this.#call) this.#borrows--;
    this.#entries[handle] = undefined;
    this.#free.push(handle);
  }

  /** As plain data. @param indexOf What stands for a resource of the host. */
  snapshot(indexOf: (resource: Resource) => number): unknown {
    const entries = this.#entries.flatMap((entry, handle) => {
      if (entry === undefined) return [];
      const { key, value, ownership, lentTo } = entry;
      const own = typeof value === 'number' ? { rep: value } : { resource: indexOf(value) };
      const isOver = lentTo !== undefined && lentTo !== this.#call;
      return [{ handle, key, ownership, ...own, ...(isOver && { isOver }) }];
    });
    return { entries, free: [...this.#free] };
  }

  /**
   * Takes up such data. @param resources What the indices stand for.
   * @throws PluvioError `SNAPSHOT_MALFORMED`, naming the field
   */
  restore(state: StateField, resources: readonly Resource[]): void {
    const fields = state.get('entries').array();
    const free = state.get('free').array();
    const count = fields.length + free.length;
    if (count > this.#limit) state.malformed(`of at most ${this.#limit} handles`);
    const entries: (Entry | undefined)[] = Array.from({ length: count + 1 }, () => undefined);
    for (const field of fields) {
      const handle = field.get('handle').integer(1, count);
      if (entries[handle] !== undefined) field.get('handle').malformed('of another handle than those before');
      const entry = entryAt(field, resources);
      const isLent = entry.ownership === 'borrow';
      const isOver = !field.get('isOver').isNull && field.get('isOver').boolean();
      entries[handle] = isLent ? { ...entry, lentTo: isOver ? 0 : this.#call } : entry;
    }
    const seen = new Set<number>();
    for (const field of free) {
      const handle = field.integer(1, count);
      if (entries[handle] !== undefined || seen.has(handle)) field.malformed('a handle that is free, once');
      seen.add(handle);
    }
    this.#entries = entries;
    this.#free = [...seen];
    this.#borrows = entries.filter((entry) => entry?.lentTo === this.#call).length;
    this.rollback();
  }
}

function entryAt(field: StateField, resources: readonly Resource[]): Entry {
  const key = field.get('key').text();
  const ownership = field.get('ownership').oneOf(['own', 'borrow']);
  const rep = field.get('rep');
  if (!rep.isNull) {
    if (!isOwnKey(key)) field.get('key').malformed('of a resource of the component, as it has a representation');
    return { key, value: rep.integer(-0x8000_0000, 0xffff_ffff), ownership };
  }
  const index = field.get('resource').integer(0, resources.length - 1);
  const value = resources[index];
  if (value?.resource !== key) return field.get('resource').malformed(`the index of one of ${key}`);
  return { key, value, ownership };
}
