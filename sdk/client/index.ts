export type { Outcome, TraceFrame, TrapCode } from '../../runtime/engine/types.ts';
export { ERROR_CODES, type ErrorCode, PluvioError } from '../../runtime/errors/index.ts';
export type {
  BundleInfo,
  CheckpointInfo,
  DrainState,
  EventKind,
  MoveResult,
  NodeEvent,
  NodeInfo,
  Reverted,
  Updated,
  WorkerInfo,
  ComponentFunction,
  WorkerInterface,
  WorkerStack,
  WorkerStatus,
} from '../../runtime/node/api-types.ts';
export { Bundles } from './bundles.ts';
export type { CallOptions } from './call-options.ts';
export { type EventOptions, PluvioClient } from './client.ts';
export type { CreateWorker } from './create-worker.ts';
export type { LogOptions, LogPiece } from './logs.ts';
export type { Remote, RemoteOptions } from './remote.ts';
export type { BodyInput, ClientOptions, FetchFunction } from './transport.ts';
export type { CallValue } from './values.ts';
export { Workers } from './workers.ts';
