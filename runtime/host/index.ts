export type { FileSource, Files } from './files/base-tree.ts';
export type { ClockSource } from './wasi/guest-clock.ts';
export type { SleepFunction } from './wasi/context.ts';
export { WASI_LIMITS, type WasiLimitName, type WasiLimits } from './wasi/limits.ts';
export type { WasiOptions } from './wasi/options.ts';
export type { OutputFunction } from './wasi/output.ts';
export type { StdinSource } from './wasi/stdin.ts';
export { createWasi, type WasiHost } from './wasi/wasi-host.ts';
export { createWorker, forkWorker, type GuestOptions, restoreWorker, stageWorker } from './create.ts';
