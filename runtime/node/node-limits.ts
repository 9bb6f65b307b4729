import { type LimitRow, resolveLimits } from '../limits/index.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Every limit of a node. docs/http-api.md lists them. */
export const NODE_LIMITS = {
  workers: { default: 1000, min: 1, max: 100_000, unit: 'workers' },
  liveWorkers: {
    default: 12_000,
    min: 1,
    max: 100_000,
    unit: 'workers in memory at a time; a process has address space for about 16,000 memories',
  },
  placeWaitMs: { default: 10_000, min: 0, max: 600_000, unit: 'ms that a worker waits to come into memory' },
  guestMemoryBytes: {
    default: 2 * GIB,
    min: MIB,
    max: 4096 * GIB,
    unit: 'bytes of memory of all workers together',
  },
  jsonBytes: { default: MIB, min: KIB, max: 64 * MIB, unit: 'bytes of a JSON body' },
  callBytes: { default: 4 * MIB, min: 0, max: 256 * MIB, unit: 'bytes of what an export or mailbox is given' },
  moduleBytes: { default: 64 * MIB, min: KIB, max: GIB, unit: 'bytes of a module' },
  blobBytes: { default: 256 * MIB, min: MIB, max: 2 * GIB, unit: 'bytes of one blob' },
  bundleBytes: { default: 2 * GIB, min: MIB, max: 64 * GIB, unit: 'bytes of a bundle or blob stream' },
  logBytes: { default: MIB, min: 4 * KIB, max: 256 * MIB, unit: 'bytes of log kept per worker' },
  stdinBytes: { default: MIB, min: KIB, max: 256 * MIB, unit: 'bytes of unread standard input per worker' },
  mailbox: { default: 10_000, min: 1, max: 1_000_000, unit: 'calls and messages that wait for a worker' },
  checkpointDeltas: { default: 16, min: 0, max: 256, unit: 'checkpoints in a row that hold only what changed' },
  deltaPages: {
    default: 16,
    min: 1,
    max: 65_536,
    unit: 'pages of memory from which checkpoints of a worker may hold only what changed',
  },
  rememberedBytes: {
    default: 512 * MIB,
    min: 0,
    max: 4096 * GIB,
    unit: 'bytes of memory remembered for such checkpoints, of all workers together',
  },
  unusedModuleMs: {
    default: 60_000,
    min: 0,
    max: 86_400_000,
    unit: 'ms that a module stays in memory which no worker there uses',
  },
  eventHistory: { default: 1000, min: 0, max: 100_000, unit: 'events kept for late readers' },
  streams: { default: 256, min: 1, max: 10_000, unit: 'open log and event streams' },
  stallMs: { default: 60_000, min: 10, max: 3_600_000, unit: 'ms that a stream waits for its reader to take more' },
  waitMs: { default: 60_000, min: 0, max: 600_000, unit: 'ms that a request may wait for an outcome' },
  requestMs: { default: 300_000, min: 1000, max: 3_600_000, unit: 'ms for receiving one request' },
  ingressMs: { default: 30_000, min: 10, max: 3_600_000, unit: 'ms that an HTTP request to a worker may take' },
  ingressHops: { default: 4, min: 0, max: 16, unit: 'nodes that pass an HTTP request to a worker on' },
  peerMs: { default: 30_000, min: 100, max: 600_000, unit: 'ms for an answer of another node' },
  transferMs: { default: 600_000, min: 1000, max: 86_400_000, unit: 'ms for one blob stream to another node' },
  leaseMs: { default: 60_000, min: 100, max: 3_600_000, unit: 'ms that a prepared move waits for its commit' },
  retryMinMs: { default: 200, min: 10, max: 60_000, unit: 'ms before the first question about a move in doubt' },
  retryMaxMs: { default: 15_000, min: 10, max: 600_000, unit: 'ms between questions about a move in doubt' },
  doubtMs: { default: 30_000, min: 0, max: 600_000, unit: 'ms that the request for a move waits for a doubt to end' },
  movesKept: { default: 10_000, min: 10, max: 1_000_000, unit: 'finished incoming moves remembered' },
  closeMs: { default: 10_000, min: 0, max: 600_000, unit: 'ms for a graceful shutdown' },
} as const satisfies Record<string, LimitRow>;

export type NodeLimitName = keyof typeof NODE_LIMITS;
/** Every limit of a node by name; docs/http-api.md lists them. */
export type NodeLimits = Readonly<Record<NodeLimitName, number>>;

/**
 * Fills in defaults and checks every limit against its range.
 * @throws PluvioError `LIMIT_OUT_OF_RANGE`
 */
export function resolveNodeLimits(limits: Partial<NodeLimits> = {}): NodeLimits {
  return resolveLimits(NODE_LIMITS, limits, 'node limit');
}
