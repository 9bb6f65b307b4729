import { type Code, OP } from '../wasm/index.ts';

const NONE: ReadonlySet<number> = new Set();

/**
 * The legacy `try` rows whose handlers rethrow: what they caught must be kept, so that a continuation inside such a handler can
 * bring the exception back.
 */
export function findCaptures(code: Code): ReadonlySet<number> {
  if (!code.op.subarray(0, code.length).includes(OP.rethrow)) return NONE;
  const found = new Set<number>();
  const openers: number[] = [];
  for (let row = 0; row < code.length; row++) {
    switch (code.op[row]) {
      case OP.block:
      case OP.loop:
      case OP.if:
      case OP.try:
      case OP.try_table:
        openers.push(row);
        break;
      case OP.end:
      case OP.delegate:
        openers.pop();
        break;
      case OP.rethrow: {
        const target = openers[openers.length - 1 - (code.a[row] ?? 0)];
        if (target !== undefined) found.add(target);
        break;
      }
      default:
    }
  }
  return found;
}
