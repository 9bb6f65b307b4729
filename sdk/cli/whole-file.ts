import { rmSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { EXIT } from './command.ts';
import { fileFailure } from './failure.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Writes a file beside its place and puts it there when it is whole, so that no half of it is ever seen; gives its size. */
export async function writeFileWhole(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<number> {
  const part = `${path}.${process.pid}.part`;
  let sizeBytes = 0;
  const onSignal = (): void => {
    rmSync(part, { force: true });
    process.exit(EXIT.interrupted);
  };
  // While another part of the program handles signals, it also waits for this file.
  const isAlone = process.listenerCount('SIGINT') === 0;
  if (isAlone) for (const signal of SIGNALS) process.once(signal, onSignal);
  try {
    const file = await open(part, 'w');
    try {
      for await (const chunk of chunks) {
        await file.writeFile(chunk);
        sizeBytes += chunk.byteLength;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
    return sizeBytes;
  } catch (cause) {
    await rm(part, { force: true });
    if (cause instanceof Error && 'syscall' in cause) throw fileFailure('write', path, cause);
    throw cause;
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}
