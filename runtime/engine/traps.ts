/** What ended a guest, as its engine tells it. */
import { ENGINE_FUNCS } from '../instrument/index.ts';
import type { LoadedModule } from './loaded-module.ts';
import type { EngineThread } from './thread.ts';
import type { Outcome, TraceFrame, TrapCode } from './types.ts';

/** Words of the engines' messages, in the order in which they are tried. */
const TRAPS: readonly (readonly [RegExp, TrapCode])[] = [
  [/unreachable/i, 'unreachable'],
  [/stack (size )?exceeded|too much recursion|stack overflow/i, 'stack-overflow'],
  [/array/i, 'array-out-of-bounds'],
  [/table|element segment/i, 'table-out-of-bounds'],
  [/memory|data segment|unaligned/i, 'memory-out-of-bounds'],
  [/null function|call to null|uninitialized|call_indirect to a null/i, 'indirect-call-null'],
  [/signature|function type/i, 'indirect-call-type'],
  [/divide by zero|division by zero|remainder by zero/i, 'divide-by-zero'],
  [/unrepresentable|conversion|truncat/i, 'invalid-conversion'],
  [/integer overflow|divide result/i, 'integer-overflow'],
  [/null/i, 'null-reference'],
  [/cast/i, 'cast-failure'],
];

/** More specific than the order above allows. */
const EXACT: ReadonlyMap<string, TrapCode> = new Map<string, TrapCode>([
  ['null function or function signature mismatch', 'indirect-call-type'],
  ['table index is out of bounds', 'table-out-of-bounds'],
  ['float unrepresentable in integer range', 'invalid-conversion'],
  ['divide result unrepresentable', 'integer-overflow'],
  ['dereferencing a null pointer', 'null-reference'],
]);

/** The code of a trap by its message. */
export function trapCode(message: string): TrapCode {
  return EXACT.get(message) ?? TRAPS.find(([words]) => words.test(message))?.[1] ?? 'unknown';
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
  if (thrown instanceof WebAssembly.RuntimeError) return { kind: 'trapped', code: trapCode(message), message, frames };
  if (thrown instanceof RangeError || message.includes('too much recursion')) {
    return { kind: 'trapped', code: 'stack-overflow', message: 'the stack of this engine is exhausted', frames };
  }
  return { kind: 'trapped', code: 'exception', message, frames, cause: thrown };
}

const V8_FRAME = /(?:at |^)(?:(?<name>\S+) \()?(?:\S*?)wasm-function\[(?<index>\d+)\]/;
/** Functions of side modules are named after the function that they continue. */
const CONTINUED = /^@(?<func>\d+)$/;

/** Guest frames of an engine's stack trace, innermost first. */
function traceFrames(error: Error, module: LoadedModule): TraceFrame[] {
  const { importedFuncs, funcs } = module.module;
  const frames: TraceFrame[] = [];
  for (const line of (error.stack ?? '').split('\n')) {
    const groups = V8_FRAME.exec(line)?.groups;
    if (groups === undefined) continue;
    const continued = CONTINUED.exec(groups['name'] ?? '')?.groups?.['func'];
    const index = continued === undefined ? Number(groups['index']) - ENGINE_FUNCS.length : Number(continued);
    if (index < importedFuncs || index >= funcs.length) continue;
    frames.push({ func: index, name: module.funcName(index), pc: undefined });
  }
  return frames;
}
