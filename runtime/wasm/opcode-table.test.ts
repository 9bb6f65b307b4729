import { describe, expect, test } from 'vitest';
import { decodeFunction } from './code-decode.ts';
import { encodeImmediates } from './code-encode.ts';
import { decodeModule } from './decode-module.ts';
import { draftOf, encodeModule } from './encode-module.ts';
import { OP, OPCODES, type OpName, PLAIN_OPS, rowOfCode } from './opcode-table.ts';
import { rowText } from './print.ts';
import { codeAround, sample } from './testing/sample.ts';
import { validateModule } from './validate.ts';
import { ByteWriter } from './writer.ts';

const NAMES = Object.keys(OP) as OpName[];

test('names and codes are unique and lead back to their rows', () => {
  expect(NAMES.length).toBe(OPCODES.length);
  expect(new Set(OPCODES.map(({ prefix, code }) => `${prefix}:${code}`)).size).toBe(OPCODES.length);
  OPCODES.forEach((row, index) => {
    expect(OP[row.name as OpName]).toBe(index);
    expect(rowOfCode(row.prefix, row.code)).toBe(index);
  });
});

test('the number of instructions of each prefix is that of the specifications', () => {
  const counts = new Map<number, number>();
  for (const { prefix } of OPCODES) counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
  expect(Object.fromEntries(counts)).toEqual({ 0: 199, 0xfb: 31, 0xfc: 18, 0xfd: 256, 0xfe: 67 });
});

test('rows that name an index space which may be renumbered are not plain', () => {
  expect(PLAIN_OPS[OP['i32.add']]).toBe(1);
  expect(PLAIN_OPS[OP['v128.load8_lane']]).toBe(1);
  expect(PLAIN_OPS[OP.br_table]).toBe(1);
  expect(PLAIN_OPS[OP.call]).toBe(0);
  expect(PLAIN_OPS[OP.block]).toBe(0);
  expect(PLAIN_OPS[OP['ref.null']]).toBe(0);
});

describe.each(NAMES)('%s', (name) => {
  const bytes = sample(codeAround(name));

  test('validates, as the engine says too', () => {
    expect(WebAssembly.validate(bytes as BufferSource)).toBe(true);
    validateModule(decodeModule(bytes));
  });

  test('decodes to a row with its immediates and is written again with equal bytes', () => {
    const module = decodeModule(bytes);
    expect(encodeModule(draftOf(module))).toEqual(bytes);
    const { code } = decodeFunction(module, 1);
    const row = code.op.subarray(0, code.length).indexOf(OP[name]);
    expect(row).toBeGreaterThanOrEqual(0);
    expect(rowText(code, row).startsWith(name)).toBe(true);
    // Constants and offsets stay in the bytes: they are zero here, as a row without bytes is written.
    const writer = new ByteWriter();
    const shuffle = OPCODES[OP[name]]!.immediates.some((kind) => kind === 'v128' || kind === 'lanes16');
    if (shuffle) return;
    encodeImmediates(writer, code, row);
    expect(writer.toBytes()).toEqual(bytes.slice(code.at[row], code.end[row]));
  });

  test('is rejected without operands or with one too many, if it takes any', () => {
    const instrs = codeAround(name);
    const at = instrs.findIndex(([op]) => op === name);
    if (at === 0) return;
    for (const changed of [
      instrs.slice(1),
      [['f32.const', 0] as const, ...instrs, ['drop'] as const, ['drop'] as const],
    ]) {
      const mutant = sample(changed);
      const engine = WebAssembly.validate(mutant as BufferSource);
      let ours = true;
      try {
        validateModule(decodeModule(mutant));
      } catch {
        ours = false;
      }
      expect(ours).toBe(engine);
    }
  });
});
