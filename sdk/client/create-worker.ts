/** What a worker is made of, and the request for it. */
import type { WorkerLimits } from '../../runtime/engine/types.ts';
import type { TransportRequest } from './transport.ts';

/** Compiling a module may take a while. */
const MODULE_TIMEOUT_MS = 120_000;

/** A worker from a bundle that the node has or pulls from a registry, or from the bytes of a module. */
export type CreateWorker =
  | ((
      | { readonly bundle: string }
      /** As host/repository:tag; the config of the node must list it. */
      | { readonly reference: string }
    ) & {
      /** Default: the name in the bundle's manifest. */
      readonly name?: string;
      readonly start?: boolean;
      readonly stdin?: 'open' | 'closed';
      /** Default: that of the token. */
      readonly tenant?: string;
    })
  | {
      readonly module: Uint8Array;
      readonly name: string;
      readonly args?: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
      readonly limits?: Omit<WorkerLimits, 'tableElements' | 'heapBytes'>;
      readonly start?: boolean;
      readonly stdin?: 'open' | 'closed';
      readonly tenant?: string;
    };

export function requestOf(worker: CreateWorker): Omit<TransportRequest, 'method' | 'path'> {
  if ('bundle' in worker) return { json: worker };
  if ('reference' in worker) return { json: worker, timeoutMs: 0 };
  const { module, name, args, env = {}, limits = {}, start, stdin, tenant } = worker;
  const query = {
    name,
    arg: args,
    env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
    start,
    stdin,
    tenant,
    fuel: limits.fuel?.toString(),
    memoryPages: limits.memoryPages,
    stackDepth: limits.stackDepth,
    wallClockMs: limits.wallClockMs,
  };
  return { query, body: module, contentType: 'application/wasm', timeoutMs: MODULE_TIMEOUT_MS };
}
