/**
 * WebAssembly stacks that the engine puts aside: JavaScript Promise Integration (its proposal's JavaScript API, phase 4), where there is one.
 *
 * Boundary: the engine's two functions, typed.
 */
type Func = (...args: never[]) => unknown;

export interface PromiseIntegration {
  /** The same export on a stack of its own: gives a promise of its result. */
  promising(func: Func): (...args: readonly unknown[]) => Promise<unknown>;
  /** An import that puts such a stack aside when it returns a promise; on another stack it traps. */
  suspending(func: Func): WebAssembly.ImportValue;
}

/** What the engine has; undefined: nothing. */
export function findPromiseIntegration(): PromiseIntegration | undefined {
  const promising: unknown = Reflect.get(WebAssembly, 'promising');
  const Suspending: unknown = Reflect.get(WebAssembly, 'Suspending');
  if (typeof promising !== 'function' || typeof Suspending !== 'function') return undefined;
  return {
    promising: promising as PromiseIntegration['promising'], // as the proposal says
    suspending: (func) => Reflect.construct(Suspending, [func]) as WebAssembly.ImportValue, // likewise
  };
}
