import { setTimeout } from 'node:timers/promises';
import { PluvioError } from '../../runtime/errors/index.ts';
import type { PluvioClient } from '../client/index.ts';

const FULL_PAUSE_MS = 100;

/**
 * Sends a stream to a worker's standard input, to its end; waits while the node holds as much as it may. A worker that ends before takes
 * no more, as a program at the end of a pipe.
 */
export async function sendInput(client: PluvioClient, name: string, input: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const chunk of input) {
      if (chunk instanceof Uint8Array) await sendChunk(client, name, chunk);
    }
    await client.workers.sendStdin(name, new Uint8Array(), { end: true });
  } catch (error) {
    if (!(error instanceof PluvioError && error.code === 'WORKER_ENDED')) throw error;
  }
}

async function sendChunk(client: PluvioClient, name: string, chunk: Uint8Array): Promise<void> {
  for (;;) {
    try {
      return await client.workers.sendStdin(name, chunk);
    } catch (error) {
      if (!(error instanceof PluvioError && error.code === 'STDIN_FULL')) throw error;
      await setTimeout(FULL_PAUSE_MS);
    }
  }
}
