/** The short form of the fuzzer: a fixed number of cases for each target, in watched children as ever. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkInput } from './case.ts';
import { frameOfZeros } from './bundles/zstd.ts';
import { runCampaign } from './campaign.ts';
import { Choices } from './choices.ts';
import { summaryOf } from './summary.ts';
import type { Input } from './target.ts';
import { TARGET_NAMES, type TargetName, targetOf } from './targets.ts';

const SEED = 20_261_124;
/** What fits into some twenty seconds on two cores. */
const CASES = {
  validity: 1500,
  module: 300,
  snapshot: 800,
  bundle: 400,
  drop: 600,
  stream: 1000,
  wasi: 500,
  http: 150,
} as const satisfies Record<TargetName, number>;
const TIMEOUT_MS = 180_000;

let out = '';
beforeAll(async () => void (out = await mkdtemp(join(tmpdir(), 'pluvio-fuzz-'))));
afterAll(() => rm(out, { recursive: true, force: true }));

it.each(TARGET_NAMES)(
  `%s, seed ${SEED}`,
  async (target) => {
    const options = { seed: SEED, targets: [target], first: 0, cases: CASES[target], timeMs: Infinity, jobs: 1 };
    const totals = await runCampaign({ ...options, out, onProgress: () => undefined });
    expect([...totals.findings.values()]).toEqual([]);
    const { cases, coded, ran } = summaryOf(totals, SEED, 0);
    expect(cases).toBe(CASES[target]);
    expect(coded + ran).toBe(cases);
    expect(ran).toBeGreaterThan(cases / 100);
    if (target !== 'wasi') expect(coded).toBeGreaterThan(cases / 20); // a host call refuses with a number, not with a code
  },
  TIMEOUT_MS,
);

it("the memory that a case takes is found behind a higher peak, and is no other case's", async () => {
  const take = (sizeBytes: number) => Promise.resolve(String(new Uint8Array(sizeBytes).fill(1).length));
  const input: Input = { base: '', salt: 0, bytes: new Uint8Array() };
  const checking = (sizeBytes: number, allowedBytes: number) =>
    checkInput({ make: () => input, check: () => take(sizeBytes), memoryRiseBytes: allowedBytes }, input);
  const MIB = 2 ** 20;
  expect(await checking(300 * MIB, 400 * MIB)).toMatchObject({ kind: 'ran' });
  expect(await checking(4 * MIB, 100 * MIB)).toMatchObject({ kind: 'ran' });
  expect(await checking(350 * MIB, 40 * MIB)).toMatchObject({ kind: 'finding' });
});

it.each([0, 1, 4096, 4 * 2 ** 20 + 1])('a frame of %d zeros gives them', (sizeBytes) => {
  expect(zstdDecompressSync(frameOfZeros(sizeBytes))).toEqual(Buffer.alloc(sizeBytes));
});

it('a case depends on its seed and number alone', () => {
  const numbers = (seed: number, caseNumber: number): number[] => {
    const choices = new Choices(seed, caseNumber);
    return Array.from({ length: 20 }, () => choices.bits32());
  };
  expect(numbers(SEED, 7)).toEqual(numbers(SEED, 7));
  expect(numbers(SEED, 7)).not.toEqual(numbers(SEED, 8));
  expect(numbers(SEED, 7)).not.toEqual(numbers(SEED + 1, 7));
});

it('leaving out one change leaves the others as they are', () => {
  const changes = (without: readonly number[]): number[] => {
    const found: number[] = [];
    new Choices(SEED, 1, new Set(without)).changes(8, (own) => void found.push(own.bits32()));
    return found;
  };
  const all = changes([]);
  expect(all.length).toBeGreaterThan(1);
  expect(changes([1])).toEqual(all.filter((_, index) => index !== 1));
});

it('every target gets its share of the cases', () => {
  const counts = Map.groupBy(
    Array.from({ length: 5000 }, (_, index) => targetOf(SEED, index, TARGET_NAMES)),
    (name) => name,
  );
  expect([...counts.keys()].sort()).toEqual([...TARGET_NAMES].sort());
});
