/**
 * What one worker of a campaign was given and what was acknowledged, and what its state must hold therefore.
 *
 * An input is `sent`, then `taken` when its call was answered, then `durable` when something was acknowledged that promises to keep it.
 * What is taken and not durable may be gone after its node was killed; nothing may ever take effect twice.
 */

/** Where and in which of its lives a node took an input. */
export interface Place {
  readonly node: number;
  readonly life: number;
}

type Input = { state: 'sent' } | { state: 'taken'; readonly place: Place } | { state: 'durable' };

export interface Fault {
  readonly kind: 'lost' | 'duplicated';
  readonly text: string;
}

const isSame = (a: Place, b: Place): boolean => a.node === b.node && a.life === b.life;

export class Book {
  readonly name: string;
  readonly #inputs: Input[] = [];
  readonly faults: Fault[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** Inputs that were sent so far; their numbers are below. */
  get length(): number {
    return this.#inputs.length;
  }

  get hasDurable(): boolean {
    return this.#inputs.some(({ state }) => state === 'durable');
  }

  /** A new input, on its way. */
  send(): number {
    return this.#inputs.push({ state: 'sent' }) - 1;
  }

  /** Its call was answered: `count` times it has taken effect now. `place`: who promised nothing more than that it was done. */
  taken(input: number, count: number, place: Place | 'durable'): void {
    if (count > 1) this.fault('duplicated', `input ${input} has taken effect ${count} times when its call ends`);
    if (count < 1) this.fault('lost', `input ${input} has taken effect ${count} times when its call ends`);
    this.#inputs[input] = place === 'durable' ? { state: 'durable' } : { state: 'taken', place };
  }

  /** Inputs that a state holds which that life of a node has now. */
  heldAt(place: Place): readonly number[] {
    return this.#inputs.flatMap((input, number) =>
      input.state === 'durable' || (input.state === 'taken' && isSame(input.place, place)) ? [number] : [],
    );
  }

  /** These were acknowledged to be kept. */
  keep(inputs: readonly number[]): void {
    for (const input of inputs) this.#inputs[input] = { state: 'durable' };
  }

  fault(kind: Fault['kind'], text: string): void {
    this.faults.push({ kind, text: `${this.name}: ${text}` });
  }

  /** Compares with how often each input took effect. `must`: inputs that this state holds. Default: all durable ones. */
  compare(what: string, counts: readonly number[], must?: readonly number[]): void {
    const kept = new Set(must ?? this.#inputs.flatMap(({ state }, number) => (state === 'durable' ? [number] : [])));
    for (let input = 0; input < counts.length; input++) {
      const count = counts[input] ?? 0;
      if (count > 1) this.fault('duplicated', `input ${input} took effect ${count} times in ${what}`);
      if (count === 0 && kept.has(input)) this.fault('lost', `input ${input} was acknowledged and is not in ${what}`);
      if (count > 0 && input >= this.#inputs.length)
        this.fault('duplicated', `input ${input} was never sent and is in ${what}`);
    }
  }
}
