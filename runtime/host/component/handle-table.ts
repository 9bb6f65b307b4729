/**
 * The handles that a component has (CanonicalABI.md: Table State): numbers from 1 on, of resources of the host and of its own.
 *
 * A call that gives handles away (`own`) may have to be made again, when it has waited: so they are only marked (`take`), and go when the
 * call is over (`commit`), or stay (`rollback`). A borrowed resource is not counted as lent: no code of the guest runs between a call and
 * its answer, other than the allocator.
 *
 * Invariants:
 * 1. A handle that is free is in the list of free ones, once; the one that was freed last is given first.
 */
import type { StateField } from '../state-field.ts';
import { trap } from './canonical/context.ts';
import type { Resource } from './component-host.ts';

export type Ownership = 'own' | 'borrow';

interface Entry {
  /** Of its type; see `resourceKey`. */
  readonly key: string;
  /** The host's, or the representation of one of the component's own. */
  readonly value: Resource | number;
  readonly ownership: Ownership;
}

/** Handles that a component may have at a time. */
export const HANDLES_MAX = 65_536;

export class HandleTable {
  /** By handle; there is no handle 0. */
  #entries: (Entry | undefined)[] = [undefined];
  #free: number[] = [];
  readonly #taken = new Set<number>();

  add(key: string, value: Resource | number, ownership: Ownership): number {
    const handle = this.#free.pop() ?? this.#entries.length;
    if (handle > HANDLES_MAX) trap(`cannot make a handle of ${key}: the component has ${HANDLES_MAX}, which is the limit`);
    this.#entries[handle] = { key, value, ownership };
    return handle;
  }

  #entry(handle: number, key: string): Entry {
    const entry = this.#entries[handle >>> 0];
    if (entry === undefined || this.#taken.has(handle >>> 0)) return trap(`handle ${handle >>> 0} is none: it must be one of ${key}`);
    if (entry.key !== key) return trap(`handle ${handle >>> 0} is one of ${entry.key}; it must be one of ${key}`);
    return entry;
  }

  /** What a handle is of. Traps if it is none of that type. */
  get(handle: number, key: string): Resource | number {
    return this.#entry(handle, key).value;
  }

  /** The same of one that is given away, once the call is over. */
  take(handle: number, key: string): Resource | number {
    const { value, ownership } = this.#entry(handle, key);
    if (ownership === 'borrow') trap(`handle ${handle >>> 0} of ${key} is borrowed: it cannot be given away`);
    this.#taken.add(handle >>> 0);
    return value;
  }

  /** The call is over: what it was given is gone. */
  commit(): void {
    if (this.#taken.size === 0) return;
    for (const handle of this.#taken) this.#remove(handle);
    this.#taken.clear();
  }

  /** The call will be made again. */
  rollback(): void {
    this.#taken.clear();
  }

  /** Gives a handle up; gives the resource if it is to be ended with it. */
  drop(handle: number, key: string): Resource | number | undefined {
    const { value, ownership } = this.#entry(handle, key);
    this.#remove(handle >>> 0);
    return ownership === 'own' ? value : undefined;
  }

  #remove(handle: number): void {
    this.#entries[handle] = undefined;
    this.#free.push(handle);
  }

  /** As plain data. @param indexOf What stands for a resource of the host. */
  snapshot(indexOf: (resource: Resource) => number): unknown {
    const entries = this.#entries.flatMap((entry, handle) => {
      if (entry === undefined) return [];
      const { key, value, ownership } = entry;
      const own = typeof value === 'number' ? { rep: value } : { resource: indexOf(value) };
      return [{ handle, key, ownership, ...own }];
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
    if (count > HANDLES_MAX) state.malformed(`of at most ${HANDLES_MAX} handles`);
    const entries: (Entry | undefined)[] = Array.from({ length: count + 1 }, () => undefined);
    for (const field of fields) {
      const handle = field.get('handle').integer(1, count);
      if (entries[handle] !== undefined) field.get('handle').malformed('of another handle than those before');
      entries[handle] = entryAt(field, resources);
    }
    const seen = new Set<number>();
    for (const field of free) {
      const handle = field.integer(1, count);
      if (entries[handle] !== undefined || seen.has(handle)) field.malformed('a handle that is free, once');
      seen.add(handle);
    }
    this.#entries = entries;
    this.#free = [...seen];
    this.#taken.clear();
  }
}

function entryAt(field: StateField, resources: readonly Resource[]): Entry {
  const key = field.get('key').text();
  const ownership = field.get('ownership').oneOf(['own', 'borrow']);
  const rep = field.get('rep');
  if (!rep.isNull) return { key, value: rep.integer(-0x8000_0000, 0xffff_ffff), ownership };
  const index = field.get('resource').integer(0, resources.length - 1);
  const value = resources[index];
  if (value?.resource !== key) return field.get('resource').malformed(`the index of one of ${key}`);
  return { key, value, ownership };
}
