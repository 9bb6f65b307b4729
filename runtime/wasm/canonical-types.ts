/**
 * Iso-recursive type equality (core specification 3.1.4, 4.2.5 and appendix "type equivalence"): two types are the same if
 * their recursion groups are, written with references inside the group as relative positions.
 */
import { itemAt } from './item-at.ts';
import { heapOf, isRef, type SubType, type ValType } from './types.ts';

/** The types with `canonical` set: the lowest index of an equal type. Groups are runs of equal `recGroup`. */
export function canonicalTypes(types: readonly SubType[]): readonly SubType[] {
  const firstOfGroup = new Map<string, number>();
  const canonical: number[] = [];
  for (let start = 0; start < types.length;) {
    let end = start + 1;
    while (end < types.length && itemAt(types, end).recGroup === itemAt(types, start).recGroup) end++;
    const key = groupKey(types, start, end, canonical);
    const first = firstOfGroup.get(key) ?? start;
    if (first === start) firstOfGroup.set(key, start);
    for (let index = start; index < end; index++) canonical.push(first + index - start);
    start = end;
  }
  return types.map((type, index) => ({ ...type, canonical: canonical[index] ?? 0 }));
}

function groupKey(types: readonly SubType[], start: number, end: number, canonical: readonly number[]): string {
  const index = (of: number): string => (of >= start && of < end ? `.${of - start}` : `${canonical[of] ?? `?${of}`}`);
  const value = (type: ValType): string =>
    isRef(type) && heapOf(type) >= 0 ? `${type & 0xff}@${index(heapOf(type))}` : String(type);
  let key = '';
  for (let at = start; at < end; at++) {
    const { composite, final, supers } = itemAt(types, at);
    key += `${final ? 'f' : 'o'}${supers.map(index).join()}`;
    if (composite.kind === 'func')
      key += `(${composite.params.map(value).join()}>${composite.results.map(value).join()})`;
    else {
      const fields = composite.kind === 'struct' ? composite.fields : [composite.element];
      key += `${composite.kind}(${fields.map((field) => `${field.mutable ? 'm' : ''}${value(field.storage)}`).join()})`;
    }
    key += ';';
  }
  return key;
}
