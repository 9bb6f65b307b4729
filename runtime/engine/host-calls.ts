/**
 * How the imports of one worker are answered: by the host function, or with the answer to a call that has waited.
 *
 *     callImport ──▶ an answer is there ─────────▶ value, or a foreign exception
 *                └─▶ host function ─┬─ returns ──▶ value   (called again after a wait that asks for it)
 *                                   ├─ throws ───▶ a foreign exception; its own, if it is WebAssembly's
 *                                   ├─ pending ──▶ signal `wait`, the stack is left
 *                                   └─ GuestExit, GuestTrap ▶ signal `exit`, `trap`, the stack is left
 *
 * Boundary: one host call, from the guest's import to what it gives. Waiting, and what becomes of the stack, is the run loop's (worker.ts).
 *
 * Invariants:
 * 1. An answer goes to the call that waited for it: it is the first one that the worker makes when it goes on.
 * 2. What a call left for its next execution is there for the first call after it alone.
 * 3. Once `lost`, no host function is called and no import gives a value, until the whole stack is left.
 */
import { PluvioError } from '../errors/index.ts';
import { UNWIND } from '../instrument/index.ts';
import { defaultValue } from './default-value.ts';
import type { FuelMeter } from './fuel-meter.ts';
import { GuestExit, GuestTrap, Pending } from './pending.ts';
import type { Turns } from './turns.ts';
import type { GuestAccess, GuestFunction } from './types.ts';
import type { Answer, Signal, WorkerParts } from './worker-parts.ts';

type ImportCaller = Pick<WorkerParts, 'module' | 'instance' | 'links' | 'thread'>;

export class HostCalls implements GuestAccess {
  readonly #parts: ImportCaller;
  readonly #fuel: FuelMeter;
  readonly #turns: Turns;
  readonly #leave: (signal: Signal) => void;

  #answer: Answer | undefined;
  #restartState: unknown;
  #restartFresh: unknown;
  #depth = 0;
  #lost = false;

  /** @param leave Is told why the stack is to be left; calls `leaveStack`. */
  constructor(
    parts: ImportCaller,
    fuel: FuelMeter,
    turns: Turns,
    leave: (signal: Signal) => void,
    restartState: unknown,
  ) {
    this.#parts = parts;
    this.#fuel = fuel;
    this.#turns = turns;
    this.#leave = leave;
    this.#restartState = restartState;
  }

  /** Host functions that run, each called by an activation inside the one before. */
  get depth(): number {
    return this.#depth;
  }

  /** A stop was begun inside a host function: nothing may run on, and the stack is not kept. */
  get lost(): boolean {
    return this.#lost;
  }

  /** What the host call that waits left for its next execution. */
  get leftState(): unknown {
    return this.#restartState;
  }

  beginSlice(): void {
    this.#lost = false;
  }

  /** The stack is to be left from where the guest is now. */
  leaveStack(): void {
    this.#lost = this.#depth > 0;
  }

  /** The guest does not run now. */
  stackLeft(): void {
    this.#depth = 0;
  }

  waits(pending: Pending): void {
    this.#restartState = pending.state;
  }

  answered(answer: Answer, { again }: Pending): void {
    if (again && answer.kind === 'value') return; // as after a restore
    this.#answer = answer;
    this.#restartState = undefined;
  }

  /** The worker's call has ended. */
  ended(): void {
    this.#restartState = undefined;
  }

  // --- what host functions see ---

  memory(index = 0): WebAssembly.Memory {
    return this.#parts.instance.memory(index);
  }

  restartState(): unknown {
    return this.#restartFresh;
  }

  exported(name: string): GuestFunction {
    const func = this.#parts.instance.func(this.#parts.module.requireFunc(name)) as GuestFunction;
    return (...args) => {
      const result = func(...args);
      if (this.#lost) throw new PluvioError('INTERNAL', `a limit has ended the guest in "${name}"`); // the stack is left, without this being told
      return result;
    };
  }

  // --- what instrumented code calls ---

  callImport(index: number, args: readonly unknown[]): unknown {
    const answer = this.#answer;
    if (answer !== undefined && this.#depth === 0) {
      this.#answer = undefined;
      if (answer.kind === 'error') throw this.#foreign(answer.error);
      return answer.value;
    }
    const { links, thread, instance } = this.#parts;
    const func = links.funcs[index] as (...args: readonly unknown[]) => unknown; // linked by index
    let result: unknown;
    this.#restartFresh = this.#restartState;
    this.#restartState = undefined;
    this.#depth++;
    try {
      result = func(...args);
      this.#depth--;
    } catch (thrown) {
      if (thread.isStop(thrown)) throw thrown; // from an activation inside the host function
      this.#depth--;
      if (this.#lost) return this.#unwind(index);
      if (thrown instanceof GuestExit) return this.#leaveImport(index, { kind: 'exit', code: thrown.code });
      if (thrown instanceof GuestTrap) return this.#leaveImport(index, { kind: 'trap', trap: thrown });
      throw thrown instanceof WebAssembly.Exception || thrown instanceof WebAssembly.RuntimeError
        ? thrown
        : this.#foreign(thrown);
    } finally {
      this.#restartFresh = undefined;
    }
    if (this.#lost) return this.#unwind(index); // whatever the host function made of the stop inside it
    if (this.#depth === 0) this.#fuel.withdrawAfter(this.#turns.endMs, instance.fuel);
    if (!(result instanceof Pending)) return result;
    if (this.#depth > 0) {
      throw this.#foreign(new PluvioError('UNSUPPORTED', 'a host function cannot wait inside another host function'));
    }
    return this.#leaveImport(index, { kind: 'wait', pending: result });
  }

  /** Begins a stop out of a host call. */
  #leaveImport(index: number, signal: Signal): unknown {
    this.#fuel.settle(this.#parts.instance.fuel.value);
    this.#leave(signal);
    return this.#unwind(index);
  }

  #unwind(index: number): unknown {
    const { module, instance, thread } = this.#parts;
    if (module.program.mode === 'throw') throw thread.stopSignal;
    instance.fuel.value = UNWIND;
    return defaultValue(module.program.funcType(index).results);
  }

  #foreign(error: unknown): WebAssembly.Exception {
    return new WebAssembly.Exception(this.#parts.thread.foreignTag, [error]);
  }
}
