export { createWorker, restoreWorker, stageWorker } from './create.ts';
export { detectEngine, ENGINES, type EngineName } from './engines.ts';
export { LIMITS, type ResolvedLimits, resolveLimits } from './limits.ts';
export {
  type ExternDescription,
  LoadedModule,
  loadModule,
  type LoadOptions,
  type ModuleCache,
} from './loaded-module.ts';
export { GuestExit, Pending, pending } from './pending.ts';
export type { Portability } from './portability.ts';
export * from './snapshot.ts';
export { withWholeHosts } from './host-changes.ts';
export { decodeSnapshot, encodeSnapshot } from './snapshot-codec.ts';
export { describeStack, type FramePlace, type StackFrame, type StackView } from './stack-frames.ts';
export { stackViewOf } from './stack-view.ts';
export type { StagedWorker } from './staged-worker.ts';
export type * from './types.ts';
export { SLICE_MS } from './turns.ts';
export type { FuelPool, ShareOptions } from './turn-queue.ts';
export { Worker } from './worker.ts';
