/** The comparison itself: what a program that does not end is to it, and what a fault of loading. */
import { expect, it } from 'vitest';
import { bodyOf, funcType, moduleOf, typesOf } from '../../runtime/wasm/testing/assemble.ts';
import { checkProgram } from './check.ts';

const run = { name: 'run', kind: 'func', index: 0 } as const;
const program = (...body: Parameters<typeof bodyOf>[0]) =>
  moduleOf({
    types: typesOf([funcType([], [])]),
    funcs: [{ typeIndex: 0, body: bodyOf(body) }],
    exports: [run],
  });

it('a program that does not end is not compared where a limit is given', async () => {
  const bytes = program(['loop'], ['br', 0], ['end']);
  const verdict = await checkProgram({ bytes, args: [] }, { unwinds: ['throw'], seed: 1, fuelMax: 10_000n });
  expect(verdict).toMatchObject({ difference: undefined, runs: 0 });
});

it('a program that ends is run in every way', async () => {
  const bytes = program(['loop'], ['end']);
  const verdict = await checkProgram({ bytes, args: [] }, { unwinds: ['throw', 'flag'], seed: 1, fuelMax: 10_000n });
  expect(verdict).toMatchObject({ difference: undefined, runs: 7, migratable: true, trapped: false });
  expect(verdict.safepoints).toBeGreaterThan(2);
});

it('a module that is refused is a difference, as the generator makes valid ones', async () => {
  const bytes = program(['drop']);
  const { difference } = await checkProgram({ bytes, args: [] }, { unwinds: ['throw'], seed: 1 });
  expect(difference).toMatchObject({ unwind: 'throw', mode: 'load' });
  expect(difference?.detail).toContain('operand stack is empty');
});
