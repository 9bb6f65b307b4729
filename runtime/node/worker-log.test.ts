import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { type LogPiece, logEntryOf, WorkerLog } from './worker-log.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const never = new AbortController().signal;

async function all(pieces: AsyncIterable<LogPiece>): Promise<LogPiece[]> {
  const list: LogPiece[] = [];
  for await (const piece of pieces) list.push(piece);
  return list;
}

describe('WorkerLog', () => {
  it('numbers pieces and gives them to late and early readers alike', async () => {
    const log = new WorkerLog(4096, systemClock);
    const early = all(log.read({ afterSeq: 0, follow: true, signal: never }));
    void log.write('stdout', text('one'));
    void log.write('stderr', text('two'));
    log.end();
    const late = await all(log.read({ afterSeq: 0, follow: true, signal: never }));
    expect(late.map(({ seq, stream }) => [seq, stream])).toEqual([
      [1, 'stdout'],
      [2, 'stderr'],
    ]);
    expect(await early).toEqual(late);
    expect((await all(log.read({ afterSeq: 1, follow: false, signal: never }))).map(({ seq }) => seq)).toEqual([2]);
  });

  it('stays within its limit by dropping the oldest', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 40 }), (writes) => {
        const log = new WorkerLog(8192, systemClock);
        for (const bytes of writes) void log.write('stdout', bytes);
        const held = log.pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
        expect(held).toBeLessThanOrEqual(8192);
        expect(log.pieces.map(({ seq }) => seq)).toEqual(log.pieces.map((_, index) => log.firstSeq + index));
        expect(log.nextSeq).toBe(1 + writes.filter((bytes) => bytes.length > 0).length);
      }),
      { verbose: true },
    );
  });

  it('goes on with the numbers of an earlier life', async () => {
    const first = new WorkerLog(4096, systemClock);
    void first.write('stdout', text('before'));
    const second = new WorkerLog(4096, systemClock);
    second.adopt(first.pieces, first.nextSeq);
    void second.write('stdout', text('after'));
    const pieces = await all(second.read({ afterSeq: 0, follow: false, signal: never }));
    expect(pieces.map(({ seq, bytes }) => [seq, new TextDecoder().decode(bytes)])).toEqual([
      [1, 'before'],
      [2, 'after'],
    ]);
  });

  it('makes the writer wait for a reader that is half the limit behind, and lets it go on when the reader has read', async () => {
    const log = new WorkerLog(8192, systemClock);
    const reader = log.read({ afterSeq: 0, follow: true, signal: never });
    void log.write('stdout', text('a'));
    await reader.next();
    const held = log.write('stdout', new Uint8Array(6000));
    expect(held).toBeInstanceOf(Promise);
    await reader.next();
    void reader.next();
    await held;
    log.end();
  });

  it('gives up on a reader that does not read', async () => {
    const log = new WorkerLog(8192, { ...systemClock, sleep: () => Promise.resolve() });
    const reader = log.read({ afterSeq: 0, follow: true, signal: never });
    void log.write('stdout', text('a'));
    await reader.next();
    await log.write('stdout', new Uint8Array(6000));
    expect(log.write('stdout', new Uint8Array(6000))).toBeUndefined();
  });

  it('shows bytes that are not UTF-8 as base64', () => {
    const piece = { seq: 1, stream: 'stdout', timeMs: 0 } as const;
    expect(logEntryOf({ ...piece, bytes: text('é') })).toEqual({ ...piece, text: 'é' });
    expect(logEntryOf({ ...piece, bytes: Uint8Array.of(0xff) })).toEqual({ ...piece, base64: '/w==' });
  });
});
