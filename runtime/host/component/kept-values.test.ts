import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FunctionType, ResourceType, ValueType } from '../../component/value-types.ts';
import { StateField } from '../state-field.ts';
import { typedValues } from './canonical/testing/random-values.ts';
import type { Resource } from './component-host.ts';
import { keepValues, keptValues } from './kept-values.ts';

const STREAM = 'wasi:io/streams@0.2/input-stream';
const stream: ResourceType = { from: 'wasi:io/streams@0.2', name: 'input-stream' };
const counter: ResourceType = { from: undefined, name: 'resource 1' };
const taking = (...types: readonly ValueType[]): FunctionType => ({
  params: types.map((type, index) => [`p${index}`, type]),
  result: undefined,
});

const again = (type: FunctionType, state: unknown, resources: readonly Resource[] = []): unknown =>
  keptValues(type, new StateField(structuredClone(state), 'args'), resources);
const noResource = (): never => {
  throw new Error('there are no resources');
};

describe('kept values', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(typedValues, ({ type, value }) => {
        expect(again(taking(type), keepValues(taking(type), [value], noResource))).toEqual([value]);
      }),
      { numRuns: 500 },
    );
  });

  it('have resources of the host by their indices, and those of the component by their representations', () => {
    const resources = [{ resource: STREAM }, { resource: STREAM }];
    const type = taking(
      { kind: 'own', resource: stream },
      { kind: 'borrow', resource: stream },
      { kind: 'own', resource: counter },
      { kind: 'borrow', resource: counter },
    );
    const values = [resources[1], resources[0], { resource: 'own/resource 1', rep: 5 }, { resource: 'own/resource 1', rep: 6 }]; // prettier-ignore
    const state = keepValues(type, values, (resource) => resources.indexOf(resource));
    const back = again(type, state, resources) as unknown[]; // the values of the parameters
    expect(back).toEqual(values);
    expect(back[0]).toBe(resources[1]);
    expect(back[1]).toBe(resources[0]);
  });

  const type = taking({ kind: 'list', element: { kind: 'string' } }, { kind: 'u8' });
  const state = keepValues(type, [['a text', 'and another one'], 7], noResource) as Record<string, unknown>; // of flat, bytes, handles
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['no flat values', { ...state, flat: null }],
    ['too few flat values', { ...state, flat: [0] }],
    ['flat values of other types', { ...state, flat: ['0', {}, 7n] }],
    ['an address that is not there', { ...state, flat: [4096, 2, 7] }],
    ['no bytes', { ...state, bytes: 5 }],
    ['fewer bytes', { ...state, bytes: (state['bytes'] as Uint8Array).subarray(0, 20) }],
    ['no handles', { ...state, handles: null }],
  ])('are refused with %s', (_, damaged) => {
    expect(() => again(type, damaged)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_MALFORMED' }));
  });

  it('are refused if they are too large', () => {
    expect(() => keepValues(taking({ kind: 'string' }), ['x'.repeat(2 ** 26)], noResource)).toThrow(
      expect.objectContaining({ code: 'NOT_MIGRATABLE' }),
    );
  });
});
