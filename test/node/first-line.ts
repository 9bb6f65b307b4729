import type { Readable } from 'node:stream';

/** The first line that a process writes; undefined: it ends without one. What comes later is let go. */
export async function firstLine(stream: Readable): Promise<string | undefined> {
  let text = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.includes('\n')) break;
  }
  stream.resume();
  return text.includes('\n') ? text.slice(0, text.indexOf('\n')) : undefined;
}
