/**
 * What a target of the fuzzer is: something that takes input from strangers.
 *
 * Boundary: a target makes inputs and says how each ended. Running, watching and reducing are the campaign's.
 */
import type { Choices } from './choices.ts';

/** What one case gives to its target; all that `check` depends on. */
export interface Input {
  /** Name of what the bytes were made from and belong to: a module, a snapshot's program. */
  readonly base: string;
  /** Where `check` takes the choices of its own from. */
  readonly salt: number;
  readonly bytes: Uint8Array;
}

export interface Target {
  /** How much memory a case may take besides what its input explains, where it is more than usual. */
  readonly memoryRiseBytes?: number;
  make(choices: Choices): Input | Promise<Input>;
  /**
   * Gives the input to the code under test; the result says how it ended when nothing was refused (`ran: …`), or which code
   * refused it.
   * @throws PluvioError a coded refusal; anything else that is thrown is a finding
   */
  check(input: Input): Promise<string>;
  close?(): Promise<void>;
}

/** Something that must not happen, found by a target. */
export class Violation extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Violation';
  }
}

/** @throws Violation if the condition does not hold */
export function mustHold(condition: boolean, message: () => string): void {
  if (!condition) throw new Violation(message());
}
