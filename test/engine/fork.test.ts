/** Forks: both workers go on from the same state, to the same end, and share nothing that either can change. */
import { describe, expect, it } from 'vitest';
import {
  createWorker,
  type HostModule,
  type LoadedModule,
  loadModule,
  type Outcome,
  pending,
  type PollDecision,
  type Worker,
} from '../../runtime/engine/index.ts';
import { createWorker as createGuest, forkWorker } from '../../runtime/index.ts';
import { CORPUS, createFunctionImports, type FunctionProgram } from '../programs/corpus.ts';
import { leavingAtEach, stoppedAt } from './stops.ts';
import { assembleModule } from './text-module.ts';

const PROGRAMS = CORPUS.filter((program): program is FunctionProgram => program.kind === 'function');
/** Programs with more safepoints are forked at so many, spread over the run. */
const FORKS_MAX = 40;

const essence = (outcome: Outcome): unknown =>
  outcome.kind === 'trapped' ? { kind: outcome.kind, code: outcome.code } : outcome;

async function countSafepoints(module: LoadedModule, program: FunctionProgram): Promise<number> {
  let polls = 0;
  const onPoll = (): PollDecision => {
    polls++;
    return 'go on';
  };
  await (await createWorker(module, { imports: createFunctionImports(), onPoll })).call(program.export, program.args);
  return polls;
}

describe.each(['throw', 'flag'] as const)('at every safepoint, unwinding by %s', (unwind) => {
  it.each(PROGRAMS.map((program) => [program.name, program] as const))('%s', async (_name, program) => {
    const module = await loadModule(await program.load(), { unwind });
    if (!module.portability.migratable) return;
    const step = Math.max(1, Math.ceil((await countSafepoints(module, program)) / FORKS_MAX));
    let polls = 0;
    const leave = leavingAtEach('stop');
    const onPoll = (): PollDecision => (++polls % step === 0 ? leave() : 'go on');
    const parent = await createWorker(module, { imports: createFunctionImports(), onPoll });
    let outcome = await parent.call(program.export, program.args);
    const ends: { outcome: unknown; fuelUsed: bigint }[] = [];
    while (outcome.kind === 'stopped') {
      const fork = await parent.fork();
      ends.push({ outcome: essence(await fork.resume()), fuelUsed: fork.fuelUsed });
      await fork.close();
      outcome = await parent.resume();
    }
    expect(essence(outcome)).toEqual(program.expected);
    for (const end of ends) {
      expect(end.outcome).toEqual(program.expected);
      if (outcome.kind !== 'trapped') expect(end.fuelUsed).toBe(parent.fuelUsed);
    }
  });
});

/** Counts in a global, a memory and a table; asks the host in between. */
const COUNTER = `(module
  (import "host" "ask" (func $ask (param i32) (result i32)))
  (memory (export "memory") 1)
  (table (export "table") 2 funcref)
  (global $count (mut i32) (i32.const 0))
  (elem declare func $step)
  (func $step (result i32) (global.set $count (i32.add (global.get $count) (i32.const 1))) (global.get $count))
  (func (export "step") (result i32)
    (i32.store (i32.const 100) (call $step))
    (table.set (i32.const 0) (ref.func $step))
    (i32.load (i32.const 100)))
  (func (export "named") (result i32) (i32.eqz (ref.is_null (table.get (i32.const 0)))))
  (func (export "ask") (param i32) (result i32) (i32.add (call $ask (local.get 0)) (global.get $count))))`;

describe('a fork', () => {
  const counter = async () => loadModule(await assembleModule(COUNTER));
  const ask = (value: number): number => value * 10;

  it('of an idle worker has its state, and one of its own from then on', async () => {
    const parent = await createWorker(await counter(), { imports: { host: { ask } } });
    await parent.call('step');
    const fork = await parent.fork();
    expect(await parent.call('step')).toEqual({ kind: 'returned', values: [2] });
    expect(await parent.call('step')).toEqual({ kind: 'returned', values: [3] });
    expect(await fork.call('named')).toEqual({ kind: 'returned', values: [1] });
    expect(await fork.call('step')).toEqual({ kind: 'returned', values: [2] });
    new Uint8Array(fork.memory().buffer).fill(7);
    expect(new Uint8Array(parent.memory().buffer)[100]).toBe(3);
  });

  it('of a waiting worker asks again, with the state that the call left', async () => {
    const answers: PromiseWithResolvers<number>[] = [];
    const seen: unknown[] = [];
    const workers: Worker[] = [];
    const waiting = (): unknown => {
      seen.push(workers.at(-1)?.guest.restartState());
      const answer = Promise.withResolvers<number>();
      answers.push(answer);
      return pending(answer.promise, { state: { deadline: 5, list: [1] } });
    };
    const parent = await createWorker(await counter(), { imports: { host: { ask: waiting } } });
    workers.push(parent);
    const running = parent.call('ask', [4]);
    await Promise.resolve();
    expect(parent.state).toBe('waiting');
    const fork = await parent.fork();
    workers.push(fork);
    expect(fork.state).toBe('stopped');
    const resumed = fork.resume();
    answers[0]?.resolve(1);
    expect(await running).toEqual({ kind: 'returned', values: [1] });
    answers[1]?.resolve(2);
    expect(await resumed).toEqual({ kind: 'returned', values: [2] });
    expect(seen).toEqual([undefined, { deadline: 5, list: [1] }]);
  });

  it('has host modules of its own, which share no data with those of its parent', async () => {
    const log = (): HostModule & { lines: Uint8Array[] } => ({
      name: 'log',
      lines: [],
      imports: {
        host: {
          ask(this: void, value: number): number {
            return value;
          },
        },
      },
      bind: () => undefined,
      snapshot() {
        return { lines: this.lines };
      },
      restore(state) {
        this.lines = (state as { lines: Uint8Array[] }).lines;
      },
    });
    const [first, second] = [log(), log()];
    const parent = await createWorker(await counter(), { hosts: [first] });
    first.lines.push(Uint8Array.of(1, 2));
    const fork = await parent.fork({ hosts: [second], name: 'second' });
    expect(fork.name).toBe('second');
    expect(second.lines).toEqual([Uint8Array.of(1, 2)]);
    first.lines[0]?.fill(9);
    expect(second.lines).toEqual([Uint8Array.of(1, 2)]);
    await expect(parent.fork()).rejects.toMatchObject({ code: 'IMPORT_MISSING' });
  });

  it('has the limits of its parent, or others', async () => {
    const spin = await assembleModule('(module (func (export "spin") (loop $l (br $l))))');
    const module = await loadModule(spin);
    const parent = await createWorker(module, { limits: { fuel: 5000n, stackDepth: 99 } });
    const inherits = await parent.fork();
    expect(inherits.limits).toEqual(parent.limits);
    const differs = await parent.fork({ limits: { fuel: 100n } });
    expect(differs.limits).toEqual({ ...parent.limits, fuel: 100 });
    expect(await differs.call('spin')).toEqual({ kind: 'limit', limit: 'fuel' });
    const again = await differs.fork({ limits: { fuel: 200n } });
    expect(again.fuelUsed).toBe(differs.fuelUsed);
    expect(await again.resume()).toEqual({ kind: 'limit', limit: 'fuel' });
  });

  it('can be stopped, forked and kept as any worker', async () => {
    const program = PROGRAMS.find(({ name }) => name === 'memory-grow')!;
    const module = await loadModule(await program.load());
    const parent = await stoppedAt(module, program.export, program.args, 2, { imports: createFunctionImports() });
    const fork = await parent.fork();
    const second = await fork.fork();
    expect(second.snapshot()).toEqual(parent.snapshot());
    fork.snapshot({ keep: true });
    expect(fork.snapshot({ delta: true }).length).toBeLessThan(4096);
    for (const worker of [parent, fork, second]) expect(await worker.resume()).toEqual(program.expected);
  });

  it('is refused where nothing can be captured', async () => {
    const module = await counter();
    const inside: Promise<unknown>[] = [];
    const parent: Worker = await createWorker(module, {
      imports: {
        host: {
          ask: () => {
            inside.push(parent.fork().catch((error: unknown) => error));
            return 1;
          },
        },
      },
    });
    await parent.call('ask', [1]);
    expect(await inside[0]).toMatchObject({ code: 'WORKER_NOT_STOPPED' });
    await parent.close();
    await expect(parent.fork()).rejects.toMatchObject({ code: 'WORKER_CLOSED' });
  });

  it('has WASI if it is given', async () => {
    const text = `(module
      (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "count") (result i32) (drop (call $sizes (i32.const 0) (i32.const 4))) (i32.load (i32.const 0))))`;
    const parent = await createGuest(await loadModule(await assembleModule(text)), { wasi: { args: ['a', 'b', 'c'] } });
    const fork = await forkWorker(parent, { wasi: {} });
    expect(await fork.call('count')).toEqual({ kind: 'returned', values: [3] }); // arguments are state
  });
});
