/** The messages of the test suite for traps, and our codes that they allow. */
import type { TrapCode } from '../../runtime/engine/index.ts';

/** By the beginning of the message; the first row that fits counts. */
const TRAPS: readonly (readonly [message: string, codes: readonly TrapCode[]])[] = [
  ['unreachable', ['unreachable']],
  ['integer divide by zero', ['divide-by-zero']],
  // Engines have one message for all floats that no integer stands for.
  ['integer overflow', ['integer-overflow', 'invalid-conversion']],
  ['invalid conversion to integer', ['invalid-conversion']],
  ['out of bounds memory access', ['memory-out-of-bounds']],
  ['unaligned atomic', ['memory-out-of-bounds']],
  // Waiting without anybody who could wake: it has no code of its own.
  ['expected shared memory', ['unknown']],
  ['out of bounds table access', ['table-out-of-bounds']],
  ['out of bounds array access', ['array-out-of-bounds']],
  ['undefined element', ['table-out-of-bounds']],
  // V8 has one message for a null element and for one of another type.
  ['uninitialized element', ['indirect-call-null', 'indirect-call-type']],
  ['indirect call type mismatch', ['indirect-call-type']],
  ['indirect call', ['indirect-call-type']],
  ['null function', ['null-reference', 'indirect-call-null']],
  ['null', ['null-reference']],
  ['cast failure', ['cast-failure']],
  ['call stack exhausted', ['stack-overflow']],
];

/** @throws Error the message is not one of the suite's that the table knows */
export function expectedTraps(message: string): readonly TrapCode[] {
  const row = TRAPS.find(([start]) => message.startsWith(start));
  if (row === undefined) throw new Error(`no trap code is known for "${message}"`);
  return row[1];
}
