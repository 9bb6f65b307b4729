/** Sizes and offsets that are too large: malformed, invalid, or above a limit of the implementation. */
import { expect, test } from 'vitest';
import { PluvioError } from '../errors/index.ts';
import { decodeModule } from './decode-module.ts';
import type { ModuleDraft } from './encode-module.ts';
import { writeOpcode } from './code-encode.ts';
import { OP } from './opcode-table.ts';
import { bodyOf, funcType, limits, moduleOf, typesOf } from './testing/assemble.ts';
import { FUNCREF } from './types.ts';
import { validateModule } from './validate.ts';
import { ByteWriter } from './writer.ts';

function codeFor(draft: Partial<ModuleDraft>): string {
  try {
    validateModule(decodeModule(moduleOf(draft)));
    return 'valid';
  } catch (error) {
    if (error instanceof PluvioError) return error.code;
    throw error;
  }
}

const memory = (min: number, max?: number, is64 = false) => ({ memories: [{ limits: limits(min, max, { is64 }) }] });
const table = (min: number, max?: number, is64 = false) => ({
  tables: [{ type: { element: FUNCREF, limits: limits(min, max, { is64 }) } }],
});

test.each([
  ['a memory of 4 GiB', memory(65_536, 65_536), 'valid'],
  ['a memory of more', memory(65_537), 'MODULE_INVALID'],
  ['a maximum of more', memory(0, 65_537), 'MODULE_INVALID'],
  ['a minimum that needs more than 32 bits', memory(2 ** 32), 'MODULE_INVALID'],
  ['a memory with 64-bit addresses as large as they allow', memory(2 ** 48, undefined, true), 'MODULE_LIMIT'],
  ['a maximum as large as they allow', memory(0, 2 ** 48, true), 'MODULE_LIMIT'],
  ['a larger maximum', memory(0, 2 ** 48 + 1, true), 'MODULE_INVALID'],
  ['a table as large as indices allow', table(2 ** 32 - 1), 'MODULE_LIMIT'],
  ['a table that may grow as far', table(0, 2 ** 32 - 1), 'valid'],
  ['a larger table', table(2 ** 32), 'MODULE_INVALID'],
  ['a table that may grow further', table(0, 2 ** 32), 'MODULE_INVALID'],
  ['a table with 64-bit indices that may grow further', table(0, 2 ** 32, true), 'valid'],
])('%s', (_what, draft, code) => {
  expect(codeFor(draft)).toBe(code);
});

/** A function that loads from address 0 plus an offset. */
function load(offset: bigint, is64: boolean): Partial<ModuleDraft> {
  const body = new ByteWriter();
  body.u32(0);
  writeOpcode(body, is64 ? OP['i64.const'] : OP['i32.const']);
  body.byte(0);
  writeOpcode(body, OP['i32.load']);
  body.byte(2);
  body.u64(offset);
  writeOpcode(body, OP.drop);
  body.byte(0x0b);
  return {
    types: typesOf([funcType([], [])]),
    funcs: [{ typeIndex: 0, body: body.toBytes() }],
    ...memory(1, undefined, is64),
  };
}

test.each([
  [2n ** 32n - 1n, false, 'valid'],
  [2n ** 32n, false, 'MODULE_INVALID'],
  [2n ** 64n - 1n, false, 'MODULE_INVALID'],
  [2n ** 64n - 1n, true, 'valid'],
])('an offset of %s, 64-bit addresses: %s', (offset, is64, code) => {
  expect(codeFor(load(offset, is64))).toBe(code);
});

test('a data index without a data count section is malformed', () => {
  const draft = {
    types: typesOf([funcType([], [])]),
    funcs: [{ typeIndex: 0, body: bodyOf([['data.drop', 0]]) }],
    datas: [{ mode: 'passive', memoryIndex: 0, content: Uint8Array.of(1) }],
  } satisfies Partial<ModuleDraft>;
  expect(codeFor({ ...draft, hasDataCount: false })).toBe('MODULE_MALFORMED');
  expect(codeFor(draft)).toBe('valid');
});
