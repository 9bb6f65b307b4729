/** Stops a worker where a plan says: at safepoints, and at calls of the host before they do anything. */
import { type HostFunction, pending, type PollDecision } from '../../runtime/engine/index.ts';
import type { StopPlan } from './stop-plan.ts';

export interface StopperSetup {
  /** undefined: it is stopped nowhere. */
  readonly plan: StopPlan | undefined;
  /** Whether it may be stopped now. */
  readonly isAllowed: () => boolean;
  /** Asks the worker to stop: it waits in a call of the host. */
  readonly stop: () => void;
}

export class Stopper {
  readonly #setup: StopperSetup;
  /** Where the worker was stopped, until that place is passed. */
  #stoppedAt: 'safepoint' | 'host call' | undefined;

  constructor(setup: StopperSetup) {
    this.#setup = setup;
  }

  /** A call begins. */
  begin(): void {
    this.#setup.plan?.begin();
    this.#stoppedAt = undefined;
  }

  /** For `WorkerOptions.onPoll`. */
  poll(): PollDecision {
    if (this.#stoppedAt === 'safepoint') {
      this.#stoppedAt = undefined;
      return 'go on';
    }
    if (!this.#stopsHere()) return 'go on';
    this.#stoppedAt = 'safepoint';
    return 'stop';
  }

  /** Two levels of imports, whose functions are stopped at. */
  pausing<Value>(
    imports: Readonly<Record<string, Readonly<Record<string, Value>>>>,
  ): Record<string, Record<string, Value>> {
    const each = (parts: Readonly<Record<string, Value>>): Record<string, Value> =>
      Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, this.#pausing(value)]));
    return Object.fromEntries(Object.entries(imports).map(([name, parts]) => [name, each(parts)]));
  }

  #pausing<Value>(value: Value): Value {
    if (typeof value !== 'function') return value;
    const func = value as unknown as HostFunction; // functions of imports are
    const paused: HostFunction = (...args) => {
      if (this.#stoppedAt === 'host call') this.#stoppedAt = undefined;
      else if (this.#stopsHere()) {
        this.#stoppedAt = 'host call';
        this.#setup.stop();
        return pending(new Promise<never>(() => undefined));
      }
      return func(...args);
    };
    return paused as unknown as Value; // a function, as the value was
  }

  #stopsHere(): boolean {
    const { plan, isAllowed } = this.#setup;
    return isAllowed() && plan?.stopsHere() === true;
  }
}
