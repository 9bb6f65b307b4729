/** What ended a guest, as its engine tells it. */
import type { LoadedModule } from './loaded-module.ts';
import { GuestTrap } from './pending.ts';
import { traceFrames, trappedInstruction } from './stack-trace.ts';
import type { EngineThread } from './thread.ts';
import type { Outcome, TrapCode } from './types.ts';

/** Patterns in the order in which they are tried. */
type Words = readonly (readonly [RegExp, TrapCode])[];

/** Words of the engines' messages. */
const TRAPS: Words = [
  [/unreachable/i, 'unreachable'],
  [/stack (size )?exceeded|too much recursion|stack overflow/i, 'stack-overflow'],
  [/dereferencing a null|to a null reference/i, 'null-reference'],
  [/array/i, 'array-out-of-bounds'],
  [/\btable|element segment|out of bounds call_indirect/i, 'table-out-of-bounds'],
  [/memory|data segment|unaligned/i, 'memory-out-of-bounds'],
  [/null function|call to null|uninitialized|call_indirect to a null/i, 'indirect-call-null'],
  [/signature|function type/i, 'indirect-call-type'],
  [/divide by zero|division by zero|remainder by zero/i, 'divide-by-zero'],
  [/float unrepresentable|conversion|trunc/i, 'invalid-conversion'],
  [/integer overflow|divide result/i, 'integer-overflow'],
  [/null/i, 'null-reference'],
  [/cast/i, 'cast-failure'],
];

/** More specific than the order above allows. */
const EXACT: ReadonlyMap<string, TrapCode> = new Map<string, TrapCode>([
  ['null function or function signature mismatch', 'indirect-call-type'],
]);

/** What an engine (JavaScriptCore) adds to a message: the JavaScript that called the guest. */
const EVALUATING = / \(evaluating '.*$/s;

/** Messages of an engine (SpiderMonkey) that stand for several traps: the instruction tells which. */
const AMBIGUOUS: ReadonlyMap<string, Words> = new Map<string, Words>([
  [
    'index out of bounds',
    [
      [/^array\./, 'array-out-of-bounds'],
      [/^table\.|call_indirect$/, 'table-out-of-bounds'],
      [/^/, 'memory-out-of-bounds'],
    ],
  ],
  [
    'integer overflow',
    [
      [/trunc/, 'invalid-conversion'],
      [/^/, 'integer-overflow'],
    ],
  ],
]);

const firstMatch = (table: Words, text: string): TrapCode | undefined => table.find(([words]) => words.test(text))?.[1];

/** The code of a trap by its message; `unknown` if the message does not tell. */
export function trapCode(message: string): TrapCode {
  return EXACT.get(message) ?? firstMatch(TRAPS, message.replace(EVALUATING, '')) ?? 'unknown';
}

/** The code of a trap by its message and, where that is not enough, by the instruction. */
function codeAt(trap: WebAssembly.RuntimeError, module: LoadedModule): TrapCode {
  const table = AMBIGUOUS.get(trap.message);
  const instruction = table === undefined ? undefined : trappedInstruction(trap, module);
  if (table === undefined || instruction === undefined) return trapCode(trap.message);
  return firstMatch(table, instruction) ?? 'unknown';
}

/** The outcome of a call that threw something other than a stop. */
export function trappedOutcome(thrown: unknown, module: LoadedModule, thread: EngineThread): Outcome {
  if (thrown instanceof WebAssembly.Exception) {
    if (thrown.is(thread.foreignTag)) {
      const cause: unknown = thrown.getArg(thread.foreignTag, 0);
      const message = `a host function threw: ${cause instanceof Error ? cause.message : String(cause)}`;
      return { kind: 'trapped', code: 'exception', message, frames: [], cause };
    }
    return {
      kind: 'trapped',
      code: 'exception',
      message: 'the guest threw an exception that nothing caught',
      frames: [],
      cause: thrown,
    };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const frames = thrown instanceof Error ? traceFrames(thrown, module) : [];
  if (thrown instanceof GuestTrap) return { kind: 'trapped', code: thrown.code, message, frames };
  if (thrown instanceof WebAssembly.RuntimeError)
    return { kind: 'trapped', code: codeAt(thrown, module), message, frames };
  if (thrown instanceof RangeError || message.includes('too much recursion')) {
    return { kind: 'trapped', code: 'stack-overflow', message: 'the stack of this engine is exhausted', frames };
  }
  return { kind: 'trapped', code: 'exception', message, frames, cause: thrown };
}
