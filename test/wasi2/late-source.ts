/** Standard input whose chunks come when the test gives them. */
import { bytesOf } from './hand-component.ts';

export interface LateSource {
  readonly source: ReadableStream<Uint8Array>;
  readonly give: (text: string) => void;
  readonly end: () => void;
}

export function lateSource(): LateSource {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const source = new ReadableStream<Uint8Array>({ start: (made) => void (controller = made) });
  return { source, give: (text) => controller?.enqueue(bytesOf(text)), end: () => controller?.close() };
}
