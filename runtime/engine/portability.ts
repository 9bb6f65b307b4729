/** Which parts of a module's state cannot be captured, found when the module is loaded. */
import type { Program } from '../instrument/index.ts';
import { decodeExpr, OP } from '../wasm/index.ts';

/** Whether workers of a module can be kept and moved; if not, why, with function and offset. */
export type Portability =
  { readonly migratable: true } | { readonly migratable: false; readonly reasons: readonly string[] };

/** More reasons than this are not listed. */
const REASONS_MAX = 20;

/**
 * What a worker's state may lead to at run time and no snapshot can hold (a value of the host without a handle, a function of
 * another module) is no matter of the module: the snapshot that meets it is refused, and the worker goes on.
 */
export function portabilityOf({ module }: Program): Portability {
  const reasons: string[] = [];
  module.memories.forEach(({ type }, index) => {
    if (type.limits.shared) reasons.push(`memory ${index} is shared between threads`);
  });
  module.elements.forEach(({ mode, items }, index) => {
    if (mode !== 'passive' || items.kind !== 'exprs') return;
    const allocates = items.exprs.some((expr) => {
      const { op, length } = decodeExpr(module, expr);
      return op.subarray(0, length).some((code) => ALLOCATING.has(code));
    });
    // An instance makes its own, which nothing can exchange for those of another instance.
    if (allocates) reasons.push(`element segment ${index} is passive and makes objects`);
  });
  if (reasons.length === 0) return { migratable: true };
  const more = reasons.length - REASONS_MAX;
  return { migratable: false, reasons: more > 0 ? [...reasons.slice(0, REASONS_MAX), `and ${more} more`] : reasons };
}

/** Constant instructions that make an object. */
const ALLOCATING: ReadonlySet<number> = new Set([
  OP['struct.new'],
  OP['struct.new_default'],
  OP['array.new'],
  OP['array.new_default'],
  OP['array.new_fixed'],
]);
