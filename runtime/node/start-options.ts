/** What a node is started with, and what it is then. */
import type { CheckpointPolicy } from '../bundle/index.ts';
import type { PluvioError } from '../errors/index.ts';
import type { Clock } from './clock.ts';
import type { FaultHook } from './faults.ts';
import type { Logger } from './logger.ts';
import type { TracingOptions } from './metrics/tracing.ts';
import type { NodeLimits } from './node-limits.ts';
import type { RightsOptions } from './node-rights.ts';
import type { OutboundHttpOptions } from './outbound-http.ts';
import type { QuotaOptions } from './quotas/index.ts';
import type { RegistrySettings } from './registry/index.ts';
import type { StoreLimits } from './store/index.ts';
import type { EngineKind } from './threads/engine-start.ts';

/** What a node is started with; docs/config.md has the same as settings. */
export interface NodeOptions extends RightsOptions {
  /** `host:port`; port 0 takes a free one. Default: 127.0.0.1:7071. */
  readonly listen?: string;
  /** `host:port` where HTTP requests are answered by workers, by the routes of their manifests; default: nowhere. */
  readonly ingress?: string;
  /** The address at which other nodes reach that; default: the one that it listens on. */
  readonly ingressUrl?: string;
  /** Workers with metrics of their own; all others are told as one. */
  readonly metricSeries?: number;
  /** Where traces are sent to; default: nowhere. */
  readonly tracing?: Pick<TracingOptions, 'endpoint' | 'sampleRatio'>;
  /** Where state is kept; without it nothing outlives the process. One node at a time may use it. */
  readonly dataDir?: string;
  readonly limits?: Partial<NodeLimits>;
  /** When the state of workers is kept whose manifest says nothing; default: never. */
  readonly checkpointPolicy?: CheckpointPolicy;
  /** Time without work after which workers leave memory whose manifest says nothing; default: never. */
  readonly hibernateAfterMs?: number;
  /** How requests of workers are sent. */
  readonly outbound?: OutboundHttpOptions;
  /** What workers and tenants may have, within what the node has. */
  readonly quotas?: QuotaOptions;
  /** Registries that the node pulls bundles from; default: none. */
  readonly registries?: RegistrySettings;
  readonly storeLimits?: Partial<StoreLimits>;
  /** Where workers run: in threads (default), in processes, or on the thread of the caller. */
  readonly isolation?: EngineKind;
  /** Most threads or processes that run workers; default: one per core, 16 where tenants are kept apart. */
  readonly engines?: number;
  /** No two tenants share a thread or process. */
  readonly isolateTenants?: boolean;
  /** User, by name or number, that processes which run workers run as; the node must be root. Default: that of the node. */
  readonly engineUser?: string;
  /** MiB of JavaScript memory of one thread or process; objects of guests are in it. Default: 2048. */
  readonly engineHeapMib?: number;
  readonly name?: string;
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** Told when the node cannot go on; whoever started it should end the process. */
  readonly onFatal?: (error: PluvioError) => void;
  /** For tests: makes moves fail at named places. */
  readonly fault?: FaultHook;
}

/** A node that listens. */
export interface RunningNode {
  /** Base address of the API. */
  readonly url: string;
  readonly name: string;
  /** Where workers answer HTTP requests. */
  readonly ingress: string | null;
  /** Processes that run workers. */
  enginePids(): number[];
  /** Ends the node; workers go into checkpoints where there is a data directory. */
  close(): Promise<void>;
}

/** Takes back, last one first, what a start that fails has opened. */
export type Undo = (() => Promise<unknown>)[];
