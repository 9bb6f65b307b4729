/**
 * The functions of one host, each made when it is first asked for: a module imports a few of them, and there are very many hosts.
 *
 * Boundary: an object as any other to those who look names up; nobody else sees the difference.
 */
import type { HostFunction } from '../engine/types.ts';

class BoundFunctions implements ProxyHandler<Record<string, HostFunction>> {
  readonly #names: ReadonlySet<string>;
  readonly #make: (name: string) => HostFunction;

  constructor(names: ReadonlySet<string>, make: (name: string) => HostFunction) {
    this.#names = names;
    this.#make = make;
  }

  get(bound: Record<string, HostFunction>, name: string): HostFunction | undefined {
    if (!this.#names.has(name)) return undefined;
    return (bound[name] ??= this.#make(name));
  }

  getOwnPropertyDescriptor(bound: Record<string, HostFunction>, name: string): PropertyDescriptor | undefined {
    const value = this.get(bound, name);
    return value && { value, enumerable: true, configurable: true, writable: true };
  }

  ownKeys(): string[] {
    return [...this.#names];
  }
}

/** An object with these functions, which `make` makes by name. */
export const boundFunctions = <Name extends string>(
  names: ReadonlySet<Name>,
  make: (name: Name) => HostFunction,
): Record<Name, HostFunction> =>
  new Proxy<Record<string, HostFunction>>({}, new BoundFunctions(names, make as (name: string) => HostFunction)); // asked for these names alone
