import { expect, test } from 'vitest';
import wabt from 'wabt';
import { createWorker, loadModule, type MemoryBudget, restoreWorker } from '../../runtime/engine/index.ts';

const { parseWat } = await wabt();
const bytes = parseWat(
  'grow.wat',
  `(module (memory 1 10) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "count") (param i32)
      (loop $down (br_if $down (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))`,
).toBinary({}).buffer;
const module = await loadModule(bytes);

/** A budget that counts. */
function budgetOf(pages: number): MemoryBudget & { left: number } {
  return {
    left: pages,
    take(count) {
      if (count > this.left) return false;
      this.left -= count;
      return true;
    },
    give(count) {
      this.left += count;
    },
  };
}

const grow = async (worker: Awaited<ReturnType<typeof createWorker>>, pages: number): Promise<unknown> => {
  const outcome = await worker.call('grow', [pages]);
  return outcome.kind === 'returned' ? outcome.values[0] : outcome;
};

test('memory comes out of the budget and goes back', async () => {
  const memoryBudget = budgetOf(4);
  const worker = await createWorker(module, { memoryBudget });
  expect(memoryBudget.left).toBe(3);
  expect(await grow(worker, 2)).toBe(1);
  expect(memoryBudget.left).toBe(1);
  expect(await grow(worker, 2)).toBe(-1);
  expect(await grow(worker, 1)).toBe(3);
  expect(memoryBudget.left).toBe(0);
  await expect(createWorker(module, { memoryBudget })).rejects.toMatchObject({ code: 'MEMORY_FULL' });
  await worker.close();
  expect(memoryBudget.left).toBe(4);
});

test('a grow that the module does not allow is given back', async () => {
  const memoryBudget = budgetOf(100);
  const worker = await createWorker(module, { memoryBudget });
  expect(await grow(worker, 50)).toBe(-1); // the module's maximum is 10
  expect(await grow(worker, 1)).toBe(1);
  expect(memoryBudget.left).toBe(98);
  await worker.close();
  expect(memoryBudget.left).toBe(100);
});

test('a snapshot is taken up only if there is room for its memory', async () => {
  const worker = await createWorker(module);
  await grow(worker, 5);
  const snapshot = worker.snapshot();
  const small = budgetOf(5);
  await expect(restoreWorker(module, snapshot, { memoryBudget: small })).rejects.toMatchObject({ code: 'MEMORY_FULL' });
  expect(small.left).toBe(5);
  const enough = budgetOf(6);
  const twin = await restoreWorker(module, snapshot, { memoryBudget: enough });
  expect(enough.left).toBe(0);
  await twin.close();
  expect(enough.left).toBe(6);
});

test('a grow that the worker’s own limit refuses is told, and takes nothing', async () => {
  let refused = 0;
  const memoryBudget = { ...budgetOf(100), refused: () => void refused++ };
  const worker = await createWorker(module, { memoryBudget, limits: { memoryPages: 3 } });
  expect([await grow(worker, 2), refused]).toEqual([1, 0]);
  expect([await grow(worker, 1), refused, memoryBudget.left]).toEqual([-1, 1, 97]);
  await worker.close();
});

test('a worker with a limit on fuel per second pays for short calls, too', async () => {
  const paid: number[] = [];
  const pool = { pauseMs: (fuelUsed: number): number => (paid.push(fuelUsed), 0) };
  const worker = await createWorker(module, { share: { pool } });
  for (let call = 0; call < 3; call++) await worker.call('count', [10]);
  expect(paid.length).toBe(3);
  expect(paid[1]).toBeGreaterThan(0);
  expect(BigInt(paid.reduce((sum, fuel) => sum + fuel, 0))).toBeLessThan(worker.fuelUsed);
});
