import { describe, expect, it } from 'vitest';
import { silentLogger as logger } from './logger.ts';
import type { Checkpoint, Commit, Committed } from './store/index.ts';
import { WorkerCommits } from './worker-commits.ts';
import type { WorkerServices } from './worker-services.ts';

const CHECKPOINT: Checkpoint = {
  base: 'b',
  delta: null,
  side: null,
  inputSeq: 0,
  fuelUsed: '0',
  memoryPages: 0,
  resumable: false,
  atMs: 0,
};
const end = { kind: 'message', reply: null } as const;

/** Commits whose store gets each transaction when the test says how it ends. */
function open(): {
  readonly commits: WorkerCommits;
  /** The next transaction that the store gets: what it settles. */
  next: (ending: 'kept' | 'failed') => Promise<readonly number[]>;
  readonly told: number[];
} {
  const told: number[] = [];
  const asked: { readonly commit: Commit; readonly answer: PromiseWithResolvers<Committed> }[] = [];
  const post = {
    commit: (_worker: string, commit: Commit): Promise<Committed> => {
      const answer = Promise.withResolvers<Committed>();
      asked.push({ commit, answer });
      return answer.promise;
    },
  };
  const inputs = { firstSeq: undefined, knownSeq: 0, settled: (seq: number) => told.push(seq) };
  const services = { post, logger } as unknown as WorkerServices; // all that commits use of them
  const worker = { name: 'a', isDurable: true, inputs } as unknown as ConstructorParameters<typeof WorkerCommits>[1];
  return {
    commits: new WorkerCommits(services, worker, true),
    told,
    next: async (ending) => {
      await expect.poll(() => asked.length).toBeGreaterThan(0);
      const { commit, answer } = asked.shift()!;
      if (ending === 'kept') answer.resolve({ checkpointId: 1, woken: [], outboxed: 0 });
      else answer.reject(new Error('the disk is full'));
      return commit.settled?.map(({ seq }) => seq) ?? [];
    },
  };
}

describe('transactions of a worker', () => {
  it('have what was done before they were asked for, and nothing that was done since', async () => {
    const { commits, next, told } = open();
    commits.end(1, end);
    const first = commits.flush(CHECKPOINT);
    const second = commits.flush(CHECKPOINT);
    commits.end(2, end); // done by a state that neither checkpoint holds
    expect(await next('kept')).toEqual([1]);
    expect(await next('kept')).toEqual([]);
    expect([await first, await second, told]).toEqual([1, 1, [1]]);
    const third = commits.flush();
    expect(await next('kept')).toEqual([2]);
    await third;
    expect(told).toEqual([1, 2]);
  });

  it('have in its order what one before them could not keep', async () => {
    const { commits, next, told } = open();
    commits.end(1, end);
    const first = commits.flush();
    commits.end(2, end);
    const second = commits.flush();
    commits.end(3, end);
    const refused = expect(first).rejects.toThrow('the disk is full');
    expect(await next('failed')).toEqual([1]);
    await refused;
    expect(await next('kept')).toEqual([1, 2]);
    await second;
    expect(told).toEqual([1, 2]);
    expect(commits.isPending).toBe(true);
  });

  it('do not have what a state did that is gone, whether it was on its way or not', async () => {
    const { commits, next } = open();
    commits.end(1, end);
    const first = commits.flush();
    const refused = expect(first).rejects.toThrow('the disk is full');
    commits.end(2, end);
    await expect.poll(() => commits.isPending).toBe(true);
    const failing = next('failed');
    commits.drop();
    await failing;
    await refused;
    expect(commits.isPending).toBe(false);
    expect(await commits.flush()).toBeNull();
  });
});
