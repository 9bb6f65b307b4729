/** What an engine has for its workers, by key: loaded when the first one needs it, let go when none has needed it for a while. */
interface Held {
  users: number;
  /** Since when there are none. */
  unusedMs: number;
  readonly loaded: Promise<unknown>;
}

export class HeldThings {
  readonly #held = new Map<string, Held>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#held.size;
  }

  has(key: string): boolean {
    return this.#held.has(key);
  }

  /** One more user; resolves when the thing is there. What could not be loaded is loaded again for the next. */
  hold(key: string, load: () => Promise<unknown>): Promise<unknown> {
    const known = this.#held.get(key);
    if (known !== undefined) {
      known.users++;
      return known.loaded;
    }
    const held: Held = { users: 1, unusedMs: 0, loaded: load() };
    this.#held.set(key, held);
    held.loaded.catch(() => {
      if (this.#held.get(key) === held) this.#held.delete(key);
    });
    return held.loaded;
  }

  /** One user less. */
  release(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined || --held.users > 0) return;
    held.unusedMs = this.#nowMs();
  }

  /** Forgets what nobody has used for so long; gives the keys. */
  trim(afterMs: number): string[] {
    const until = this.#nowMs() - afterMs;
    const gone = [...this.#held].flatMap(([key, { users, unusedMs }]) =>
      users <= 0 && unusedMs <= until ? [key] : [],
    );
    for (const key of gone) this.#held.delete(key);
    return gone;
  }
}
