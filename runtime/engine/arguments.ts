/** Arguments of a call, as the WebAssembly JavaScript interface has them. */
import { PluvioError } from '../errors/index.ts';
import { HEAP, heapOf, I64, isRef, typeText, V128, type ValType } from '../wasm/index.ts';

/**
 * Refuses what the interface would not convert (numbers for i64, bigints for the other number types, anything for v128, a funcref that is no
 * function), and texts and objects for numbers, which it would. What is missing counts as undefined.
 * @throws PluvioError `INVALID_ARGUMENT`
 */
export function checkArguments(params: readonly ValType[], args: readonly unknown[]): void {
  params.forEach((type, index) => {
    const value = args[index];
    const kind = value === null ? 'null' : typeof value;
    if (fits(type, kind)) return;
    throw new PluvioError(
      'INVALID_ARGUMENT',
      `argument ${index} is of type ${kind}; the function takes ${typeText(type)}`,
      {
        index,
      },
    );
  });
}

function fits(type: ValType, kind: string): boolean {
  if (type === I64) return kind === 'bigint';
  if (type === V128) return false; // the interface has no vectors
  if (isRef(type)) return heapOf(type) !== HEAP.func || kind === 'function' || kind === 'null';
  return kind === 'number' || kind === 'undefined' || kind === 'boolean' || kind === 'null';
}
