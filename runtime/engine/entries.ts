/** The two ends of a call: what goes into it and what came out, as WebAssembly has it or as a host does. */
import { checkArguments } from './arguments.ts';
import type { LoadedModule } from './loaded-module.ts';
import type { HostEntry, HostModule, Outcome } from './types.ts';
import type { EntryCall, WorkerParts } from './worker-parts.ts';

const NONE: ReadonlyMap<number, HostEntry> = new Map();

/** What the hosts do for exports, by function index. */
export function hostEntries(module: LoadedModule, hosts: readonly HostModule[]): ReadonlyMap<number, HostEntry> {
  const all = hosts.flatMap(({ entries }) => [...(entries ?? [])]);
  return all.length === 0 ? NONE : new Map(all.map(([name, entry]) => [module.requireFunc(name), entry]));
}

/** @throws PluvioError `EXPORT_NOT_FOUND`, `INVALID_ARGUMENT` */
export function beginCall({ module, entries }: WorkerParts, name: string, args: readonly unknown[]): EntryCall {
  const func = module.requireFunc(name);
  const entry = entries.get(func);
  if (entry === undefined) {
    checkArguments(module.program.funcType(func).params, args);
    return { func, args };
  }
  entry.begin(args);
  return { func, args: [] };
}

/**
 * The outcome of a call that returned; a command's `_start` that returns has exited with code 0.
 * @param result As the JavaScript interface gives it: one value, or an iterable of several.
 */
export function returnedOutcome({ module, entries }: WorkerParts, func: number, result: unknown): Outcome {
  if (func === module.exportedFunc('_start')) return { kind: 'exited', code: 0 };
  const entry = entries.get(func);
  if (entry !== undefined) return { kind: 'returned', values: entry.end() };
  const { results } = module.program.funcType(func);
  if (results.length === 0) return { kind: 'returned', values: [] };
  return { kind: 'returned', values: results.length === 1 ? [result] : [...(result as Iterable<unknown>)] }; // as the interface says
}
