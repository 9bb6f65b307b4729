import { trap, type Wasi2Context } from './context.ts';

export const POLLABLE = 'wasi:io/poll@0.2/pollable';
export const TERMINAL_INPUT = 'wasi:cli/terminal-input@0.2/terminal-input';
export const TERMINAL_OUTPUT = 'wasi:cli/terminal-output@0.2/terminal-output';

/** Ready when a clock has reached a time. */
export interface ClockPollable {
  readonly resource: typeof POLLABLE;
  readonly kind: 'clock';
  /** When it was made, by both clocks: the way to another host counts as waiting. */
  readonly startMonotonicNs: bigint;
  readonly startRealtimeNs: bigint;
  /** By the monotonic clock. */
  readonly deadlineNs: bigint;
  /** Whether it came with a snapshot; then the wall clock may end it, too. */
  readonly restored: boolean;
}

/** Says that a standard stream is a terminal; has no methods. */
export interface Terminal {
  readonly resource: typeof TERMINAL_INPUT | typeof TERMINAL_OUTPUT;
  readonly kind: 'terminal';
}

export type Wasi2Resource = ClockPollable | Terminal;

/** Hands a new resource to the guest; traps past the limit. */
export function adopt<Made extends Wasi2Resource>({ live, maxResources }: Wasi2Context, made: Made): Made {
  if (live.size >= maxResources) {
    trap(`cannot make ${made.resource}: the guest holds ${live.size} resources; maxOpenFiles allows ${maxResources}`);
  }
  live.add(made);
  return made;
}
