/** The validation context of a module (core specification 3.1.1 and 3.5.10). */
import { Code } from './code.ts';
import { decodeExpr } from './code-decode.ts';
import type { ConstExpr, Module } from './module.ts';
import { OP } from './opcode-table.ts';
import type { TypingContext } from './typing-record.ts';

const OP_REF_FUNC = OP['ref.func'];

/** Functions that occur in the module outside of bodies and the start section: those that `ref.func` may name. */
function referencedFuncs(module: Module): ReadonlySet<number> {
  const found = new Set<number>();
  const scratch = new Code(module.bytes, 16);
  const search = (expr: ConstExpr | undefined): void => {
    if (expr === undefined) return;
    const code = decodeExpr(module, expr, scratch);
    for (let row = 0; row < code.length; row++) if (code.op[row] === OP_REF_FUNC) found.add(code.a[row] ?? 0);
  };
  for (const { kind, index } of module.exports) if (kind === 'func') found.add(index);
  for (const { init } of module.globals) search(init);
  for (const { init } of module.tables) search(init);
  for (const { offset } of module.datas) search(offset);
  for (const { offset, items } of module.elements) {
    search(offset);
    if (items.kind === 'funcs') for (const func of items.funcs) found.add(func);
    else for (const expr of items.exprs) search(expr);
  }
  return found;
}

/** What bodies see of a module. */
export function contextOf(module: Module): TypingContext {
  let referenced: ReadonlySet<number> | undefined;
  return {
    types: module.types,
    funcs: module.funcs,
    tables: module.tables,
    memories: module.memories,
    globals: module.globals,
    tags: module.tags,
    elements: module.elements,
    dataCount: module.hasDataCount ? module.datas.length : undefined,
    declaredFuncs: (func) => (referenced ??= referencedFuncs(module)).has(func),
  };
}
