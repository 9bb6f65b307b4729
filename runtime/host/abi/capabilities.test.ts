import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeModule } from '../../wasm/index.ts';
import { CAPABILITIES, requiredCapabilities } from './capabilities.ts';

const importsOf = (guest: string) =>
  decodeModule(readFileSync(new URL(`../../../test/abi/guests/${guest}.wasm`, import.meta.url))).imports;

test('what a module could ask for follows from its imports', () => {
  expect(requiredCapabilities(importsOf('mailbox-loop'))).toEqual([
    { capability: 'kv', summary: 'keep keys and values of its own', calls: ['kv_set'] },
    { capability: 'mailbox.receive', summary: 'take and answer messages', calls: ['recv', 'reply'] },
    { capability: 'topics.publish', summary: 'publish to these topics', calls: ['publish'] },
  ]);
  expect(requiredCapabilities(importsOf('every-call')).map(({ capability }) => capability)).toEqual(
    Object.keys(CAPABILITIES),
  );
});

test('what is not of this ABI asks for nothing', () => {
  expect(
    requiredCapabilities([
      { module: 'env', name: 'kv_get' },
      { module: 'pluvio_v1', name: 'toString' },
      { module: 'pluvio_v1', name: 'sleep' },
      { module: 'pluvio_v2', name: 'kv_get' },
    ]),
  ).toEqual([]);
});
