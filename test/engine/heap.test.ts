/** Objects, exceptions and references to them in snapshots: what survives, what is refused, and the limit on both sides. */
import { describe, expect, it } from 'vitest';
import {
  createWorker,
  decodeSnapshot,
  encodeSnapshot,
  type LoadedModule,
  loadModule,
  restoreWorker,
  type Worker,
  type WorkerOptions,
} from '../../runtime/engine/index.ts';
import { assembleText } from '../programs/assemble-text.ts';
import { foreignSubject, heapSubject, SEGMENT_ITEMS } from './heap-subject.ts';

const MILLION = 1_000_000;

/** Maps objects to the numbers of a list. */
const handlesOf = (values: readonly unknown[]) => ({
  handleOf: (value: unknown) => (values.includes(value) ? values.indexOf(value) : undefined),
  valueOf: (handle: string | number) => values[Number(handle)],
});

const returns = (...values: unknown[]) => ({ kind: 'returned', values });
const refused = (message: RegExp): unknown =>
  expect.objectContaining({ code: 'NOT_MIGRATABLE', message: expect.stringMatching(message) as string });

describe.each(['throw', 'flag'] as const)('unwinding by %s', (unwind) => {
  const thrown = new Error('the host failed');
  const fail = (value: number): number => {
    if (value < 0) throw thrown;
    return value;
  };
  const optionsOf = (options: WorkerOptions = {}): WorkerOptions => ({ imports: { env: { fail } }, ...options });
  const load = async (): Promise<LoadedModule> => loadModule(heapSubject(), { unwind });
  const create = async (options?: WorkerOptions): Promise<Worker> => createWorker(await load(), optionsOf(options));
  const moved = async (worker: Worker, options?: WorkerOptions): Promise<Worker> => {
    const bytes = worker.snapshot();
    const twin = await restoreWorker(worker.module, bytes, optionsOf(options));
    expect(twin.snapshot()).toEqual(bytes);
    return twin;
  };

  it('values of the host travel by their handles, in a field of either side and in a table', async () => {
    const here = [{}, { name: 'b' }, () => 0];
    const there = [{}, { name: 'B' }, () => 1];
    const worker = await create({ handles: handlesOf(here) });
    await worker.call('setAny', [here[0]]);
    await worker.call('setExtern', [here[1]]);
    await worker.call('setTable', [here[2]]);
    const twin = await moved(worker, { handles: handlesOf(there) });
    expect(await twin.call('any')).toEqual(returns(there[0]));
    const outcome = await twin.call('extern');
    expect(outcome.kind === 'returned' && outcome.values[0]).toBe(there[1]);
    expect(await twin.call('table')).toEqual(returns(there[2]));
  });

  it('a function that is a value of the host, too, stays both', async () => {
    const worker = await create();
    await worker.call('setFunc', [worker.instance.func(1)]);
    const twice = worker.instance.func(1);
    const both = { handleOf: (value: unknown) => (value === twice ? 'twice' : undefined), valueOf: () => 'found' };
    const other = await createWorker(await load(), optionsOf({ handles: both }));
    await other.call('setFunc', [other.instance.func(1)]);
    await other.call('setAny', [twice]);
    const twin = await moved(other, {
      handles: { handleOf: (value) => (value === 'found' ? 'twice' : undefined), valueOf: () => 'found' },
    });
    expect(await twin.call('func')).toEqual(returns(twin.instance.func(1)));
    expect(await twin.call('any')).toEqual(returns('found'));
  });

  it.each(['setAny', 'setExtern', 'setTable'])(
    'a value of the host without a handle is refused after %s, and named',
    async (set) => {
      const worker = await create();
      await worker.call(set, [{}]);
      const where = set === 'setTable' ? 'table 0, element 1' : 'global 0';
      expect(() => worker.snapshot()).toThrow(refused(new RegExp(`^${where} .*a host value without a handle`)));
      await worker.call(set, [null]);
      await moved(worker);
    },
  );

  it.each([5, -(2 ** 30), 2 ** 30 - 1])(
    'the number %i is an i31 in either hierarchy and needs no handle',
    async (value) => {
      const worker = await create();
      for (const set of ['setAny', 'setExtern', 'setTable']) await worker.call(set, [value]);
      const twin = await moved(worker);
      for (const get of ['any', 'extern', 'table']) expect(await twin.call(get)).toEqual(returns(value));
    },
  );

  it('an object of another module is refused', async () => {
    const { instance } = await WebAssembly.instantiate(foreignSubject() as BufferSource);
    const object = (instance.exports['make'] as () => unknown)(); // its only export
    const worker = await create();
    await worker.call('setAny', [object]);
    expect(() => worker.snapshot()).toThrow(
      refused(/^global 0 holds an object of a type that the module does not have/),
    );
  });

  it('an exception keeps its payload; one of JavaScript is refused as long as it is held', async () => {
    const worker = await create();
    await worker.call('keepException', [41]);
    const twin = await moved(worker);
    expect(await twin.call('payload')).toEqual(returns(41));
    await twin.call('keepException', [-1]);
    expect(() => twin.snapshot()).toThrow(refused(/^global \d holds /));
    await twin.call('forgetException');
    await moved(twin);
  });

  it('what constant expressions made is found again and changed', async () => {
    const worker = await create();
    await worker.call('chain');
    await worker.call('setStep');
    await worker.call('newBytes', [1000]);
    const twin = await moved(await moved(worker));
    expect(await twin.call('step', [10])).toEqual(returns(5));
  });

  it('an immutable array has equal references, or no more than one instruction takes', async () => {
    const worker = await create();
    await worker.call('manySame', [100_000]);
    expect(await (await moved(worker)).call('manyAt', [99_999])).toEqual(returns(5));
    await worker.call('manyDifferent', [SEGMENT_ITEMS - 1]);
    expect(await (await moved(worker)).call('manyAt', [9999])).toEqual(returns(9999));
    await worker.call('manyDifferent', [SEGMENT_ITEMS]);
    expect(() => worker.snapshot()).toThrow(refused(/immutable array of 10001 different references, at most 10000/));
  });

  it('heapBytes: exactly enough is enough, to take a snapshot and to take it up', async () => {
    const free = await create();
    await free.call('newBytes', [1000]);
    const bytes = free.snapshot();
    const heap = decodeSnapshot(bytes).instances[0]?.heap;
    const heapBytes = (heap?.count ?? 0) * 16 + (heap?.objects.byteLength ?? 0);
    expect(heapBytes).toBeGreaterThan(1000);
    const options = (limit: number) => optionsOf({ limits: { heapBytes: limit } });
    const exact = await restoreWorker(free.module, bytes, options(heapBytes));
    expect(exact.snapshot()).toEqual(bytes);
    const short = { code: 'SNAPSHOT_MISMATCH', details: { field: 'instances[0].heap' } };
    await expect(restoreWorker(free.module, bytes, options(heapBytes - 1))).rejects.toMatchObject(short);
    await exact.call('newBytes', [1001]);
    expect(() => exact.snapshot()).toThrow(refused(/limit heapBytes is/));
    await exact.call('newBytes', [1000]);
    expect(exact.snapshot().length).toBe(bytes.length);
  });

  it('a fork has objects of its own', async () => {
    const worker = await create();
    await worker.call('setAny', [3]);
    const fork = await worker.fork(optionsOf());
    await worker.call('setAny', [4]);
    expect(await fork.call('any')).toEqual(returns(3));
    expect(await worker.call('any')).toEqual(returns(4));
  });

  it('a delta has its heap as a whole', async () => {
    const worker = await create();
    const parent = worker.snapshot({ keep: true });
    expect(decodeSnapshot(parent).version).toBe(3);
    await worker.call('newBytes', [10]);
    const delta = worker.snapshot({ delta: true });
    const twin = await restoreWorker(worker.module, delta, { ...optionsOf(), base: parent });
    expect(twin.snapshot()).toEqual(worker.snapshot());
  });
});

describe('a million objects', () => {
  it.each(['list', 'links', 'boxes', 'numbers'])('%s', { timeout: 60_000 }, async (name) => {
    const module = await loadModule(await assembleText('gc-long', []));
    const worker = await createWorker(module);
    await worker.call(name, [MILLION]);
    const bytes = worker.snapshot();
    const twin = await restoreWorker(module, bytes);
    expect(Buffer.compare(twin.snapshot(), bytes)).toBe(0);
    expect(await twin.call('total')).toEqual(await worker.call('total'));
  });
});

it('a snapshot without objects stays in the version that it had', async () => {
  const module = await loadModule(await assembleText('gc-structs', []));
  const worker = await createWorker(module);
  const bytes = worker.snapshot();
  expect(decodeSnapshot(bytes).version).toBe(1);
  expect(encodeSnapshot(decodeSnapshot(bytes))).toEqual(bytes);
});
