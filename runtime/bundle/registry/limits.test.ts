import { describe, expect, it } from 'vitest';
import { REGISTRY_LIMITS, type RegistryLimitName, resolveRegistryLimits } from './limits.ts';

describe.each(Object.entries(REGISTRY_LIMITS))('%s', (key, { default: fallback, min, max }) => {
  const name = key as RegistryLimitName;

  it('has a default in its range', () => {
    expect(resolveRegistryLimits()[name]).toBe(fallback);
    expect(fallback).toBeGreaterThanOrEqual(min);
    expect(fallback).toBeLessThanOrEqual(max);
  });

  it.each([min, max])('takes its edge %i', (edge) => {
    expect(resolveRegistryLimits({ [name]: edge })[name]).toBe(edge);
  });

  it.each([min - 1, max + 1, min + 0.5, NaN])('refuses %d', (beyond) => {
    expect(() => resolveRegistryLimits({ [name]: beyond })).toThrow(
      expect.objectContaining({ code: 'LIMIT_OUT_OF_RANGE' }),
    );
  });
});
