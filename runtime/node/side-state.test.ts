import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { decodeSideState, encodeSideChange, encodeSideState, joinSideStates } from './side-state.ts';
import { StdinQueue } from './stdin-queue.ts';
import { WorkerLog } from './worker-log.ts';

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const GOOD = {
  version: 1,
  nextSeq: 2,
  pieces: [{ seq: 1, stream: 'stdout', timeMs: 5, base64: 'AA==' }],
  stdin: { base64: '', closed: true },
};

describe('side state', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 })),
        fc.uint8Array(),
        fc.boolean(),
        (writes, input, closed) => {
          const log = new WorkerLog(100_000, systemClock);
          for (const bytes of writes) void log.write('stderr', bytes);
          const stdin = new StdinQueue(1000);
          stdin.push(input);
          if (closed) stdin.close();
          const state = decodeSideState(encodeSideState(log, stdin));
          expect(state.nextSeq).toBe(log.nextSeq);
          expect(state.pieces.map(({ bytes }) => Uint8Array.from(bytes))).toEqual(writes);
          expect(Uint8Array.from(state.stdin.pending)).toEqual(input);
          expect(state.stdin.closed).toBe(closed);
        },
      ),
      { verbose: true },
    );
  });

  it.each([
    ['no JSON', new Uint8Array([0xff])],
    ['another version', json({ ...GOOD, version: 2 })],
    ['an unknown field', json({ ...GOOD, more: 1 })],
    ['a number beyond the next', json({ ...GOOD, nextSeq: 1 })],
    [
      'numbers that fall',
      json({
        ...GOOD,
        nextSeq: 9,
        pieces: [
          { ...GOOD.pieces[0], seq: 3 },
          { ...GOOD.pieces[0], seq: 2 },
        ],
      }),
    ],
    ['bytes that are not base64', json({ ...GOOD, stdin: { base64: '?', closed: false } })],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeSideState(bytes)).toThrowError(expect.objectContaining({ code: 'REQUEST_INVALID' }));
  });
});

describe('StdinQueue', () => {
  it('gives what was sent, and nothing while it is held', async () => {
    const queue = new StdinQueue(10);
    queue.push(Uint8Array.of(1));
    const { signal } = new AbortController();
    expect(await queue.next(signal)).toEqual(Uint8Array.of(1));
    queue.hold();
    const next = queue.next(signal);
    queue.push(Uint8Array.of(2));
    queue.close();
    await Promise.resolve();
    expect(Uint8Array.from(queue.pending)).toEqual(Uint8Array.of(2));
    queue.release();
    expect(await next).toEqual(Uint8Array.of(2));
    expect(await queue.next(signal)).toBeNull();
  });

  it('gives nothing to one who does not want it any more', async () => {
    const queue = new StdinQueue(10);
    const gone = new AbortController();
    const next = queue.next(gone.signal);
    gone.abort();
    queue.push(Uint8Array.of(1));
    expect(await next).toBeNull();
    expect(await queue.next(new AbortController().signal)).toEqual(Uint8Array.of(1));
  });

  it('is bounded', () => {
    const queue = new StdinQueue(2);
    queue.push(Uint8Array.of(1, 2));
    expect(() => queue.push(Uint8Array.of(3))).toThrowError(expect.objectContaining({ code: 'STDIN_FULL' }));
  });
});

describe('changes of a side state', () => {
  const text = (bytes: Uint8Array | null): unknown =>
    bytes === null ? null : JSON.parse(new TextDecoder().decode(bytes));

  it('lead to what it is as a whole', () => {
    const writes = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 8 });
    fc.assert(
      fc.property(
        writes,
        fc.array(fc.tuple(writes, fc.uint8Array({ maxLength: 20 })), { minLength: 1 }),
        (first, rounds) => {
          const log = new WorkerLog(1500, systemClock); // so small that old pieces go
          const stdin = new StdinQueue(100_000);
          for (const bytes of first) void log.write('stdout', bytes);
          const whole = log.nextSeq > 1 ? encodeSideState(log, stdin) : null;
          let seq = log.nextSeq;
          const changes = rounds.map(([more, input]) => {
            for (const bytes of more) void log.write('stderr', bytes);
            stdin.push(input);
            const change = encodeSideChange(log, stdin, seq);
            seq = log.nextSeq;
            return change;
          });
          expect(text(joinSideStates(whole, changes))).toEqual(text(encodeSideState(log, stdin)));
        },
      ),
      { verbose: true },
    );
  });

  it('have only what was written since', () => {
    const log = new WorkerLog(100_000, systemClock);
    const stdin = new StdinQueue(1000);
    for (const letter of 'abc') void log.write('stdout', new TextEncoder().encode(letter));
    expect(text(encodeSideChange(log, stdin, 3))).toMatchObject({ firstSeq: 1, nextSeq: 4, pieces: [{ seq: 3 }] });
    expect(text(encodeSideChange(log, stdin, 4))).toMatchObject({ firstSeq: 1, nextSeq: 4, pieces: [] });
  });

  it('are none without any, and are checked', () => {
    expect(joinSideStates(null, [])).toBeNull();
    expect(() => joinSideStates(null, [json(GOOD)])).toThrowError(expect.objectContaining({ code: 'REQUEST_INVALID' }));
  });
});
