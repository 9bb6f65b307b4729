/** A component's functions, called by its types: tsc holds these calls against the declarations, the node against the component. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { typesOf } from '../../sdk/project/index.ts';
import { openNode } from '../node/open-nodes.ts';
import type { Everything, MyThings } from './my-things.d.ts';
import { thingsComponent } from './things.ts';

const EVERYTHING: Everything = {
  points: [{ x: -5 }, { x: 7, yPos: 255 }],
  bytes: new Uint8Array([0, 255, 7]),
  wides: [0n, 2n ** 64n - 1n],
  pair: [-(2n ** 63n), 'grün'],
  maybe: '',
  nested: { tag: 'some', val: 'deep' },
  outcome: { tag: 'err', val: 'no' },
  colour: 'dark-green',
  access: { read: false, writeAll: true },
  shape: { tag: 'circle', val: -0 },
  letter: '🜁',
  isWell: true,
  half: 0.5,
};

it('is declared as my-things.d.ts says', async () => {
  const manifest = { schemaVersion: 1, name: 'my-things' } as const;
  const declared = await typesOf('my-things', manifest, () => thingsComponent());
  expect(declared).toBe(await readFile(new URL('my-things.d.ts', import.meta.url), 'utf8'));
});

it('takes and gives what is declared', async () => {
  const { client } = await openNode({ limits: { waitMs: 20 } });
  await client.workers.create({ name: 'things', module: await thingsComponent() });
  const things = client.worker<MyThings>('things');
  expect(await things.echoAll(EVERYTHING)).toStrictEqual(EVERYTHING);
  const { maybe: _, nested: __, ...others } = EVERYTHING;
  expect(await things.echoAll(others)).toStrictEqual(others);
  const inner: Everything = { ...others, nested: { tag: 'some' }, outcome: { tag: 'ok', val: { x: 1 } } };
  expect(await things.echoAll(inner)).toStrictEqual(inner);
  expect(await things.firstOf('a', 'b')).toBe('a');
  expect(await things.countAll()).toBe(3);
  expect(await things['local:things/yard@1.0.0#reset']()).toBe(3);
  // @ts-expect-error a reset is in two interfaces
  const ambiguous = things.reset as () => Promise<unknown>;
  await expect(ambiguous()).rejects.toMatchObject({ code: 'EXPORT_NOT_FOUND' });
});

it('tells of a call that fails, and does one with a key once', async () => {
  const { client } = await openNode();
  await client.workers.create({ name: 'things', module: await thingsComponent() });
  const things = client.worker<MyThings>('things', { once: true });
  await expect(things.fail()).rejects.toMatchObject({
    code: 'CALL_FAILED',
    message: 'the call of worker "things" trapped: unreachable',
    details: { outcome: 'trapped', trap: 'unreachable' },
  });
  // @ts-expect-error it takes two texts
  await expect(things.firstOf('a')).rejects.toMatchObject({
    code: 'CALL_FAILED',
    message: expect.stringContaining('argument 1 (default) is missing; it must be string') as unknown,
  });
  const first = await client.workers.callTyped('things', 'firstOf', ['a', 'b'], { key: 'k' });
  expect([first, await client.workers.callTyped('things', 'firstOf', ['a', 'b'], { key: 'k' })]).toEqual(['a', 'a']);
});

it('tells callers the names and kinds of types', async () => {
  const { client } = await openNode();
  await client.workers.create({ name: 'things', module: await thingsComponent() });
  const { exports } = await client.workers.interface('things');
  const counts = { encoding: 'component', params: [], result: 'u32' };
  expect(exports).toEqual({
    'echo-all': { encoding: 'component', params: [{ name: 'what', type: 'record' }], result: 'record' },
    'first-of': {
      encoding: 'component',
      params: [
        { name: 'a', type: 'string' },
        { name: 'default', type: 'string' },
      ],
      result: 'string',
    },
    fail: { encoding: 'component', params: [] },
    'local:things/shop@1.0.0#count-all': counts,
    'local:things/shop@1.0.0#reset': counts,
    'local:things/yard@1.0.0#reset': counts,
    'count-all': counts,
  });
});
