import { expect, it } from 'vitest';
import { runSoak, type SoakSample } from './campaign.ts';
import { QUANTITIES } from './quantities.ts';
import { SAMPLES_MIN, slopeOf, verdictOf } from './slope.ts';
import { soakSummary } from './summary.ts';

it('two nodes live through everything that can happen to workers, and are accounted for', async () => {
  const told: string[] = [];
  const forMs = 4000;
  const result = await runSoak({
    forMs,
    sampleEveryMs: 1000,
    clients: 2,
    seed: 1,
    onProgress: (text) => told.push(text),
  });
  const summary = soakSummary(result, forMs, 1);
  expect(summary).toMatchObject({ errors: {}, workers_left: 0, grows: [], seed: 1 });
  expect(Object.keys(summary.operations).sort()).toEqual(
    expect.arrayContaining(['call', 'create', 'delete', 'fork', 'move', 'snapshot']),
  );
  expect(summary.nodes).toHaveLength(2);
  for (const trends of summary.nodes) {
    expect(Object.keys(trends)).toEqual(Object.keys(QUANTITIES));
    for (const { first, last, verdict } of Object.values(trends)) {
      expect([first, last].every(Number.isFinite)).toBe(true);
      expect(verdict).toBe('too short');
    }
    expect(trends.resident_mib.last).toBeGreaterThan(10);
    expect(trends.files.last).toBeGreaterThan(0);
  }
  expect(told.length).toBeGreaterThan(0);
}, 120_000);

const line = (count: number, at: (index: number) => number): { hours: number; value: number }[] =>
  Array.from({ length: count }, (_, index) => ({ hours: index / 10, value: at(index) }));

it('a slope is that of the line through the samples', () => {
  const exact = slopeOf(line(20, (index) => 5 + 3 * index));
  expect(exact?.perHour).toBeCloseTo(30);
  expect(exact?.error).toBeCloseTo(0);
  expect(slopeOf(line(SAMPLES_MIN - 1, () => 1))).toBeUndefined();
  expect(slopeOf(Array.from({ length: 20 }, () => ({ hours: 1, value: 1 })))).toBeUndefined();
});

it.each([
  ['rises by more than is allowed', (index: number) => index, 5, 'grows'],
  ['rises by less', (index: number) => index, 50, 'steady'],
  ['goes up and down', (index: number) => (index % 2) * 100, 0, 'steady'],
  ['falls', (index: number) => -index, 0, 'steady'],
] as const)('what %s is told', (_, at, most, verdict) => {
  expect(verdictOf(slopeOf(line(40, at)), most)).toBe(verdict);
});

it('what grows after the warm-up is a finding, what grew in it is none', () => {
  const forMs = 3_600_000;
  const sampleOf = (minute: number, descriptors: number, heapBytes: number): SoakSample => ({
    atMs: minute * 60_000,
    holdings: {
      residentBytes: 1e8,
      descriptors,
      threads: 11,
      heapBytes,
      externalBytes: 0,
      handles: {},
      files: 5,
      fileBytes: 5,
    },
  });
  const samples = Array.from({ length: 60 }, (_, minute) => sampleOf(minute, 20 + minute, Math.min(minute, 10) * 1e7));
  const summary = soakSummary({ operations: {}, errors: {}, samples: [samples], workersLeft: 0 }, forMs, 1);
  expect(summary.grows).toEqual(['descriptors of node 0']);
  expect(summary.nodes[0]).toMatchObject({
    descriptors: { per_hour: 60, verdict: 'grows' },
    heap_mib: { verdict: 'steady' },
  });
});
