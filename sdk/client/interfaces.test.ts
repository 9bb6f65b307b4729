import { expect, it } from 'vitest';
import type { WorkerInterface } from '../../runtime/node/api-types.ts';
import { Interfaces } from './interfaces.ts';

type Exports = WorkerInterface['exports'];

const component = { encoding: 'component' } as const;
const EXPORTS: Exports = {
  'link-count': component,
  'link-counts': component,
  linkCounts: component,
  'local:shop/stock@1.0.0#take-out': component,
  'bare-name': component,
  bareName: { encoding: 'json', params: [] },
};

/** Interfaces that count how often they are asked for, and how often their exports are listed. */
function counted(exports: Exports): { interfaces: Interfaces; counts: { asked: number; listed: number } } {
  const counts = { asked: 0, listed: 0 };
  const watched = new Proxy(exports, {
    ownKeys: (target) => {
      counts.listed++;
      return Reflect.ownKeys(target);
    },
  });
  const interfaces = new Interfaces(() => {
    counts.asked++;
    return Promise.resolve({ exports: watched } as WorkerInterface); // of what is asked for here
  });
  return { interfaces, counts };
}

it.each([
  ['link-count', 'link-count'],
  ['linkCount', 'link-count'],
  ['link-counts', 'link-counts'],
  ['linkCounts', 'linkCounts'],
  ['local:shop/stock@1.0.0#take-out', 'local:shop/stock@1.0.0#take-out'],
  ['bare-name', 'bare-name'],
  ['bareName', undefined],
])('%s is the function %s of a component', async (name, found) => {
  const { interfaces } = counted(EXPORTS);
  expect((await interfaces.find('guest', name)).component).toBe(found);
});

it('lists the exports once, however many calls there are', async () => {
  const { interfaces, counts } = counted(EXPORTS);
  await interfaces.find('guest', 'linkCount');
  const { listed } = counts;
  for (const name of Object.keys(EXPORTS)) await interfaces.find('guest', name);
  await interfaces.find('guest', 'linkCount');
  expect(counts).toEqual({ asked: 1, listed });
});

it('asks again for what it does not know, and refuses what a component has not', async () => {
  const { interfaces, counts } = counted(EXPORTS);
  await interfaces.find('guest', 'linkCount');
  await expect(interfaces.find('guest', 'linkcount')).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' });
  expect(counts.asked).toBe(2);
});
