import { expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import type { QueuedInput } from './input-end.ts';
import { type InputTaker, WorkerInputs } from './worker-inputs.ts';

const message = (seq: number): QueuedInput => ({
  seq,
  ref: String(seq),
  info: { id: '', kind: 'message' },
  call: undefined,
  body: new Uint8Array(),
  replayed: false,
});

it('a mailbox that is left behind is read again from the journal; what its guest is on is still known as given', async () => {
  const delivered: number[] = [];
  const taker: InputTaker = {
    isIdle: false,
    mailboxRoom: Number.POSITIVE_INFINITY,
    takesMessages: false,
    call: () => undefined,
    deliver: (inputs) => Promise.resolve(delivered.push(...inputs.map(({ seq }) => seq)) && inputs.length),
  };
  const owner = { takesInputs: () => true, awake: () => taker, isLate: () => undefined, inputFailed: () => undefined };
  const inputs = new WorkerInputs(owner, 10, systemClock);
  for (const seq of [1, 2, 3]) {
    void inputs.end(seq);
    inputs.add(message(seq));
  }
  await expect.poll(() => [inputs.length, ...delivered]).toEqual([0, 1, 2, 3]);
  inputs.placed(1); // it had taken the first one alone
  expect(inputs.knownSeq).toBe(1);
  expect(['1', '2'].map((ref) => inputs.deliveredSeqOf(ref))).toEqual([1, undefined]);
  for (const seq of [1, 2, 3]) inputs.add(message(seq));
  await expect.poll(() => [inputs.length, ...delivered]).toEqual([0, 1, 2, 3, 2, 3]);
});
