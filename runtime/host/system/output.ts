import { fail } from '../errno.ts';

/** Takes what the guest wrote; owns the bytes. A promise holds the guest up until it settles. */
export type OutputFunction = (bytes: Uint8Array) => void | Promise<void> | undefined;

/** Standard output or error of a guest, with back-pressure. */
export class Output {
  private readonly accept: OutputFunction;
  private accepting: Promise<void> | undefined;
  private hasFailed = false;

  constructor(accept: OutputFunction) {
    this.accept = accept;
  }

  /** Settles, never rejects, when the bytes written so far are taken; undefined: they are. */
  get waiting(): Promise<void> | undefined {
    return this.accepting;
  }

  /** Whether taking bytes failed since the last call of this function. */
  takeFailure(): boolean {
    const failed = this.hasFailed;
    this.hasFailed = false;
    return failed;
  }

  /**
   * Hands bytes over.
   * @throws Errno `io` if the function throws
   */
  write(bytes: Uint8Array): void {
    let result: ReturnType<OutputFunction>;
    try {
      result = this.accept(bytes);
    } catch {
      fail('io');
    }
    if (!(result instanceof Promise)) return;
    const before = this.accepting;
    const settled: Promise<void> = Promise.allSettled([before, result]).then(([, own]) => {
      if (own.status === 'rejected') this.hasFailed = true;
      if (this.accepting === settled) this.accepting = undefined;
    });
    this.accepting = settled;
  }
}
