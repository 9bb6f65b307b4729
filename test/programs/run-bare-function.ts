import { createFunctionImports, type Expected, type FunctionProgram } from './corpus.ts';

/** What V8 says of a trap, and its code. Other engines word it otherwise. */
const TRAPS = [
  [/unreachable/, 'unreachable'],
  [/memory access out of bounds/, 'memory-out-of-bounds'],
  [/element segment out of bounds|table.*out of bounds/, 'table-out-of-bounds'],
  [/array element access out of bounds/, 'array-out-of-bounds'],
  [/(?:divide|remainder) by zero/, 'divide-by-zero'],
  [/divide result unrepresentable/, 'integer-overflow'],
  [/float unrepresentable/, 'invalid-conversion'],
  [/function signature mismatch/, 'indirect-call-type'],
  [/dereferencing a null/, 'null-reference'],
  [/illegal cast/, 'cast-failure'],
] as const;

/** Runs a function program on the bare engine: the reference that every other way of running it is compared with. */
export async function runBareFunction(program: FunctionProgram): Promise<Expected> {
  const { instance } = await WebAssembly.instantiate(await program.load(), createFunctionImports());
  // `run` is a function by the corpus's own rule.
  const run = instance.exports[program.export] as (...args: readonly unknown[]) => unknown;
  try {
    const result = run(...program.args);
    return { kind: 'returned', values: result === undefined ? [] : Array.isArray(result) ? result : [result] };
  } catch (error) {
    if (error instanceof WebAssembly.Exception) return { kind: 'trapped', code: 'exception' };
    if (error instanceof RangeError) return { kind: 'trapped', code: 'stack-overflow' };
    const message = error instanceof WebAssembly.RuntimeError ? error.message : undefined;
    const code = message === undefined ? undefined : TRAPS.find(([pattern]) => pattern.test(message))?.[1];
    if (code === undefined) throw error;
    return { kind: 'trapped', code };
  }
}
