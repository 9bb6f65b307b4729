/**
 * How plain data differs from what it was, as plain data. docs/snapshot-format.md is the specification.
 *
 *     null                                 as it was
 *     [value]                              another value
 *     {key: change | false, …}             an object: what its keys became; keys without an entry are as they were, false: it is gone
 *     [at, removed, [change, …], …]        an array: from item `at` on so many items became these
 *
 * Boundary: both sides are what MessagePack carries; the bytes of both are views, nothing is copied.
 *
 * Invariants:
 * 1. `changed(before, changeOf(before, after))` equals `after`.
 * 2. Bytes that are one and the same on both sides count as equal: they must not have been changed in place. Objects and arrays may have
 *    been, if what was before is a copy (`ownContainers`).
 * 3. Time is linear in the sizes of both sides: looking for where arrays go on alike has a budget, and what it does not find is a larger
 *    change, never a wrong one.
 * 4. A change makes no more than it holds itself and arrays and objects of the size that they had: it cannot repeat what there was.
 */
import { FieldFault, inField, readArray, readUint, withPath } from './plain-fields.ts';

/** Deeper differences are changes of the whole. */
const MAX_DEPTH = 12;
/** Bytes up to that size are compared. */
const COMPARED_MAX_BYTES = 64;
/** How far is looked on both sides for items that are alike, and how far on one. */
const NEAR_ITEMS = 6;
const FAR_ITEMS = 4096;
const LOOKS_PER_ITEM = 8;

type Plain = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

/** What became of it; null: nothing. */
export function changeOf(before: unknown, after: unknown, depthLeft = MAX_DEPTH): unknown {
  if (Object.is(before, after)) return null;
  if (before instanceof Uint8Array && after instanceof Uint8Array) return sameBytes(before, after) ? null : [after];
  if (depthLeft > 0) {
    if (Array.isArray(before) && Array.isArray(after)) return changeOfArray(before, after, depthLeft - 1);
    if (isObject(before) && isObject(after)) return changeOfObject(before, after, depthLeft - 1);
  }
  return [after];
}

function sameBytes(before: Uint8Array, after: Uint8Array): boolean {
  if (before.length !== after.length || before.length > COMPARED_MAX_BYTES) return false;
  return before.every((byte, at) => byte === after[at]);
}

function changeOfObject(before: Plain, after: Plain, depthLeft: number): Plain | null {
  const changes: Record<string, unknown> = {};
  for (const key of Object.keys(after)) {
    const value = after[key];
    if (value === undefined) continue; // such a key is none
    const change = before[key] === undefined ? [value] : changeOf(before[key], value, depthLeft);
    if (change !== null) changes[key] = change;
  }
  for (const key of Object.keys(before)) {
    if (before[key] !== undefined && after[key] === undefined) changes[key] = false;
  }
  return Object.keys(changes).length === 0 ? null : changes;
}

function changeOfArray(before: readonly unknown[], after: readonly unknown[], depthLeft: number): unknown[] | null {
  const edits: unknown[] = [];
  const places = { before, after, looksLeft: LOOKS_PER_ITEM * (before.length + after.length) };
  let from = 0;
  let to = 0;
  for (;;) {
    while (from < before.length && to < after.length && before[from] === after[to]) {
      from++;
      to++;
    }
    if (from === before.length && to === after.length) return edits.length === 0 ? null : edits;
    const [removed, added] = differing(places, from, to);
    const items = after
      .slice(to, to + added)
      .map((item, index) => (index < removed ? changeOf(before[from + index], item, depthLeft) : [item]));
    if (removed !== added || items.some((item) => item !== null)) edits.push(from, removed, items);
    from += removed;
    to += added;
  }
}

interface Places {
  readonly before: readonly unknown[];
  readonly after: readonly unknown[];
  looksLeft: number;
}

/** A copy of all objects and arrays, with the same bytes in them; keys without a value are left out, as MessagePack has none. */
export function ownContainers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ownContainers);
  if (!isObject(value)) return value;
  const own: Record<string, unknown> = {};
  for (const key of Object.keys(value)) if (value[key] !== undefined) own[key] = ownContainers(value[key]);
  return own;
}

/** How many items, from there on, stand in place of how many: as few as are found. */
function differing(places: Places, from: number, to: number): readonly [removed: number, added: number] {
  const { before, after } = places;
  const fromLeft = before.length - from;
  const toLeft = after.length - to;
  const meets = (removed: number, added: number): boolean => {
    places.looksLeft--;
    return removed < fromLeft && added < toLeft && nameOf(before[from + removed]) === nameOf(after[to + added]);
  };
  if (fromLeft === 0 || toLeft === 0) return [fromLeft, toLeft];
  if (meets(0, 0)) return [1, 1]; // two states of one item
  for (let both = 1; both <= 2 * NEAR_ITEMS; both++) {
    for (let removed = 0; removed <= both; removed++) {
      if (meets(removed, both - removed)) return [removed, both - removed];
    }
  }
  for (let far = NEAR_ITEMS; far <= Math.min(FAR_ITEMS, Math.max(fromLeft, toLeft)) && places.looksLeft > 0; far++) {
    if (meets(far, far)) return [far, far];
    if (meets(0, far)) return [0, far];
    if (meets(far, 0)) return [far, 0];
  }
  if (places.looksLeft <= 0) return [fromLeft, toLeft];
  return [Math.min(FAR_ITEMS, fromLeft), Math.min(FAR_ITEMS, toLeft)];
}

/** By what an item is known again: itself, or the first thing in it. */
function nameOf(item: unknown): unknown {
  if (Array.isArray(item)) return item[0];
  if (!isObject(item)) return item;
  for (const key in item) return item[key];
  return item;
}

/**
 * What it became.
 * @param change As `changeOf` gives it; not trusted.
 * @throws FieldFault the change is none of what there was
 */
export function changed(before: unknown, change: unknown): unknown {
  if (change === null) return before;
  if (isObject(change)) return changedObject(before, change);
  if (!Array.isArray(change)) throw new FieldFault(change, 'null, an array or an object: a change');
  if (change.length === 1) return change[0];
  return changedArray(before, change);
}

function changedObject(before: unknown, change: Plain): Plain {
  if (!isObject(before)) throw new FieldFault(change, 'no change of an object: it was none');
  const after: Record<string, unknown> = { ...before };
  for (const key of Object.keys(change)) {
    try {
      const isThere = Object.hasOwn(before, key);
      const of = change[key];
      if (of === false && isThere) delete after[key];
      else if (isThere || (Array.isArray(of) && of.length === 1)) after[key] = changed(before[key], of);
      else throw new FieldFault(of, 'an array with its value: there was no such key');
    } catch (error) {
      throw withPath(error, key);
    }
  }
  return after;
}

function changedArray(before: unknown, edits: readonly unknown[]): readonly unknown[] {
  if (!Array.isArray(before)) throw new FieldFault(edits, 'an array with one value: it was no array');
  if (edits.length === 0 || edits.length % 3 !== 0)
    throw new FieldFault(edits, 'an array of 1 item, or of 3 for each place');
  const after: unknown[] = [];
  let done = 0;
  for (let edit = 0; edit < edits.length; edit += 3) {
    const at = inField(edit, () => readUint(edits[edit], before.length, done));
    const removed = inField(edit + 1, () => readUint(edits[edit + 1], before.length - at));
    const items = inField(edit + 2, () => readArray(edits[edit + 2], 0, Number.MAX_SAFE_INTEGER));
    for (; done < at; done++) after.push(before[done]);
    inField(edit + 2, () => {
      for (const [index, item] of items.entries())
        after.push(inField(index, () => changedItem(before, at, removed, index, item)));
    });
    done = at + removed;
  }
  for (; done < before.length; done++) after.push(before[done]);
  return after;
}

function changedItem(before: readonly unknown[], at: number, removed: number, index: number, change: unknown): unknown {
  if (index < removed) return changed(before[at + index], change);
  if (Array.isArray(change) && change.length === 1) return change[0];
  throw new FieldFault(change, 'an array with its value: there was no such item');
}
