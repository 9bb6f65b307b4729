/** Which parts of a module's state cannot be captured, found when the module is loaded. */
import type { Program } from '../instrument/index.ts';
import { hex, HEAP, heapOf, isRef, typeText, type ValType } from '../wasm/index.ts';

export type Portability =
  { readonly migratable: true } | { readonly migratable: false; readonly reasons: readonly string[] };

/** More reasons than this are not listed. */
const REASONS_MAX = 20;

/** Whether values of a type can be written into a snapshot. An externref can, where the host gives it a handle. */
export function isCapturable(program: Program, type: ValType): boolean {
  if (!isRef(type)) return true;
  const heap = heapOf(type);
  if (heap >= 0) return program.heapTop(heap) === HEAP.func;
  return heap === HEAP.func || heap === HEAP.nofunc || heap === HEAP.extern || heap === HEAP.noextern;
}

/** Collects the reasons while a module is instrumented. */
export class PortabilityReport {
  readonly #reasons: string[] = [];
  #more = 0;

  add(reason: string): void {
    if (this.#reasons.length < REASONS_MAX) this.#reasons.push(reason);
    else this.#more++;
  }

  /** Memories, tables and globals of the module. */
  addModule(program: Program): void {
    const { module } = program;
    module.memories.forEach((memory, index) => {
      if (memory.type.limits.shared) this.add(`memory ${index} is shared between threads`);
    });
    module.tables.forEach((table, index) => {
      const { element } = table.type;
      if (!isCapturable(program, element)) this.add(`table ${index} holds ${typeText(element)}`);
    });
    module.globals.forEach((global, index) => {
      const { type, mutable } = global.type;
      if (mutable && !isCapturable(program, type)) this.add(`global ${index} holds ${typeText(type)}`);
    });
  }

  /** A value that a function may hold where it can be stopped. */
  addValue(func: number, offset: number, type: ValType): void {
    this.add(`function ${func} may hold ${typeText(type)} where it can be stopped, at offset ${hex(offset)}`);
  }

  finish(): Portability {
    if (this.#reasons.length === 0) return { migratable: true };
    const rest = this.#more === 0 ? [] : [`and ${this.#more} more`];
    return { migratable: false, reasons: [...this.#reasons, ...rest] };
  }
}
