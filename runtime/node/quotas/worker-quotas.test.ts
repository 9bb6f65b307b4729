import { describe, expect, it } from 'vitest';
import type { WorkerManifest } from '../../bundle/index.ts';
import { WORKER_DEFAULTS, WORKER_QUOTAS, type WorkerQuotaName, WorkerQuotas } from './worker-quotas.ts';

const manifestOf = (limit: string, value: number): WorkerManifest => {
  const { field } = WORKER_QUOTAS[limit as WorkerQuotaName]; // a key of the table
  const asked = { [limit]: limit === 'fuel' ? BigInt(value) : value };
  return { schemaVersion: 1, name: 'a', ...(field === 'bundle' ? {} : { [field]: asked }) };
};
const bytesOf = (limit: string, value: number): number => (limit === 'bundleBytes' ? value : 0);
const outOfRange = expect.objectContaining({ code: 'LIMIT_OUT_OF_RANGE' }) as Error;

describe.each(Object.entries(WORKER_QUOTAS))('the maximum of %s', (name, { min = 0, max }) => {
  it('holds at its edge', () => {
    const edge = Math.min(min + 5, max);
    const quotas = new WorkerQuotas({}, { [name]: edge });
    expect(quotas.excessOf(manifestOf(name, edge), bytesOf(name, edge))).toBeUndefined();
    const excess = { limit: name, asked: edge + 1, max: edge };
    expect(quotas.excessOf(manifestOf(name, edge + 1), bytesOf(name, edge + 1))).toEqual(excess);
  });

  it('has a range, to begin with its end', () => {
    expect(new WorkerQuotas().excessOf(manifestOf(name, max), bytesOf(name, max))).toBeUndefined();
    expect(() => new WorkerQuotas({}, { [name]: min })).not.toThrow();
    for (const value of [min - 1, max + 1, min + 0.5]) {
      expect(() => new WorkerQuotas({}, { [name]: value })).toThrowError(outOfRange);
    }
  });
});

describe.each(Object.entries(WORKER_DEFAULTS))('the default of %s', (name, { min = 0, max, field, default: usual }) => {
  const given = (quotas: WorkerQuotas, manifest: WorkerManifest): unknown =>
    ({ ...quotas.limitsOf(manifest), ...quotas.hostLimitsOf(manifest) })[name as 'fuel'];
  const bare: WorkerManifest = { schemaVersion: 1, name: 'a' };

  it('holds where a manifest says nothing', () => {
    const value = usual === min ? min + 1 : min;
    const quotas = new WorkerQuotas({ [name]: value });
    expect(Number(given(quotas, bare))).toBe(value);
    expect(Number(given(quotas, manifestOf(name, max)))).toBe(max);
    expect(given(new WorkerQuotas(), bare)).toBeUndefined(); // that of the table, which engines know
    expect(field).not.toBe('bundle');
  });

  it('is at most the maximum', () => {
    expect(Number(given(new WorkerQuotas({}, { [name]: min }), bare))).toBe(min);
    expect(() => new WorkerQuotas({ [name]: min + 1 }, { [name]: min })).toThrowError(outOfRange);
    for (const value of [min - 1, max + 1]) expect(() => new WorkerQuotas({ [name]: value })).toThrowError(outOfRange);
  });
});

it('names the first limit alone that a manifest exceeds, and fuel as a number', () => {
  const quotas = new WorkerQuotas({}, { fuel: 10, storageBytes: 3 });
  const manifest: WorkerManifest = {
    schemaVersion: 1,
    name: 'a',
    limits: { fuel: 11n },
    hostLimits: { storageBytes: 4 },
  };
  expect(quotas.excessOf(manifest, 0)).toEqual({ limit: 'fuel', asked: 11, max: 10 });
});

it('knows no other limits', () => {
  expect(() => new WorkerQuotas({ speed: 1 } as object)).toThrowError(outOfRange);
  expect(() => new WorkerQuotas({}, { speed: 1 } as object)).toThrowError(outOfRange);
  expect(() => new WorkerQuotas({ bundleBytes: 1 })).toThrowError(outOfRange);
});
