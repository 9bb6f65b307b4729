import { freshKey } from './call-options.ts';
import type { Workers } from './workers.ts';

/** The functions of T, each a call that ends when the worker has answered. */
export type Remote<T> = {
  readonly [Name in keyof T]: T[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

/** How an object calls its worker. */
export interface RemoteOptions {
  /**
   * Each call carries a key of its own: it is sent again when the connection breaks, done once, and answered wherever the worker is by then,
   * also after a crash. The node keeps such a call on disk, whatever the worker's policy. Default: false.
   */
  readonly once?: boolean;
}

/** An object whose every function calls the worker's export of that name. */
export function remoteOf<T extends object>(
  workers: Workers,
  name: string,
  { once = false }: RemoteOptions = {},
): Remote<T> {
  const functions = new Map<string, (...args: unknown[]) => Promise<unknown>>();
  const target = {
    get(_: object, exportName: string | symbol): unknown {
      // An object with a function "then" is a promise.
      if (typeof exportName !== 'string' || exportName === 'then') return undefined;
      const known = functions.get(exportName);
      if (known !== undefined) return known;
      const call = (...args: unknown[]): Promise<unknown> =>
        workers.callTyped(name, exportName, args, once ? { key: freshKey() } : {});
      functions.set(exportName, call);
      return call;
    },
  };
  return new Proxy({}, target) as Remote<T>; // what the worker exports is its author's promise
}
