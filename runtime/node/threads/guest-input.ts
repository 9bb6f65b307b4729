/** Standard input of one worker, asked for piece by piece. */
export class GuestInput implements AsyncIterable<Uint8Array> {
  readonly #want: () => void;
  #next: PromiseWithResolvers<IteratorResult<Uint8Array, undefined>> | undefined;

  constructor(want: () => void) {
    this.#want = want;
  }

  /** What was asked for; null: there is no more. */
  give(bytes: Uint8Array | null): void {
    this.#next?.resolve(bytes === null ? { done: true, value: undefined } : { done: false, value: bytes });
    this.#next = undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => {
        this.#next ??= Promise.withResolvers();
        this.#want();
        return this.#next.promise;
      },
    };
  }
}
