/** What is generated for the types of a module: layouts, and modules that the engine takes. */
import { describe, expect, it } from 'vitest';
import { generateProgram } from '../../test/torture/generate/program.ts';
import {
  ANYREF,
  decodeModule,
  EXNREF,
  EXTERNREF,
  F64,
  type FieldType,
  FUNCREF,
  HEAP,
  I32,
  PACKED_I16,
  PACKED_I8,
  ref,
  refNull,
  type SubType,
  V128,
  type ValType,
} from '../wasm/index.ts';
import { funcType, moduleOf, typesOf } from '../wasm/testing/assemble.ts';
import { REF_KINDS } from './abi.ts';
import { constantsModule } from './heap-constants.ts';
import { constructibleTypes, exceptionLayout, heapLayout } from './heap-layout.ts';
import { heapModule } from './heap-module.ts';
import { Program } from './program.ts';

const mutable = (storage: ValType): FieldType => ({ storage, mutable: true });
const struct = (...storages: readonly ValType[]): SubType['composite'] => ({
  kind: 'struct',
  fields: storages.map(mutable),
});

const programOf = (composites: readonly SubType['composite'][], tags: readonly number[] = []): Program =>
  new Program(
    decodeModule(moduleOf({ types: typesOf(composites), tags: tags.map((typeIndex) => ({ typeIndex })) })),
    'throw',
  );

describe('layouts', () => {
  const program = programOf(
    [
      struct(PACKED_I8, F64, PACKED_I16, ANYREF, V128, FUNCREF),
      { kind: 'array', element: { storage: EXTERNREF, mutable: false } },
      funcType([I32, EXNREF, V128], []),
    ],
    [2],
  );

  it('fields are packed in their order', () => {
    const layout = heapLayout(program, 0);
    expect(layout).toMatchObject({ kind: 'struct', sizeBytes: 35 });
    expect(layout?.kind === 'struct' && layout.fields.map(({ offset, refKind }) => [offset, refKind])).toEqual([
      [0, undefined],
      [1, undefined],
      [9, undefined],
      [11, 'any'],
      [15, undefined],
      [31, 'func'],
    ]);
    expect(heapLayout(program, 1)).toMatchObject({ kind: 'array', elementBytes: 4, element: { refKind: 'extern' } });
  });

  it('of payloads: by the tag, and one more for what the host throws', () => {
    expect(exceptionLayout(program, 0)).toMatchObject({ kind: 'exception', sizeBytes: 24 });
    expect(exceptionLayout(program, 1)).toMatchObject({ sizeBytes: 4, fields: [{ refKind: 'extern' }] });
    expect(exceptionLayout(program, 2)).toBeUndefined();
  });

  it('of what has no objects', () => {
    expect(heapLayout(program, 2)).toBeUndefined();
    expect(heapLayout(program, 99)).toBeUndefined();
  });
});

it('a struct that only an object of its own could complete has none', () => {
  const program = programOf([
    struct(ref(0)),
    struct(ref(HEAP.none)),
    struct(refNull(0)),
    struct(ref(2), ref(HEAP.i31)),
  ]);
  expect([...constructibleTypes(program)].sort()).toEqual([2, 3]);
  expect(WebAssembly.validate(heapModule(program, false) as BufferSource)).toBe(true);
});

it('is valid for the types of generated programs, and the same every time', () => {
  let withTypes = 0;
  for (let number = 0; number < 200; number++) {
    const program = new Program(decodeModule(generateProgram(7, number).bytes), 'throw');
    const bytes = heapModule(program, number % 2 === 0);
    expect(WebAssembly.validate(bytes as BufferSource), `program ${number}`).toBe(true);
    if (number % 20 === 0) expect(heapModule(program, number % 2 === 0)).toEqual(bytes);
    const arrays = program.module.types.flatMap(({ composite }, type) => (composite.kind === 'array' ? [type] : []));
    if (arrays.length === 0) continue;
    withTypes++;
    const types = new Map(arrays.map((type) => [type, new Set([1, 3])]));
    const constants = constantsModule(program, { data: new Uint8Array(16), types }, REF_KINDS);
    expect(WebAssembly.validate(constants as BufferSource), `constants of program ${number}`).toBe(true);
  }
  expect(withTypes).toBeGreaterThan(20);
});
