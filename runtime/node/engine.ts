/**
 * What the node needs of the engine: nothing else of it is imported here.
 *
 * Boundary: types, so that a node can be driven by any engine that keeps this contract.
 */
import type { Snapshot } from '../engine/snapshot.ts';
import type { Outcome, WorkerOptions, WorkerState } from '../engine/types.ts';

/** Keeps what the engine makes of a module, by key; a miss only costs time. */
export interface ModuleCache {
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, bytes: Uint8Array): Promise<void>;
}

export interface EngineModule {
  readonly portability:
    { readonly migratable: true } | { readonly migratable: false; readonly reasons: readonly string[] };
  /** SHA-256 of the bytes, hexadecimal. */
  readonly digest: string;
  readonly exports: readonly { readonly name: string; readonly kind: string }[];
}

export interface EngineWorker {
  readonly state: WorkerState;
  readonly fuelUsed: bigint;
  readonly memoryPages: number;
  start(): Promise<Outcome>;
  call(name: string, args: readonly unknown[]): Promise<Outcome>;
  /** Resolves when the call in progress is stopped or has ended. */
  stop(): Promise<void>;
  resume(): Promise<Outcome>;
  capture(): Snapshot;
  close(): void;
}

export interface Engine {
  loadModule(bytes: Uint8Array, options?: { readonly cache?: ModuleCache }): Promise<EngineModule>;
  createWorker(module: EngineModule, options?: WorkerOptions): Promise<EngineWorker>;
  restoreWorker(module: EngineModule, snapshot: Snapshot, options?: WorkerOptions): Promise<EngineWorker>;
}
