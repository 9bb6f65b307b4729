/** Adds the definitions of a module to the draft of another, in their places. */
import type { ByteRange, ElementDraft, ElementSegment, Module, ModuleDraft } from '../wasm/index.ts';
import { type Placement, Renumbering, subTypeAt, typeAt } from './renumber.ts';

export function placeDefinitions(draft: ModuleDraft, module: Module, place: Placement): void {
  const code = new Renumbering(module, place);
  const exprOf = (range: ByteRange | undefined): Uint8Array | undefined => range && code.expr(range);
  for (const type of module.types) draft.types.push(subTypeAt(type, place));
  module.funcs.forEach(({ typeIndex, body }, index) => {
    if (body !== undefined) draft.funcs.push({ typeIndex: typeIndex + place.types, body: code.body(index) });
  });
  for (const { type, imported, init } of module.tables) {
    if (imported) continue;
    const element = typeAt(type.element, place.types);
    draft.tables.push({ type: { ...type, element }, init: exprOf(init) });
  }
  for (const { type, imported } of module.memories) if (!imported) draft.memories.push(type);
  for (const { type, init } of module.globals) {
    if (init === undefined) continue;
    draft.globals.push({ type: { ...type, type: typeAt(type.type, place.types) }, init: code.expr(init) });
  }
  for (const { type, imported } of module.tags) {
    if (!imported) draft.tags.push({ typeIndex: type.typeIndex + place.types });
  }
  for (const segment of module.elements) draft.elements.push(elementAt(segment, place, code));
  for (const { mode, memoryIndex, offset, content } of module.datas) {
    draft.datas.push({
      mode,
      memoryIndex: place.memories[memoryIndex] ?? memoryIndex,
      offset: exprOf(offset),
      content: module.bytes.subarray(content.start, content.end),
    });
  }
}

function elementAt(
  { mode, tableIndex, offset, type, items }: ElementSegment,
  place: Placement,
  code: Renumbering,
): ElementDraft {
  return {
    mode,
    tableIndex: place.tables[tableIndex] ?? tableIndex,
    offset: offset && code.expr(offset),
    type: typeAt(type, place.types),
    items:
      items.kind === 'funcs'
        ? { kind: 'funcs', funcs: items.funcs.map((func) => place.funcs[func] ?? func) }
        : { kind: 'exprs', exprs: items.exprs.map((expr) => code.expr(expr)) },
  };
}
