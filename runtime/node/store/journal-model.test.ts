/** The journal against a model of a few lines: whatever is asked in whatever order and grouping, both say the same. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addWorkers, bytes, checkpoint, openTestStore, sent, testFolder, textOf } from './testing/test-stores.ts';
import type { NodeStore } from './types.ts';

interface ModelInput {
  readonly key: string | null;
  readonly body: string;
  outcome: string | null;
}

class ModelWorker {
  readonly inputs: ModelInput[] = [];
  /** Inputs that are no longer known at all. */
  readonly gone = new Set<number>();
  readonly sent = new Map<string, number>();
  coveredSeq = 0;
  checkpoints = 0;

  append(key: string | null, body: string): number {
    const known = key === null ? 0 : this.inputs.findIndex((input) => input.key === key) + 1;
    return known > 0 ? known : this.inputs.push({ key, body, outcome: null });
  }

  sweep(): void {
    for (const [at, { key, outcome }] of this.inputs.entries()) {
      if (at < this.coveredSeq && key === null && outcome !== null) this.gone.add(at + 1);
    }
  }

  pending(): string[] {
    return this.inputs.flatMap(({ body, outcome }, at) =>
      at + 1 > this.coveredSeq || outcome === null ? [`${at + 1} ${body} ${outcome ?? '-'}`] : [],
    );
  }
}

const NAMES = ['a', 'b', 'c'] as const;
const name = fc.constantFrom(...NAMES);
const key = fc.option(fc.constantFrom('k1', 'k2', 'k3'), { freq: 2 });
const body = fc.string({ maxLength: 4 });
/** A place in a list of unknown length. */
const place = fc.double({ min: 0, max: 0.999, noNaN: true });

const action = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), name, key, body }),
  fc.record({
    kind: fc.constant('commit' as const),
    name,
    covers: fc.option(place),
    settles: fc.array(fc.record({ place, outcome: body }), { maxLength: 3 }),
    sends: fc.array(fc.record({ to: name, seq: fc.nat(6), key: fc.constantFrom('m1', 'm2', 'm3', 'm4'), body }), {
      maxLength: 3,
    }),
    fails: fc.integer({ max: 4, min: 0 }).map((number) => number === 0),
  }),
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

const seqAt = (worker: ModelWorker, at: number): number => 1 + Math.floor(at * worker.inputs.length);

/** Does an action in the model; gives what must be asked of the store and what it must answer. */
function perform(model: ReadonlyMap<string, ModelWorker>, store: NodeStore, act: Action): () => Promise<unknown> {
  const worker = model.get(act.name)!;
  if (act.kind === 'append') {
    const isKnown = act.key !== null && worker.inputs.some((input) => input.key === act.key);
    const seq = worker.append(act.key, act.body);
    const { outcome } = worker.inputs[seq - 1]!;
    const asked = store.appendInput(act.name, { kind: 'call', key: act.key, body: bytes(act.body), info: null });
    return async () => {
      const { known, ...rest } = await asked;
      expect({ ...rest, known: known && textOrEmpty(known.outcome) }).toEqual({
        seq,
        known: isKnown ? outcome : undefined,
      });
    };
  }
  const settled =
    worker.inputs.length === 0 ? [] : act.settles.map((one) => ({ ...one, seq: seqAt(worker, one.place) }));
  const coveredSeq = act.covers === null ? undefined : Math.floor(act.covers * (worker.inputs.length + 1));
  const commit = {
    ...(coveredSeq === undefined ? {} : { checkpoint: checkpoint(coveredSeq) }),
    settled: [
      ...settled.map(({ seq, outcome }) => ({ seq, outcome: bytes(outcome) })),
      ...(act.fails ? [{ seq: worker.inputs.length + 1, outcome: bytes('') }] : []),
    ],
    effects: act.sends.map(({ seq, ...one }) => ({ ...sent(one.to, one.key, one.body), seq })),
  };
  const asked = store.commit(act.name, commit);
  if (act.fails) return () => expect(asked).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  if (coveredSeq !== undefined) {
    worker.coveredSeq = Math.max(worker.coveredSeq, coveredSeq);
    worker.checkpoints++;
  }
  for (const { seq, outcome } of settled) worker.inputs[seq - 1]!.outcome ??= outcome;
  worker.sweep();
  const woken: { worker: string; seq: number }[] = [];
  for (const one of act.sends) {
    if (worker.sent.has(one.key)) continue;
    const target = model.get(one.to)!;
    const before = target.inputs.length;
    const seq = target.append(one.key, one.body);
    if (target.inputs.length > before) woken.push({ worker: one.to, seq });
    if (coveredSeq === undefined && one.seq > 0) worker.sent.set(one.key, one.seq);
  }
  for (const [key, seq] of worker.sent) if (seq < (coveredSeq ?? 0)) worker.sent.delete(key);
  const checkpointId = coveredSeq === undefined ? null : worker.checkpoints;
  return async () => expect(await asked).toEqual({ checkpointId, woken, outboxed: 0 });
}

const textOrEmpty = (data: Uint8Array | null): string | null => (data === null ? null : (textOf(data) ?? ''));

async function compare(model: ReadonlyMap<string, ModelWorker>, store: NodeStore): Promise<void> {
  for (const [name, worker] of model) {
    const pending = await store.pendingInputs(name, 0, 1000);
    const found = pending.map(
      ({ seq, body, outcome }) => `${seq} ${textOf(body) ?? ''} ${textOrEmpty(outcome) ?? '-'}`,
    );
    expect(found).toEqual(worker.pending());
    const unsettled = worker.inputs.filter(({ outcome }) => outcome === null).length;
    const { length: lastSeq } = worker.inputs;
    expect(await store.journalState(name)).toEqual({
      lastSeq,
      coveredSeq: worker.coveredSeq,
      unsettled,
      frozen: false,
    });
    for (const [at, { outcome }] of worker.inputs.entries()) {
      const answer = await store.outcomeOf(name, at + 1);
      const known = answer && textOrEmpty(answer.outcome);
      expect(known).toEqual(worker.gone.has(at + 1) ? undefined : outcome);
    }
    expect((await store.checkpoint(name))?.id ?? 0).toBe(worker.checkpoints);
  }
}

async function follows(
  store: NodeStore,
  groups: readonly (readonly Action[])[],
  reopen?: () => Promise<NodeStore>,
): Promise<void> {
  await addWorkers(store, ...NAMES);
  const model = new Map(NAMES.map((name) => [name, new ModelWorker()]));
  for (const group of groups) {
    const checks = group.map((act) => perform(model, store, act));
    for (const check of checks) await check();
  }
  await compare(model, store);
  if (reopen) await compare(model, await reopen());
}

const groups = fc.array(fc.array(action, { minLength: 1, maxLength: 8 }), { maxLength: 12 });

it('does what the model does, in memory', async () => {
  await fc.assert(
    fc.asyncProperty(groups, async (actions) => {
      const store = await openTestStore({});
      await follows(store, actions);
      await store.close();
    }),
    { numRuns: 300 },
  );
});

it('does what the model does in a thread, also after it is opened again', async () => {
  await fc.assert(
    fc.asyncProperty(groups, async (actions) => {
      const dataDir = await testFolder();
      const store = await openTestStore({ dataDir });
      await follows(store, actions, async () => {
        await store.close();
        return openTestStore({ dataDir });
      });
    }),
    { numRuns: 10 },
  );
});
