import { expect, it } from 'vitest';
import { AnswerStream } from './answer-stream.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const piece = (offset: number, text: string) => ({ offset, bytes: bytes(text), head: null });

async function textOf(stream: AnswerStream): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.readable) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

it('gives the output once and in order, whatever is written again or only told at the end', async () => {
  const stream = new AnswerStream();
  stream.write(piece(0, 'one '));
  stream.write(piece(4, 'two '));
  stream.write(piece(0, 'one '));
  stream.write(piece(4, 'two three '));
  stream.end(bytes('one two three four'));
  expect(await textOf(stream)).toBe('one two three four');
});

it('has begun with the first piece, and breaks off when the call fails', async () => {
  const stream = new AnswerStream();
  const head = { status: 201, headers: [] };
  stream.write({ ...piece(0, 'one'), head });
  expect(await stream.begun).toBe(head);
  const reading = textOf(stream);
  stream.fail(new Error('trapped'));
  await expect(reading).rejects.toThrow('trapped');
});

it('lets the call go on when the caller has gone', async () => {
  const stream = new AnswerStream();
  stream.write(piece(0, 'one'));
  await stream.readable.cancel();
  stream.write(piece(3, 'two'));
  stream.end(bytes('onetwo'));
  stream.fail(new Error('too late'));
});
