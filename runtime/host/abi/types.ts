/**
 * What a host of the Pluvio ABI and the node around it exchange.
 *
 * Boundary: types only. All of it but AbiHost and AbiServices themselves is plain data that `postMessage` carries; bytes belong to the
 * receiver and are not changed by the sender afterwards.
 *
 * Invariants that the node relies on:
 * 1. An input is *taken* once: by `beginInput`, or by a `recv` of the guest from what was delivered. Which inputs were taken is part of
 *    the snapshot; what was delivered and not taken is not. After a restore the node gives again what it has with seq > `lastSeq`.
 * 2. Everything that the guest does to the outside has a number, (`inputSeq`, `ordinal`): the input taken last, and a count from 0 that
 *    begins anew with each input. Before the first input, `inputSeq` is 0. Both are part of the snapshot, so what is done again after a
 *    crash has the same number, and the receiver drops it. In a call that no journal has (seq 0) they are numbered by the input before it, with a
 *    count that begins at a random number of 2^48 or more: what takes its place after a crash has other numbers.
 * 3. What a waiting call asks for is asked once in a host, however often the worker is stopped and resumed in it, and once more, with the
 *    same number, in a host that was restored while the call waited.
 */
import type { HostFunction, HostModule } from '../../engine/types.ts';
import type { HttpPort } from '../wasi2/http/http-port.ts';
import type { AbiErrorName } from './error-codes.ts';
import type { HostCallName } from './host-call-table.ts';
import type { AbiLimitName, AbiLimits } from './limits.ts';

/** Where an input of a worker comes from. */
export const INPUT_KINDS = ['call', 'message', 'timer', 'topic', 'http'] as const;
export type InputKind = (typeof INPUT_KINDS)[number];

/** Who an input comes from, as `caller_info` gives it. */
export interface Caller {
  readonly kind: 'client' | 'worker' | 'node';
  /** Subject of the client's token, the worker's name, or the node's id. */
  readonly name: string;
  readonly tenant?: string;
}

/** What an input is, as `message_info` gives it to the guest: JSON data. */
export interface InputInfo {
  /** The input's key, unique per worker. */
  readonly id: string;
  readonly kind: InputKind;
  readonly caller?: Caller;
  /** A worker that sent it. */
  readonly from?: string;
  /** Of a `topic`: where it was published. */
  readonly topic?: string;
  /** Of a `timer`: which one, and when it was due. Such an input has no body: the payload is in the worker's state. */
  readonly timer?: string;
  readonly dueMs?: number;
  /** Somebody waits for a reply. */
  readonly reply?: boolean;
  /** Wall clock time after which nobody waits for it any more. */
  readonly deadlineMs?: number;
  /** Of an `http` request. */
  readonly method?: string;
  readonly url?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** W3C trace context. */
  readonly traceparent?: string;
}

/** An input as the node gives it. */
export interface Input {
  /** Its number in the worker's journal: from 1, dense. 0, for a call of an export alone: no journal has it. */
  readonly seq: number;
  readonly info: InputInfo;
  readonly body: Uint8Array;
  /** Whether somebody takes the output as it is written (`AbiServices.written`); not part of the state. */
  readonly streams?: boolean;
  /** The name of the rest of the body, which comes in parts (`AbiHost.addBody`); only for one that no journal has. */
  readonly bodyName?: number;
}

/** The number of an effect: unique per worker, the same if it is done again. */
export interface EffectNumber {
  readonly inputSeq: number;
  readonly ordinal: number;
}

/** Head of an answer to an HTTP request; left out: 200 and no headers. */
export interface HttpHead {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** How a message is answered. */
export type Reply =
  | { readonly ok: true; readonly body: Uint8Array; readonly head?: HttpHead }
  | { readonly ok: false; readonly message: string };

/**
 * What the guest does to the outside and does not wait for. `send`, `publish` and `reply` are done once per number. `timer` and `subscribe` say
 * how something is from now on: the node applies each as it comes, also one that is done again; `AbiHost.timers` and `subscriptions` are
 * what holds after a restore.
 */
export type Effect = EffectNumber & { readonly traceparent?: string } & (
    | { readonly kind: 'send'; readonly to: string; readonly body: Uint8Array }
    | { readonly kind: 'publish'; readonly topic: string; readonly body: Uint8Array }
    /** Answers the message of that seq. */
    | { readonly kind: 'reply'; readonly seq: number; readonly reply: Reply }
    /** The timer is due then, in place of what it was; null: it is no more. */
    | { readonly kind: 'timer'; readonly id: string; readonly dueMs: number | null }
    | { readonly kind: 'subscribe'; readonly topic: string; readonly subscribed: boolean }
  );

/** A request of `http_fetch`; checked against the grants as far as the URL goes, its addresses are the node's to check. */
export interface FetchRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The request may be sent again after it was interrupted, whatever its method: the node adds an `idempotency-key`. */
  readonly repeatable: boolean;
}

/** What a waiting call asks for. `ask` numbers the question within this host; `again`: a host before this one may have asked it, too. */
export type Ask = EffectNumber & {
  readonly ask: number;
  readonly again: boolean;
  /** The guest waits no longer than that, by the wall clock; null: as long as it takes. */
  readonly dueMs: number | null;
  readonly traceparent?: string;
} & (
    | { readonly kind: 'call'; readonly to: string; readonly body: Uint8Array }
    | {
        readonly kind: 'fetch';
        readonly request: FetchRequest;
        readonly body: Uint8Array;
        readonly bodyMaxBytes: number;
      }
    /** Answered when a snapshot that was taken after the question is durable. */
    | { readonly kind: 'checkpoint' }
  );

/** The answer: `body` of a call or fetch, `head` of a fetch; or an error code of the ABI, its message goes to the result register. */
export type Answer =
  | { readonly ok: true; readonly body?: Uint8Array; readonly head?: HttpHead }
  | { readonly ok: false; readonly code: AbiErrorName; readonly message?: string };

/** An input that is over: how many effects have its number. */
export interface SettledInput {
  readonly seq: number;
  readonly effects: number;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  /** A JSON object. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly inputSeq: number;
  readonly traceparent?: string;
}

/** What a host needs of the node. Methods are called while the guest runs or waits, never after `close`. */
export interface AbiServices {
  /** An effect was done. It becomes durable with the input that it belongs to, or before. */
  effect(effect: Effect): void;
  /**
   * A call waits for the answer. The worker has not left its stack yet: a snapshot can be taken from the next turn of the event loop on,
   * while it is `waiting`. Must not reject.
   */
  ask(ask: Ask): Promise<Answer>;
  /** Nobody waits for the answer any more: its time is over, or the input was cancelled. */
  abandon(ask: number): void;
  /**
   * A message is over: the guest asks for the next one. With a promise that one is given only when it is settled, which is when a
   * checkpoint of each input is to be taken. After a restore it may be told again: then the node knows it and gives undefined.
   */
  settled(input: SettledInput): Promise<void> | undefined;
  log(entry: LogEntry): void;
  /** The secret as it is now; undefined: there is none. The host does not keep it. */
  secret(name: string): string | undefined;
  /** Wall clock, milliseconds since 1970, with a fraction. */
  now(): number;
  /** Fills all bytes. */
  random(bytes: Uint8Array): void;
  /** Some output of a call that streams: `offset` bytes came before it; the head comes with the first. The bytes stay the host's. */
  written?(piece: { readonly offset: number; readonly bytes: Uint8Array; readonly head: HttpHead | null }): void;
  /** A limit was reached on which the node is to have an eye. */
  limited?(limit: AbiLimitName): void;
}

/** What `self_info` gives: JSON data; at least these. */
export interface SelfInfo {
  readonly name: string;
  readonly tenant?: string;
  readonly node?: string;
  readonly [key: string]: unknown;
}

/** Storage that several workers share, in bytes. */
export interface StorageBudget {
  /** Takes that much; false: there is not so much left, and nothing is taken. */
  take(bytes: number): boolean;
  /** Takes what a restored state holds, whatever is left. */
  count(bytes: number): void;
  give(bytes: number): void;
}

export interface AbiOptions {
  readonly services: AbiServices;
  readonly self: SelfInfo;
  /** Capabilities by name, each with its scopes. What is not named is denied; names that the ABI does not know are left alone. */
  readonly grants?: Readonly<Record<string, readonly string[]>>;
  readonly config?: Readonly<Record<string, string>>;
  readonly limits?: AbiLimits;
  /** Where its storage is taken from, beside its own limit. */
  readonly storageBudget?: StorageBudget | undefined;
  /** Calls `fire` once after that time, unless the function that it gives is called. Default: the platform's timer. */
  readonly setTimer?: (delayMs: number, fire: () => void) => () => void;
}

export interface TimerInfo {
  readonly id: string;
  readonly dueMs: number;
  /** Of one that repeats. */
  readonly expression?: string;
}

/** What the worker takes of its limits now. */
export interface AbiUsage {
  readonly storageBytes: number;
  readonly kvEntries: number;
  readonly blobs: number;
  readonly timers: number;
  readonly subscriptions: number;
  readonly mailboxLength: number;
}

export interface EndedInput {
  readonly seq: number;
  /** What the guest wrote with `output_write`. */
  readonly output: Uint8Array;
  /** What it gave to `output_head`. */
  readonly head: HttpHead | undefined;
  /** Effects that have its number. */
  readonly effectsUsed: number;
  /** A message that was taken within the call and is over with it. */
  readonly message: SettledInput | undefined;
}

/** What the guest waits for. `rate`: a limit per second. */
export const WAIT_KINDS = ['recv', 'settle', 'sleep', 'call', 'fetch', 'checkpoint', 'body', 'rate'] as const;
export type WaitKind = (typeof WAIT_KINDS)[number];

/** The name that guests import the ABI by. */
export const ABI_MODULE = 'pluvio_v1';

/** A host module that answers the imports of `pluvio_v1`. */
export interface AbiHost extends HostModule {
  readonly name: 'pluvio_v1';
  readonly imports: { readonly pluvio_v1: Readonly<Record<HostCallName, HostFunction>> };
  /** Every input up to this one was taken (or skipped). */
  readonly lastSeq: number;
  /** Also of later ones: a call may have been taken before a message that came earlier. */
  isTaken(seq: number): boolean;
  /**
   * Puts an input into the mailbox. `known`: it was taken or is there; `full`: there are `mailboxLength`, give it again later.
   * @throws PluvioError `INVALID_ARGUMENT`
   */
  deliver(input: Input): 'queued' | 'known' | 'full';
  /** That input will never be given: the node has settled it otherwise. */
  skip(seq: number): void;
  /**
   * Takes an input that is given to an export, which is called next. False: it was taken before, or its timer is no more; then there
   * is nothing to call.
   * @throws PluvioError `INVALID_ARGUMENT`, `WORKER_BUSY` while another one is in progress
   */
  beginInput(input: Input): boolean;
  /** More of the body of that name: bytes, `end`, or `broken`: no more will come. One that nobody reads any more is let go. */
  addBody(name: number, part: Uint8Array | 'end' | 'broken'): void;
  /** The call of that export has ended, in whatever way: gives what it left. An open transaction is rolled back. */
  endInput(): EndedInput;
  /** Nobody wants that input any more: calls of the guest that wait in it give `CANCELLED`; one in the mailbox is dropped. */
  cancel(seq: number): void;
  /** The inputs that the guest works on: the one whose export was called, and the message that it took; after a restore, too. */
  readonly inProgress: { readonly entry: number | undefined; readonly message: number | undefined };
  readonly timers: readonly TimerInfo[];
  readonly subscriptions: readonly string[];
  readonly usage: AbiUsage;
  /** What wasi:http is put on top of, if the guest is a component. */
  readonly http: HttpPort;
  /** What the guest waits for, and until when by itself (null: not by itself); undefined: it does not wait. */
  readonly waiting: { readonly kind: WaitKind; readonly dueMs: number | null } | undefined;
  close(): void;
}
