import { type LimitRow, resolveLimits } from '../../limits/index.ts';

interface AbiLimitRow extends LimitRow {
  /** What happens when it is reached; for docs/abi.md. */
  readonly reached: string;
}

const MIB = 2 ** 20;

/** Limits of one worker's host ABI. */
export const ABI_LIMITS = {
  /** Keys, values, blobs, timers' payloads, and what a transaction would restore, each entry with ENTRY_BYTES besides. */
  storageBytes: { default: 16 * MIB, min: 0, max: 2 ** 30, unit: 'bytes', reached: '`QUOTA`' },
  kvKeyBytes: { default: 1024, min: 1, max: 65_536, unit: 'bytes', reached: '`TOO_LARGE`' },
  kvValueBytes: { default: MIB, min: 0, max: 64 * MIB, unit: 'bytes', reached: '`TOO_LARGE`' },
  blobs: { default: 1024, min: 0, max: 65_536, unit: 'blobs', reached: '`QUOTA`' },
  /** Names of workers, topics, timers, blobs, configuration keys and secrets; cron expressions. */
  nameBytes: { default: 256, min: 1, max: 4096, unit: 'bytes', reached: '`TOO_LARGE`' },
  mailboxLength: { default: 1024, min: 1, max: 65_536, unit: 'inputs', reached: 'the node gives the input later' },
  /** Body of a message, a reply, a timer's payload, a request of `http_fetch`. */
  messageBytes: { default: MIB, min: 0, max: 64 * MIB, unit: 'bytes', reached: '`TOO_LARGE`' },
  /** What one call of an export may write to its output. */
  outputBytes: { default: 4 * MIB, min: 0, max: 256 * MIB, unit: 'bytes', reached: '`QUOTA`' },
  /** Body of the answer to `http_fetch`. */
  fetchBodyBytes: { default: 4 * MIB, min: 0, max: 64 * MIB, unit: 'bytes', reached: '`TOO_LARGE`' },
  /** Request of `http_fetch` and head of a response, as JSON. */
  headBytes: { default: 65_536, min: 2, max: MIB, unit: 'bytes', reached: '`TOO_LARGE`' },
  /** Message of a log entry; its fields as JSON; the message of `reply_error`. */
  logEntryBytes: { default: 16_384, min: 2, max: MIB, unit: 'bytes', reached: '`TOO_LARGE`' },
  logBytesPerSecond: { default: MIB, min: 1, max: 2 ** 30, unit: 'bytes per second', reached: 'the call takes longer' },
  hostCallsPerSecond: {
    default: 1_000_000,
    min: 1,
    max: 1e9,
    unit: 'calls per second',
    reached: 'the call takes longer',
  },
  /** Requests of `http_fetch`; a second's worth at once. */
  fetchesPerSecond: { default: 1000, min: 1, max: 100_000, unit: 'requests per second', reached: '`QUOTA`' },
  timers: { default: 256, min: 0, max: 65_536, unit: 'timers', reached: '`QUOTA`' },
  subscriptions: { default: 64, min: 0, max: 4096, unit: 'subscriptions', reached: '`QUOTA`' },
} as const satisfies Record<string, AbiLimitRow>;

export type AbiLimitName = keyof typeof ABI_LIMITS;
export type AbiLimits = { readonly [Name in AbiLimitName]?: number };
export type ResolvedAbiLimits = { readonly [Name in AbiLimitName]: number };

/** What each entry of the storage counts besides its name and bytes: about what keeping it takes. */
export const ENTRY_BYTES = 128;
/** Names that one call of a `…_list` gives at most. */
export const LIST_MAX = 1000;
/** Bytes of such names, after which a page ends. */
export const LIST_MAX_BYTES = 2 ** 20;
/** Header fields of one request or answer. */
export const HEADERS_MAX = 256;
/** Random bytes that are fetched at once. */
export const RANDOM_CHUNK_BYTES = 65_536;
/** Milliseconds that a wait or timer may last: a hundred years. */
export const DURATION_MAX_MS = 3_155_760_000_000;

/** @throws PluvioError `LIMIT_OUT_OF_RANGE` */
export const resolveAbiLimits = (limits: AbiLimits = {}): ResolvedAbiLimits => resolveLimits(ABI_LIMITS, limits);
