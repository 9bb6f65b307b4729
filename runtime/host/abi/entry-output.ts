/** The output of the call that is in progress. */
import type { Entry } from './inputs.ts';
import type { AbiServices } from './types.ts';

/**
 * Takes output, which must fit its limit; who takes it as it is written gets it, with the first of it the head.
 * @param bytes The host's from now on.
 */
export function writeOutput(entry: Entry, bytes: Uint8Array, services: AbiServices): void {
  const { output, streams, head, cancelled } = entry;
  if (cancelled) return; // nobody is there to get it
  const offset = output.sizeBytes;
  if (streams) services.written?.({ offset, bytes, head: offset === 0 ? (head ?? null) : null });
  output.append(bytes);
}
