/** The outcome of a call that returned; a command's `_start` that returns has exited with code 0. */
import type { LoadedModule } from './loaded-module.ts';
import type { Outcome } from './types.ts';

/** @param result As the JavaScript interface gives it: one value, or an iterable of several. */
export function returnedOutcome(result: unknown, module: LoadedModule, func: number): Outcome {
  if (func === module.exportedFunc('_start')) return { kind: 'exited', code: 0 };
  const { results } = module.program.funcType(func);
  if (results.length === 0) return { kind: 'returned', values: [] };
  return { kind: 'returned', values: results.length === 1 ? [result] : [...(result as Iterable<unknown>)] }; // as the interface says
}
