import { describe, expect, test } from 'vitest';
import { PluvioError } from '../errors/index.ts';
import { decodeModule } from './decode-module.ts';
import { decodeNames } from './names.ts';
import { printFunction, printModule } from './print.ts';
import { bodyOf, funcType, limits, moduleOf, typesOf } from './testing/assemble.ts';
import { I32, I64 } from './types.ts';
import { validateModule } from './validate.ts';
import { ByteWriter } from './writer.ts';

const errorOf = (run: () => void): PluvioError => {
  try {
    run();
  } catch (error) {
    if (error instanceof PluvioError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};

function nameSection(): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(0);
  writer.sized((part) => part.name('sample'));
  writer.byte(1);
  writer.sized((part) => {
    part.u32(1);
    part.u32(0);
    part.name('add');
  });
  writer.byte(2);
  writer.sized((part) => {
    part.u32(1);
    part.u32(0);
    part.u32(1);
    part.u32(1);
    part.name('right');
  });
  return writer.toBytes();
}

const ADD = {
  types: typesOf([funcType([I32, I32], [I32])]),
  funcs: [{ typeIndex: 0, body: bodyOf([['local.get', 0], ['local.get', 1], ['i32.add']]) }],
};

describe('the name section', () => {
  test('gives names by index space', () => {
    const names = decodeNames(
      decodeModule(moduleOf({ ...ADD, customs: [{ name: 'name', content: nameSection(), after: 11 }] })),
    );
    expect(names.module).toBe('sample');
    expect([...names.funcs]).toEqual([[0, 'add']]);
    expect([...(names.locals.get(0) ?? [])]).toEqual([[1, 'right']]);
  });

  test('is ignored from the place on where it is malformed', () => {
    const full = nameSection();
    for (let length = 0; length < full.length; length++) {
      const customs = [{ name: 'name', content: full.subarray(0, length), after: 11 }];
      const module = decodeModule(moduleOf({ ...ADD, customs }));
      validateModule(module);
      const { funcs } = decodeNames(module);
      expect(funcs.size === 0 || funcs.get(0) === 'add').toBe(true);
    }
  });
});

test('a function prints with pcs, nesting and immediates', () => {
  const module = decodeModule(
    moduleOf({
      types: ADD.types,
      memories: [{ limits: limits(1) }],
      funcs: [
        {
          typeIndex: 0,
          body: bodyOf([['block', 2, I32], ['local.get', 0], ['i32.load', 0, 4], ['br_table', 0, 1], ['end']], [I64]),
        },
      ],
    }),
  );
  expect(printFunction(module, 0)).toBe(
    [
      '(func 0 (type 0) params [i32 i32] locals [i64]',
      '     0x3    block (result i32)',
      '     0x5      local.get 0',
      '     0x7      i32.load offset=4 align=4',
      '     0xa      br_table 0 1',
      '     0xe    end',
      '     0xf  end)',
    ].join('\n'),
  );
  expect(printModule(module)).toContain('(memory 0 1)');
});

test('text grows with the code, however deep it nests', () => {
  const textOf = (depth: number): string => {
    const nest = (name: 'block' | 'end'): readonly (readonly [typeof name])[] =>
      Array.from({ length: depth }, () => [name]);
    const module = decodeModule(
      moduleOf({
        types: typesOf([funcType([], [])]),
        funcs: [{ typeIndex: 0, body: bodyOf([...nest('block'), ...nest('end')]) }],
      }),
    );
    return printFunction(module, 0);
  };
  expect(textOf(20_000).length).toBeLessThan(2.1 * textOf(10_000).length);
});

describe('errors tell where', () => {
  test('an import by its names', () => {
    const bytes = moduleOf({
      imports: [
        { module: 'env', name: 'log', desc: { kind: 'func', typeIndex: 7 } },
        { module: 'env', name: 'x', desc: { kind: 'func', typeIndex: 7 } },
      ],
    });
    bytes[19] = 0x09; // kind of the first import
    const error = errorOf(() => decodeModule(bytes));
    expect(error.code).toBe('MODULE_MALFORMED');
    expect(error.message).toMatch(/^section import: import\[0\] "env"\."log": kind 0x9 does not exist at 0x13$/);
  });

  test('a function by index and name', () => {
    const broken = { typeIndex: 0, body: bodyOf([['local.get', 0], ['i64.const', 1], ['i32.add']]) };
    const customs = [{ name: 'name', content: nameSection(), after: 11 }];
    const error = errorOf(() => validateModule(decodeModule(moduleOf({ ...ADD, funcs: [broken], customs }))));
    expect(error.code).toBe('MODULE_INVALID');
    expect(error.message).toMatch(/^function\[0\] "add": i32\.add: expected i32, found i64 at 0x[0-9a-f]+$/);
    expect(error.details['offset']).toBeTypeOf('number');
  });

  test('bytes that are no module by their first bytes', () => {
    expect(errorOf(() => decodeModule(new TextEncoder().encode('#!/bin/sh'))).message).toContain('23 21 2f 62');
    expect(errorOf(() => decodeModule(new Uint8Array(0))).code).toBe('MODULE_MALFORMED');
  });

  test('a limit by its name', () => {
    const body = new ByteWriter();
    body.u32(1);
    body.u32(60_000);
    body.byte(I32);
    body.byte(0x0b);
    const error = errorOf(() =>
      validateModule(
        decodeModule(moduleOf({ types: typesOf([funcType([], [])]), funcs: [{ typeIndex: 0, body: body.toBytes() }] })),
      ),
    );
    expect(error.code).toBe('MODULE_LIMIT');
    expect(error.message).toContain('locals: found 60000, at most 50000 are accepted');
  });
});
