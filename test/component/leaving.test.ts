/** Components that break the rules of the canonical ABI at their edge. */
import { describe, expect, it } from 'vitest';
import { createWorker, loadModule, type Outcome, restoreWorker, type Worker } from '../../runtime/index.ts';
import { CALLS, leaver, PLACES } from './leaver.ts';

const ENTRIES = { take: [4], tell: [] } as const;

const module = leaver().then(loadModule);

type Entry = keyof typeof ENTRIES;

async function leaving(
  place: keyof typeof PLACES,
  what: keyof typeof CALLS,
  entry: Entry = 'take',
): Promise<[Outcome, number, Worker]> {
  let calls = 0;
  const imports = { 'example:host/words@1.0.0': { out: () => void calls++ } };
  const worker = await createWorker(await module, { imports });
  expect(await worker.call('prepare', [PLACES[place], CALLS[what]])).toMatchObject({ kind: 'returned' });
  const outcome = await worker.call(entry, ['text']);
  return [outcome, calls, worker];
}

const returned = (entry: Entry): object => ({ kind: 'returned', values: ENTRIES[entry] });

describe('a call out of a component', () => {
  it.each(['out', 'resource.new', 'resource.drop', 'resource.rep'] as const)('%s is made in a call', async (what) => {
    for (const entry of ['take', 'tell'] as const) {
      const [outcome, calls] = await leaving('call', what, entry);
      expect([outcome, calls]).toEqual([returned(entry), what === 'out' ? 1 : 0]);
    }
  });

  it.each([
    ['allocator', 'take', 'while it allocates for its host'],
    ['allocator', 'tell', 'while it allocates for its host'],
    ['post-return', 'take', 'after it has returned'],
    ['post-return', 'tell', 'after it has returned'],
  ] as const)('is none in its %s of %s', async (place, entry, when) => {
    for (const what of ['out', 'resource.new', 'resource.drop'] as const) {
      const [outcome, calls, worker] = await leaving(place, what, entry);
      const message = `the component calls ${what} ${when}`;
      expect(outcome).toMatchObject({ kind: 'trapped', code: 'canonical-abi', message });
      expect(calls).toBe(0);
      expect(await worker.call('prepare', [0, 0])).toEqual({ kind: 'returned', values: [] });
      expect(await worker.call(entry, ['text'])).toEqual(returned(entry));
    }
    expect((await leaving(place, 'resource.rep', entry))[0]).toEqual(returned(entry));
    expect((await leaving(place, 'nothing', entry))[0]).toEqual(returned(entry));
  });

  it('that the canonical ABI does not allow is a trap that nothing catches, and the worker can be called again', async () => {
    const [outcome, , worker] = await leaving('call', 'stranger');
    expect(outcome).toMatchObject({
      kind: 'trapped',
      code: 'canonical-abi',
      message: expect.stringContaining('handle 999 is none') as unknown,
    });
    expect(await worker.call('prepare', [0, 0])).toEqual({ kind: 'returned', values: [] });
    expect(await worker.call('take', ['text'])).toEqual(returned('take'));
  });

  it.each(['take', 'tell'] as const)('is none in the post-return of %s that goes on elsewhere', async (entry) => {
    let cleaning = 0;
    const options = { imports: { 'example:host/words@1.0.0': { out: () => undefined } } };
    for (let at = 0; ; at++) {
      let polls = 0;
      const onPoll = (): 'stop' | 'go on' => (polls++ === at ? 'stop' : 'go on');
      const worker = await createWorker(await module, { ...options });
      await worker.call('prepare', [PLACES['post-return'], CALLS.out]);
      const stopping = await restoreWorker(await module, worker.snapshot(), { ...options, onPoll });
      const outcome = await stopping.call(entry, ['text']);
      const end =
        outcome.kind === 'stopped'
          ? await (await restoreWorker(await module, stopping.snapshot(), options)).resume()
          : outcome;
      expect(end).toMatchObject({ kind: 'trapped', code: 'canonical-abi' });
      if (outcome.kind !== 'stopped') break;
      const { call } = stopping.capture().hosts['component'] as { readonly call: { readonly result: unknown } };
      if (call.result !== null) cleaning++;
    }
    expect(cleaning).toBeGreaterThan(0);
  });
});
