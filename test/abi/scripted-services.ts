/** A node that a test drives by hand: its clock stands still, its answers come when the test gives them, and it writes down what it was told. */
import type {
  AbiOptions,
  AbiServices,
  Answer,
  Ask,
  Effect,
  LogEntry,
  SettledInput,
} from '../../runtime/host/abi/index.ts';

/** Wall clock of the first moment. */
export const START_MS = 1_700_000_000_000;

interface Sleeper {
  readonly atMs: number;
  readonly fire: () => void;
}

export class ScriptedServices implements AbiServices {
  nowMs = START_MS;
  readonly effects: Effect[] = [];
  readonly asks: Ask[] = [];
  readonly abandoned: number[] = [];
  readonly settledInputs: SettledInput[] = [];
  readonly logs: LogEntry[] = [];
  readonly secrets = new Map<string, string>();
  /** Answers every question at once, if it is set. */
  respond: ((ask: Ask) => Answer | undefined) | undefined;
  /** Holds the next message back, if it is set. */
  settle: ((input: SettledInput) => Promise<void> | undefined) | undefined;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #sleepers: Sleeper[] = [];
  #seed = 1;

  effect(effect: Effect): void {
    this.effects.push(structuredClone(effect)); // it must be plain data
  }

  ask(ask: Ask): Promise<Answer> {
    this.asks.push(structuredClone(ask));
    const answer = this.respond?.(ask);
    if (answer !== undefined) return Promise.resolve(answer);
    return new Promise((resolve) => this.#waiting.set(ask.ask, resolve));
  }

  abandon(ask: number): void {
    this.abandoned.push(ask);
  }

  settled(input: SettledInput): Promise<void> | undefined {
    this.settledInputs.push(structuredClone(input));
    return this.settle?.(input);
  }

  log(entry: LogEntry): void {
    this.logs.push(structuredClone(entry));
  }

  secret(name: string): string | undefined {
    return this.secrets.get(name);
  }

  now(): number {
    return this.nowMs;
  }

  /** Bytes that count on, so that a test knows them. */
  random(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at++) bytes[at] = this.#seed++ & 0xff;
  }

  readonly setTimer: NonNullable<AbiOptions['setTimer']> = (delayMs, fire) => {
    const sleeper: Sleeper = { atMs: this.nowMs + delayMs, fire };
    this.#sleepers.push(sleeper);
    return () => (this.#sleepers = this.#sleepers.filter((other) => other !== sleeper));
  };

  /** Timers that are set. */
  get sleepers(): number {
    return this.#sleepers.length;
  }

  /** Moves the clock, and fires what is due. */
  advance(ms: number): void {
    this.nowMs += ms;
    const due = this.#sleepers.filter(({ atMs }) => atMs <= this.nowMs);
    this.#sleepers = this.#sleepers.filter(({ atMs }) => atMs > this.nowMs);
    for (const { fire } of due) fire();
  }

  /** Gives the answer to a question, and lets it arrive. */
  async answer(ask: number, answer: Answer): Promise<void> {
    const resolve = this.#waiting.get(ask);
    if (resolve === undefined) throw new Error(`nobody asked question ${ask}`);
    this.#waiting.delete(ask);
    resolve(answer);
    await Promise.resolve();
    await Promise.resolve();
  }
}
