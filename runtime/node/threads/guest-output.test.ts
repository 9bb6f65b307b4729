import { describe, expect, it } from 'vitest';
import type { AnswerPiece } from '../answer-stream.ts';
import type { OutputPiece } from './engine-protocol.ts';
import { GuestAnswer } from './guest-answer.ts';
import { GuestOutput, heldBytesOf } from './guest-output.ts';

const turn = (): Promise<void> => Promise.resolve();
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function openOutput() {
  const sent: OutputPiece[][] = [];
  return { sent, output: new GuestOutput((pieces) => sent.push([...pieces])) };
}

describe('GuestOutput', () => {
  it('sends what is written in a turn together, a piece for each change of the stream', async () => {
    const { sent, output } = openOutput();
    for (const letter of 'abc') void output.write('stdout', Buffer.from(letter));
    void output.write('stderr', Buffer.from('d'));
    void output.write('stdout', Buffer.from('e'.repeat(5000)));
    void output.write('stdout', Buffer.from('f'));
    expect(sent).toEqual([]);
    await turn();
    void output.write('stdout', Buffer.from('g'));
    await turn();
    expect(sent.map((pieces) => pieces.map(({ stream, bytes }) => [stream, text(bytes)]))).toEqual([
      [
        ['stdout', 'abc'],
        ['stderr', 'd'],
        ['stdout', `${'e'.repeat(5000)}f`],
      ],
      [['stdout', 'g']],
    ]);
  });

  it.each([
    ['to one stream', () => 'stdout' as const, 256 * 1024],
    ['to both by turns', (at: number) => (at % 2 === 0 ? ('stdout' as const) : ('stderr' as const)), 3000],
  ])('makes a writer wait that writes byte by byte %s, until what it wrote is taken', async (_, streamOf, most) => {
    const { sent, output } = openOutput();
    let waits: void | Promise<void> = undefined;
    let written = 0;
    while (waits === undefined) waits = output.write(streamOf(written), Uint8Array.of(written++));
    expect(written).toBeLessThanOrEqual(most);
    const pieces = sent.flat();
    expect(Buffer.concat(pieces.map(({ bytes }) => bytes))).toEqual(
      Buffer.from(Array.from({ length: written }, (__, at) => at)),
    );
    for (const piece of pieces) output.taken(heldBytesOf(piece));
    await waits;
    expect(output.write('stdout', Uint8Array.of(1))).toBeUndefined();
  });
});

describe('GuestAnswer', () => {
  it('sends what is written in a turn as one piece with the head of the first, and more than 64 KiB at once', async () => {
    const sent: AnswerPiece[] = [];
    const answer = new GuestAnswer((piece) => sent.push(piece));
    const head = { status: 200, headers: [] };
    answer.write({ offset: 0, bytes: new Uint8Array(), head });
    answer.write({ offset: 0, bytes: Buffer.from('a'), head: null });
    answer.write({ offset: 1, bytes: Buffer.from('b'), head: null });
    await turn();
    const long = 'c'.repeat(64 * 1024);
    answer.write({ offset: 2, bytes: Buffer.from(long), head: null });
    answer.write({ offset: 2 + long.length, bytes: Buffer.from('d'), head: null });
    answer.flush();
    answer.flush();
    await turn();
    expect(sent.map(({ offset, bytes, head: of }) => [offset, text(bytes), of])).toEqual([
      [0, 'ab', head],
      [2, long, null],
      [2 + long.length, 'd', null],
    ]);
  });
});
