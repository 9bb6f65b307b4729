import { describe, expect, it } from 'vitest';
import { CheckpointChain, type ChainLink } from './checkpoint-chain.ts';
import { FixedBudget } from './threads/page-budget.ts';
import type { SnapshotForm } from './threads/engine-protocol.ts';

const WHOLE_BYTES = 1000;

/** An engine's worker that gives states by hand, as guest.ts does. */
class TestHolder {
  readonly #ended = new AbortController();
  readonly over = this.#ended.signal;
  memoryPages: number;
  #mark: number | null = null;
  #marks = 0;

  constructor(memoryPages = 10) {
    this.memoryPages = memoryPages;
  }

  take(form: SnapshotForm, changeBytes = 1): { bytes: Uint8Array; mark: number | null; on: number | null } {
    const on = form === 'delta' ? this.#mark : null;
    this.#mark = form === 'whole' ? null : ++this.#marks;
    return { bytes: new Uint8Array(on === null ? WHOLE_BYTES : changeBytes), mark: this.#mark, on };
  }

  end(): void {
    this.#ended.abort();
  }
}

function chainOf(checkpointDeltas = 3, remembered = new FixedBudget(100)): CheckpointChain {
  return new CheckpointChain({ limits: { checkpointDeltas, deltaPages: 10 }, remembered });
}

/** Takes and writes the next state; gives its form. */
function keep(chain: CheckpointChain, holder: TestHolder, id: number, changeBytes?: number): SnapshotForm {
  const form = chain.nextForm(holder, true);
  const link = linkOf(chain, holder.take(form, changeBytes));
  expect(chain.parentOf(link)).toBe(form === 'delta' ? id - 1 : undefined);
  chain.written(link, id);
  return form;
}

function linkOf(chain: CheckpointChain, taken: ReturnType<TestHolder['take']>): ChainLink {
  const link = chain.taken(taken, 1);
  if (link === undefined) throw new Error('the state has no place in the chain');
  return link;
}

describe('a chain of checkpoints', () => {
  it('has a whole one and as many changes as it may', () => {
    const chain = chainOf(3);
    const holder = new TestHolder();
    const forms = [1, 2, 3, 4, 5, 6].map((id) => keep(chain, holder, id));
    expect(forms).toEqual(['base', 'delta', 'delta', 'delta', 'base', 'delta']);
  });

  it('begins anew when the changes are more than half of the whole one', () => {
    const chain = chainOf(100);
    const holder = new TestHolder();
    const sizes = [0, WHOLE_BYTES / 4, WHOLE_BYTES / 4, 1, 1, WHOLE_BYTES / 2 + 1, 1];
    expect(sizes.map((size, at) => keep(chain, holder, at + 1, size))).toEqual([
      ...['base', 'delta', 'delta', 'delta'], // a half is not more than that
      ...['base', 'delta', 'base'],
    ]);
  });

  it('is of workers that are kept often and large enough', () => {
    const forms = [
      chainOf().nextForm(new TestHolder(10), true),
      chainOf().nextForm(new TestHolder(9), true),
      chainOf().nextForm(new TestHolder(10), false),
      chainOf(0).nextForm(new TestHolder(10), true),
    ];
    expect(forms).toEqual(['base', 'whole', 'whole', 'whole']);
  });

  it('ends with its engine, and with what came from elsewhere', () => {
    const chain = chainOf();
    const first = new TestHolder();
    keep(chain, first, 1);
    const second = new TestHolder();
    expect(keep(chain, second, 2)).toBe('base');
    expect(keep(chain, second, 3)).toBe('delta');
    chain.end();
    expect(keep(chain, second, 5)).toBe('base');
  });

  it('has no place for a change of what it does not know', () => {
    const chain = chainOf();
    const holder = new TestHolder();
    keep(chain, holder, 1);
    holder.take('delta'); // got lost on its way
    expect(chain.taken(holder.take(chain.nextForm(holder, true)), 1)).toBeUndefined();
    chain.end();
    expect(keep(chain, holder, 2)).toBe('base');
  });

  it('writes no change of what was not written', () => {
    const chain = chainOf();
    const holder = new TestHolder();
    keep(chain, holder, 1);
    const lost = linkOf(chain, holder.take(chain.nextForm(holder, true)));
    const next = linkOf(chain, holder.take(chain.nextForm(holder, true)));
    expect(chain.parentOf(lost)).toBe(1);
    chain.end(); // writing it has failed
    expect(() => chain.parentOf(next)).toThrowError(expect.objectContaining({ code: 'STORE_FAILED' }));
    expect(keep(chain, holder, 2)).toBe('base');
  });

  it('takes what a copy of the memory needs, as it grows, and gives it back', () => {
    const remembered = new FixedBudget(24);
    const isFull = (pages: number): boolean => {
      const left = remembered.take(pages);
      if (left) remembered.give(pages);
      return !left;
    };
    const [one, two] = [chainOf(3, remembered), chainOf(3, remembered)];
    const [a, b] = [new TestHolder(10), new TestHolder(12)];
    keep(one, a, 1);
    keep(two, b, 1);
    expect([isFull(2), isFull(3)]).toEqual([false, true]);
    a.memoryPages = 12;
    expect(keep(one, a, 2)).toBe('delta');
    expect(isFull(1)).toBe(true);
    a.memoryPages = 13;
    expect(keep(one, a, 3)).toBe('whole');
    expect([isFull(12), isFull(13)]).toEqual([false, true]);
    b.end();
    expect([isFull(24), two.nextForm(b, true)]).toEqual([false, 'whole']);
  });
});
