/** All functions of snapshot_preview1: name, wasm signature, rights that descriptors need, implementation. */
import type { HostFunction } from '../../engine/types.ts';
import { boundFunctions } from '../bound-functions.ts';
import { Errno, ERRNO } from '../errno.ts';
import type { WasiContext } from './context.ts';
import type { WasiFunction } from './define.ts';
import { FD_FUNCTIONS } from './fd-functions.ts';
import { IO_FUNCTIONS } from './io-functions.ts';
import { PATH_FUNCTIONS } from './path-functions.ts';
import { POLL_FUNCTIONS } from './poll-functions.ts';
import { PROCESS_FUNCTIONS } from './process-functions.ts';
import { SOCK_FUNCTIONS } from './sock-functions.ts';

export const WASI_FUNCTIONS = {
  ...PROCESS_FUNCTIONS,
  ...FD_FUNCTIONS,
  ...IO_FUNCTIONS,
  ...PATH_FUNCTIONS,
  ...POLL_FUNCTIONS,
  ...SOCK_FUNCTIONS,
} as const satisfies Record<string, WasiFunction>;

export type WasiFunctionName = keyof typeof WASI_FUNCTIONS;

/** A row as a function that the engine can link: checks rights, and turns a thrown Errno into the result. */
function bindFunction(wasi: WasiContext, row: WasiFunction): HostFunction {
  const run = row.run as (wasi: WasiContext, ...args: unknown[]) => unknown; // the engine passes what `params` says
  return (...args: unknown[]): unknown => {
    const values = args.map((value) => (typeof value === 'number' ? value >>> 0 : value));
    try {
      for (const [param, rights] of row.rights) wasi.descriptors.withRights(Number(values[param]), rights);
      return run(wasi, ...values) ?? ERRNO.success;
    } catch (error) {
      if (error instanceof Errno) return error.code;
      throw error;
    }
  };
}

const NAMES: ReadonlySet<WasiFunctionName> = new Set(Object.keys(WASI_FUNCTIONS) as WasiFunctionName[]); // the keys of the table

/** All functions over one context. */
export const bindFunctions = (wasi: WasiContext): Record<WasiFunctionName, HostFunction> =>
  boundFunctions(NAMES, (name) => bindFunction(wasi, WASI_FUNCTIONS[name]));
