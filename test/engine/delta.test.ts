/** Delta snapshots: chains of them are equal to whole snapshots, and what is forged or out of order is refused with a code. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  createWorker,
  decodeSnapshot,
  encodeSnapshot,
  type LoadedModule,
  loadModule,
  type Outcome,
  restoreWorker,
  type Snapshot,
  stageWorker,
  type Worker,
} from '../../runtime/engine/index.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { Tape } from '../../runtime/wasm/testing/differential.ts';
import { CORPUS, createFunctionImports, type FunctionProgram } from '../programs/corpus.ts';
import { mutateSnapshot } from './generate/mutate-snapshot.ts';
import { leavingAtEach } from './stops.ts';
import { assembleModule } from './text-module.ts';

const PROGRAMS = CORPUS.filter((program): program is FunctionProgram => program.kind === 'function').filter(
  ({ name }) => !name.startsWith('big-'),
);
const CHAIN = 5;
const BLOCK = 4096;

const codeOf = async (attempt: () => unknown): Promise<string> => {
  try {
    await attempt();
    return 'none';
  } catch (error) {
    if (error instanceof PluvioError) return error.code;
    throw error;
  }
};

const essence = (outcome: Outcome): unknown =>
  outcome.kind === 'trapped' ? { kind: outcome.kind, code: outcome.code } : outcome;

/** A whole snapshot at the first safepoint, and deltas at the next ones, as long as there are any. */
async function takeChain(worker: Worker, { export: name, args }: FunctionProgram): Promise<Uint8Array[]> {
  const chain: Uint8Array[] = [];
  let outcome = await worker.call(name, args);
  while (outcome.kind === 'stopped') {
    chain.push(worker.snapshot({ keep: true, delta: chain.length > 0 }));
    if (chain.length > CHAIN) break;
    outcome = await worker.resume();
  }
  return chain;
}

describe.each(['throw', 'flag'] as const)('a chain of deltas, unwinding by %s', (unwind) => {
  let fullChains = 0;
  afterAll(() => expect(fullChains).toBeGreaterThan(PROGRAMS.length / 3));

  it.each(PROGRAMS.map((program) => [program.name, program] as const))('%s', async (_name, program) => {
    const module = await loadModule(await program.load(), { unwind });
    if (!module.portability.migratable) return;
    const imports = createFunctionImports();
    const worker = await createWorker(module, { imports, onPoll: leavingAtEach('stop') });
    const [whole, ...deltas] = await takeChain(worker, program);
    if (whole === undefined || worker.state !== 'stopped') return; // it has too few safepoints
    const staged = await stageWorker(module, whole, { imports });
    for (const delta of deltas) staged.update(delta);
    if (deltas.length === CHAIN) fullChains++;
    const twin = staged.finish();
    expect(twin.snapshot()).toEqual(worker.snapshot());
    expect(essence(await twin.resume())).toEqual(program.expected);
  });
});

/** Writes bytes, grows its memory and stops when asked to: everything that a delta of memory can show. */
const WRITER = `(module
  (memory (export "memory") 2 20)
  (data (i32.const 8192) "initial")
  (func (export "write") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "clear") (param i32 i32) (memory.fill (local.get 0) (i32.const 0) (local.get 1))))`;

async function writer(): Promise<{ module: LoadedModule; worker: Worker }> {
  const module = await loadModule(await assembleModule(WRITER));
  return { module, worker: await createWorker(module) };
}

const runsOf = (bytes: Uint8Array): readonly (readonly [number, number])[] =>
  (decodeSnapshot(bytes).instances[0]?.memories[0]?.runs ?? []).map(({ offset, bytes: content }) => [
    offset / BLOCK,
    content.length / BLOCK,
  ]);

describe('what a delta holds', () => {
  it('nothing of memory that did not change', async () => {
    const { worker } = await writer();
    await worker.call('write', [70_000, 7]);
    worker.snapshot({ keep: true });
    const delta = worker.snapshot({ delta: true });
    expect(runsOf(delta)).toEqual([]);
    expect(delta.length).toBeLessThan(BLOCK);
  });

  it('blocks that changed since the last one that was kept', async () => {
    const { worker } = await writer();
    worker.snapshot({ keep: true });
    await worker.call('write', [5 * BLOCK + BLOCK - 1, 1]);
    expect(runsOf(worker.snapshot({ delta: true }))).toEqual([[5, 1]]);
    await worker.call('write', [6 * BLOCK, 1]);
    expect(runsOf(worker.snapshot({ delta: true, keep: true }))).toEqual([[5, 2]]);
    await worker.call('write', [31 * BLOCK, 1]);
    expect(runsOf(worker.snapshot({ delta: true }))).toEqual([[31, 1]]);
    worker.snapshot({ keep: true });
    expect(runsOf(worker.snapshot({ delta: true }))).toEqual([]);
  });

  it('blocks that became what they were at first', async () => {
    const { module, worker } = await writer();
    await worker.call('clear', [2 * BLOCK, 10]);
    await worker.call('write', [3 * BLOCK, 1]);
    const base = worker.snapshot({ keep: true });
    for (const [at, byte] of Buffer.from('initial').entries()) await worker.call('write', [2 * BLOCK + at, byte]);
    await worker.call('clear', [3 * BLOCK, BLOCK]);
    const delta = worker.snapshot({ delta: true });
    expect(runsOf(delta)).toEqual([[2, 2]]);
    const twin = await restoreWorker(module, delta, { base });
    expect(twin.snapshot()).toEqual(worker.snapshot());
    expect(runsOf(twin.snapshot())).toEqual([]);
  });

  it('memory that grew', async () => {
    const { module, worker } = await writer();
    await worker.call('write', [0, 1]);
    const base = worker.snapshot({ keep: true });
    await worker.call('grow', [10]);
    await worker.call('write', [12 * 65_536 - 1, 9]);
    const delta = worker.snapshot({ delta: true, keep: true });
    expect(runsOf(delta)).toEqual([[12 * 16 - 1, 1]]);
    await worker.call('grow', [1]);
    expect(runsOf(worker.snapshot({ delta: true }))).toEqual([]);
    const staged = await stageWorker(module, base);
    staged.update(delta);
    staged.update(worker.snapshot({ delta: true }));
    expect(staged.finish().snapshot()).toEqual(worker.snapshot());
  });

  it.each([
    ['64-bit addresses', '(memory i64 2) (func (export "w") (param i64) (i64.store (local.get 0) (i64.const -1)))'],
    [
      'a second memory',
      '(memory 1) (memory 2) (func (export "w") (param i64) (i64.store 1 (i32.wrap_i64 (local.get 0)) (i64.const -1)))',
    ],
  ])('%s', async (_, fields) => {
    const module = await loadModule(await assembleModule(`(module ${fields})`));
    const worker = await createWorker(module);
    await worker.call('w', [8n]);
    const base = worker.snapshot({ keep: true });
    await worker.call('w', [BigInt(65_536 - 4)]); // across two blocks and two pages
    const delta = worker.snapshot({ delta: true });
    const memories = decodeSnapshot(delta).instances[0]!.memories;
    expect(memories.at(-1)!.runs.map(({ offset }) => offset)).toEqual([15 * BLOCK, 16 * BLOCK]);
    expect((await restoreWorker(module, delta, { base })).snapshot()).toEqual(worker.snapshot());
  });
});

describe('a delta out of order', () => {
  async function family() {
    const { module, worker } = await writer();
    const plain = worker.snapshot();
    const base = worker.snapshot({ keep: true });
    await worker.call('write', [0, 1]);
    const first = worker.snapshot({ keep: true, delta: true });
    await worker.call('write', [0, 2]);
    const second = worker.snapshot({ keep: true, delta: true });
    return { module, worker, plain, base, first, second };
  }

  it('without its parent', async () => {
    const { module, plain, base, first, second } = await family();
    expect(await codeOf(() => restoreWorker(module, first))).toBe('SNAPSHOT_PARENT');
    expect(await codeOf(() => restoreWorker(module, first, { base: plain }))).toBe('SNAPSHOT_PARENT');
    expect(await codeOf(() => restoreWorker(module, second, { base }))).toBe('SNAPSHOT_PARENT');
    expect(await codeOf(() => restoreWorker(module, second, { base: first }))).toBe('SNAPSHOT_PARENT');
    expect(await codeOf(() => restoreWorker(module, base, { base }))).toBe('SNAPSHOT_PARENT');
  });

  it('changes nothing', async () => {
    const { module, worker, base, first, second } = await family();
    const staged = await stageWorker(module, base);
    for (const wrong of [base, second]) expect(await codeOf(() => staged.update(wrong))).toBe('SNAPSHOT_PARENT');
    staged.update(first);
    expect(await codeOf(() => staged.update(first))).toBe('SNAPSHOT_PARENT');
    staged.update(second);
    expect(staged.finish().snapshot()).toEqual(worker.snapshot());
    expect(await codeOf(() => staged.update(second))).toBe('WORKER_CLOSED');
    expect(await codeOf(() => staged.finish())).toBe('WORKER_CLOSED');
  });

  it('cannot be taken without one that was kept', async () => {
    const { worker } = await family();
    worker.forgetSnapshot();
    expect(await codeOf(() => worker.snapshot({ delta: true }))).toBe('SNAPSHOT_PARENT');
  });

  it('of another module', async () => {
    const { base, first } = await family();
    const other = await loadModule(await assembleModule(`${WRITER.slice(0, -1)} (func))`));
    expect(await codeOf(() => restoreWorker(other, first, { base }))).toBe('SNAPSHOT_MISMATCH');
    const { module } = await writer();
    const foreign = decodeSnapshot(first);
    const [instance] = foreign.instances;
    const forged = encodeSnapshot({ ...foreign, instances: [{ ...instance!, module: new Uint8Array(32) }] });
    expect(await codeOf(() => restoreWorker(module, forged, { base }))).toBe('SNAPSHOT_MISMATCH');
  });
});

describe('hostile deltas', () => {
  const REFUSALS = /^(SNAPSHOT_(MALFORMED|VERSION|MISMATCH|PARENT)|STACK_TOO_DEEP|LINK_FAILED|none)$/;
  const numbers = fc.array(fc.nat(0xffff), { minLength: 40, maxLength: 40 });
  const LIMITS = { fuel: 300_000n, memoryPages: 64, tableElements: 1000, stackDepth: 1000, wallClockMs: 5000 };

  async function stopped(): Promise<{ module: LoadedModule; base: Uint8Array; delta: Uint8Array }> {
    const program = PROGRAMS.find(({ name }) => name === 'memory-grow')!;
    const module = await loadModule(await program.load());
    const worker = await createWorker(module, { imports: createFunctionImports(), onPoll: leavingAtEach('stop') });
    const [base, delta] = await takeChain(worker, program);
    return { module, base: base!, delta: delta! };
  }

  /** Takes the delta up and lets the guest run; gives the code of the refusal, if it was one. */
  async function attempt(module: LoadedModule, base: Uint8Array, delta: Uint8Array | Snapshot): Promise<string> {
    return codeOf(async () => {
      const options = { base, imports: createFunctionImports(), limits: LIMITS };
      const worker = await restoreWorker(module, delta, options);
      if (worker.state === 'stopped') await worker.resume();
    });
  }

  it('damaged bytes', async () => {
    const { module, base, delta } = await stopped();
    const endings = new Set<string>();
    await fc.assert(
      fc.asyncProperty(numbers, async (choices) => {
        const tape = new Tape(choices);
        const damaged = Uint8Array.from(delta);
        for (let count = 1 + tape.below(3); count > 0; count--) damaged[tape.below(400)] = tape.below(256);
        const ending = await attempt(
          module,
          base,
          tape.below(10) === 0 ? damaged.subarray(0, tape.below(400)) : damaged,
        );
        expect(ending).toMatch(REFUSALS);
        endings.add(ending);
      }),
      { numRuns: 400, endOnFailure: true },
    );
    expect([...endings]).toEqual(expect.arrayContaining(['SNAPSHOT_MALFORMED', 'SNAPSHOT_PARENT', 'none']));
  });

  it('forged fields', async () => {
    const { module, base, delta } = await stopped();
    const endings = new Set<string>();
    await fc.assert(
      fc.asyncProperty(numbers, async (choices) => {
        const forged = mutateSnapshot(decodeSnapshot(delta), new Tape(choices));
        const ending = await attempt(module, base, forged);
        expect(ending).toMatch(REFUSALS);
        endings.add(ending);
      }),
      { numRuns: 400, endOnFailure: true },
    );
    expect([...endings]).toEqual(expect.arrayContaining(['SNAPSHOT_MISMATCH', 'none']));
  });

  it('memory that shrinks, exceeds the limit or lies outside', async () => {
    const { module, worker } = await writer();
    await worker.call('grow', [2]);
    const base = worker.snapshot({ keep: true });
    const delta = decodeSnapshot(worker.snapshot({ delta: true }));
    const withMemory = (pages: number, offset: number): Snapshot => ({
      ...delta,
      instances: [
        { ...delta.instances[0]!, memories: [{ pages, runs: [{ offset, bytes: new Uint8Array(BLOCK).fill(1) }] }] },
      ],
    });
    const staged = await stageWorker(module, base, { limits: { memoryPages: 8 } });
    const before = worker.snapshot();
    for (const [pages, offset] of [
      [3, 0],
      [9, 0],
      [4, 4 * 65_536],
    ] as const) {
      expect(await codeOf(() => staged.update(withMemory(pages, offset)))).toBe('SNAPSHOT_MISMATCH');
    }
    expect(staged.finish().snapshot()).toEqual(before);
  });

  it('ids of another size, or in version 1', () => {
    const bytes = encodeSnapshot({
      version: 2,
      instances: [],
      frames: [],
      restartState: undefined,
      starting: false,
      fuelUsed: 0n,
      hosts: {},
      id: new Uint8Array(16),
    });
    const older = Uint8Array.from(bytes);
    older[4] = 1;
    expect(() => decodeSnapshot(older)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_MALFORMED' }));
    const short = encodeSnapshot({ ...decodeSnapshot(bytes), id: new Uint8Array(15) });
    expect(() => decodeSnapshot(short)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_MALFORMED' }));
  });
});
