/** Pieces of a worker's output, written to the same streams here. */
import { once } from 'node:events';
import type { LogPiece } from '../client/index.ts';

export async function writePiece({ stream, bytes }: LogPiece): Promise<void> {
  const to = process[stream];
  // A reader that has enough ends the command as it would end `cat`.
  if (to.destroyed || to.errored) process.exit(0);
  if (!to.write(bytes)) await once(to, 'drain').catch(() => process.exit(0));
}

/** Text, or base64 where the bytes are not whole UTF-8. */
export function pieceJson({ seq, stream, timeMs, bytes }: LogPiece): unknown {
  const facts = { seq, stream, timeMs };
  try {
    return { ...facts, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { ...facts, base64: Buffer.from(bytes).toString('base64') };
  }
}
