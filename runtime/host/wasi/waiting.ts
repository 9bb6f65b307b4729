/**
 * Host calls that must wait: parked, forgotten, executed again, and still done exactly once.
 *
 * Boundary: the engine gives the guest the promise's value, or forgets the promise and calls the function again (after a stop, in
 * the same worker; after a restore, in another). It does not say which. So:
 *
 * 1. Every wait has a number, `operation`, which grows; it is in the `pending` state, so the next execution knows that it goes on
 *    with the same wait.
 * 2. What a call does to guest or host is done by `attempt`, synchronously, and its result is recorded in the same step. An
 *    execution (or a forgotten promise that settles late) that finds its number recorded gives that result and does nothing.
 * 3. `begun` and the last recorded result are part of a snapshot; both are consistent with memory and host state at any time
 *    between two turns of the event loop.
 * 4. A promise that outlives a `restore` of its own host belongs to no worker any more and does nothing.
 */
import { type Pending, pending } from '../../engine/pending.ts';
import type { Wake } from '../../engine/types.ts';
import { PluvioError } from '../../errors/index.ts';
import { Errno, ERRNO } from '../errno.ts';

/** What a `pending` of this host leaves for the next execution. */
export type WaitState = { readonly operation: number } & Readonly<Record<string, unknown>>;

export interface Wait {
  /** Does the call's work if it can be done now: gives the result, or undefined to wait on. May throw an Errno. */
  attempt(operation: number): number | undefined;
  /** Settles when it is worth another attempt; never rejects. */
  changed(): Promise<unknown>;
  /** What ends the wait, where the worker may be put away until then. */
  readonly wake?: Wake;
}

export interface Recorded {
  readonly operation: number;
  readonly errno: number;
}

export class WaitTable {
  begun = 0;
  completed: Recorded | undefined;
  /** Operations up to this number began before the last restore. */
  restoredThrough = 0;
  private epoch = 0;
  private readonly closing = new AbortController();

  /**
   * The number of the wait that this execution of a call goes on with; undefined: it is the call's first.
   * @throws PluvioError `SNAPSHOT_MALFORMED`
   */
  resumed(restartState: unknown): WaitState | undefined {
    if (restartState === undefined || restartState === null) return undefined;
    const operation: unknown =
      typeof restartState === 'object' && 'operation' in restartState ? restartState.operation : undefined;
    if (typeof operation === 'number' && Number.isInteger(operation) && operation > 0 && operation <= this.begun) {
      return restartState as WaitState; // its number was checked
    }
    throw new PluvioError(
      'SNAPSHOT_MALFORMED',
      `restartState.operation is ${String(operation)}; it must be a number from 1 to ${this.begun}, the waits that have begun`,
    );
  }

  /** Runs a call that may wait. `state` is what its next execution needs beside the number. */
  run(wait: Wait, resumed: WaitState | undefined, state: Readonly<Record<string, unknown>> = {}): number | Pending {
    const recorded = resumed === undefined ? undefined : this.resultOf(resumed.operation);
    if (recorded !== undefined) return recorded;
    const operation = resumed?.operation ?? this.begun + 1;
    const result = attemptOf(wait, operation);
    if (result !== undefined) {
      if (resumed !== undefined) this.completed = { operation, errno: result };
      return result;
    }
    this.begun = Math.max(this.begun, operation);
    const promise = this.settle(wait, operation, this.epoch);
    promise.catch(() => undefined); // it may be forgotten
    return pending(promise, {
      state: { ...state, operation },
      ...(wait.wake === undefined ? {} : { wake: wait.wake }),
    });
  }

  private async settle(wait: Wait, operation: number, epoch: number): Promise<number> {
    for (;;) {
      await wait.changed();
      if (epoch !== this.epoch) return ERRNO.io;
      const recorded = this.resultOf(operation);
      if (recorded !== undefined) return recorded;
      const result = attemptOf(wait, operation);
      if (result === undefined) continue;
      this.completed = { operation, errno: result };
      return result;
    }
  }

  /** The result of a wait that is over; a later wait's number proves that nobody reads the value any more. */
  private resultOf(operation: number): number | undefined {
    if (this.completed === undefined || this.completed.operation < operation) return undefined;
    return this.completed.operation === operation ? this.completed.errno : ERRNO.io;
  }

  /** Takes up checked state of a snapshot. */
  restore(begun: number, completed: Recorded | undefined): void {
    this.epoch++;
    this.begun = begun;
    this.restoredThrough = begun;
    this.completed = completed;
  }

  /** Aborted when the worker is closed. */
  get closed(): AbortSignal {
    return this.closing.signal;
  }

  /** The worker was closed: promises that are still out do nothing. */
  close(): void {
    this.epoch++;
    this.closing.abort();
  }
}

function attemptOf(wait: Wait, operation: number): number | undefined {
  try {
    return wait.attempt(operation);
  } catch (error) {
    if (error instanceof Errno) return error.code;
    throw error;
  }
}
