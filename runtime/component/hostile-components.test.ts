/** Components that are small, and would take for ever: what reads them is done with each, one way or the other. */
import { expect, it } from 'vitest';
import { componentOf } from '../../test/component/tools.ts';
import { ByteWriter } from '../wasm/index.ts';
import { programOf } from './program.ts';

const PREAMBLE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00);
const TYPES = 7;
const ALIASES = 6;

const many = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

/** A component of one section. */
function ofSection(id: number, content: Uint8Array): Uint8Array {
  const writer = new ByteWriter();
  writer.bytes(PREAMBLE);
  writer.byte(id);
  writer.sized((section) => section.bytes(content));
  return writer.toBytes();
}

const text = (parts: string): Promise<Uint8Array> => componentOf(`(component ${parts})`);

/** Each type of an instance has the one before it in it, so many times. */
const instanceTypes = (count: number, times: number): string =>
  `(type $t0 (instance))${many(
    count,
    (index) => `(type $t${index + 1} (instance (alias outer 1 $t${index} (type $before))
      ${many(times, (each) => `(export "e${each}" (instance (type $before)))`)}))`,
  )}(import "all" (instance (type $t${count})))`;

/** Each component makes so many instances of the one before it. */
const components = (count: number, times: number): string =>
  `(component $c0)${many(
    count,
    (index) => `(component $c${index + 1} (alias outer 1 $c${index} (component $before))
      ${many(times, () => '(instance (instantiate $before))')})`,
  )}(instance (instantiate $c${count}))`;

const nestedTypes = (depth: number): Uint8Array =>
  new Uint8Array([1, ...Array.from({ length: depth }, () => [0x42, 1, 1]).flat(), 0x42, 0]);

it.each<[string, () => Promise<Uint8Array> | Uint8Array, string]>([
  [
    'an alias of very far out',
    () => ofSection(ALIASES, Uint8Array.of(1, 0x03, 0x02, 0xff, 0xff, 0xff, 0xff, 0x0f, 0)),
    'it looks 4294967295 levels out, where nothing is',
  ],
  ['types within types', () => ofSection(TYPES, nestedTypes(100_000)), 'types are nested more than 100 deep'],
  [
    'types of instances in a long row',
    () => text(instanceTypes(2000, 1)),
    'it has types of instances within each other, more than 100 deep',
  ],
  ['types of instances that double', () => text(instanceTypes(60, 2)), 'its definitions come to more than 1000000'],
  [
    'components in a long row',
    () => text(components(2000, 1)),
    'it has components within components, more than 100 deep',
  ],
  ['components that double', () => text(components(60, 2)), 'its definitions come to more than 1000000'],
  [
    'the same functions, exported again and again',
    () =>
      text(`(import "f" (func $f)) (instance $i ${many(2000, (index) => `(export "f${index}" (func $f))`)})
        ${many(2000, (index) => `(export "a:b/i${index}" (instance $i))`)}`),
    'its definitions come to more than 1000000',
  ],
  [
    'the same module, instantiated again and again',
    () =>
      text(`(core module $m (memory 16) (data (i32.const 0) "${'x'.repeat(2 ** 20)}"))
        ${many(130, () => '(core instance (instantiate $m))')}`),
    'its instances have more than 134217728 bytes of modules together',
  ],
  [
    'a long name',
    () => text(`(import "${'a'.repeat(1001)}" (func))`),
    'a name has 1001 units; at most 1000 are allowed',
  ],
])('%s: it is refused', async (_, made, message) => {
  const bytes = await made();
  expect(() => programOf(bytes)).toThrow(
    expect.objectContaining({
      code: expect.stringMatching(/^COMPONENT_/) as unknown,
      message: expect.stringContaining(message) as unknown,
    }) as Error,
  );
});

it.each<[string, () => Promise<Uint8Array>]>([
  [
    'instances of instances that double',
    () =>
      text(`(instance $i0)
        ${many(60, (index) => `(instance $i${index + 1} (export "a" (instance $i${index})) (export "b" (instance $i${index})))`)}
        (export "all" (instance $i60))`),
  ],
  [
    'a module of very many types',
    () => text(`(core module $m ${many(200_000, () => '(type (func))')}) (core instance (instantiate $m))`),
  ],
])('%s: it is taken', async (_, made) => {
  expect(programOf(await made()).component?.exports).toEqual([]);
});
