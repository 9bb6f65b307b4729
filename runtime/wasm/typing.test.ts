import { describe, expect, test } from 'vitest';
import { BLOCK_KIND } from './code.ts';
import type { Code } from './code.ts';
import { contextOf } from './context.ts';
import { decodeFunction } from './code-decode.ts';
import { decodeModule } from './decode-module.ts';
import { OP, type OpName } from './opcode-table.ts';
import { bodyOf, funcType, type Instr, limits, moduleOf, typesOf } from './testing/assemble.ts';
import { typeFunction } from './typing.ts';
import type { Typing } from './typing-record.ts';
import { F64, HEAP, I32, I64, ref, refNull, type ValType } from './types.ts';

const TYPE_NONE = 0;
const TYPE_I32_TO_I32 = 1;
const TYPE_PAIR = 2;

interface Typed {
  readonly code: Code;
  readonly typing: Typing;
  /** The stack before a row, bottom first: types. */
  types(row: number): ValType[];
  /** The stack before a row, bottom first: node numbers. */
  nodes(row: number): number[];
  /** The first row of that name. */
  row(name: OpName): number;
}

function typed(instrs: readonly Instr[], params: readonly ValType[] = [], results: readonly ValType[] = []): Typed {
  const bytes = moduleOf({
    types: typesOf([funcType([], []), funcType([I32], [I32]), funcType([], [I32, F64]), funcType(params, results)]),
    funcs: [
      { typeIndex: 3, body: bodyOf(instrs) },
      { typeIndex: TYPE_PAIR, body: bodyOf([['i32.const', 0], ['f64.const']]) },
    ],
    memories: [{ limits: limits(1) }],
  });
  const module = decodeModule(bytes);
  const { code, locals, localCount, paramCount } = decodeFunction(module, 0);
  const typing = typeFunction(contextOf(module), code, locals, localCount, paramCount, results);
  const nodes = (row: number): number[] => {
    const found: number[] = [];
    for (let node = typing.top[row]!; node >= 0; node = typing.nodeBelow[node]!) found.unshift(node);
    return found;
  };
  return {
    code,
    typing,
    nodes,
    types: (row) => nodes(row).map((node) => typing.nodeType[node]!),
    row: (name) => code.op.subarray(0, code.length).indexOf(OP[name]),
  };
}

const ZERO: Instr = ['i32.const', 0];
const PAIR: Instr = ['call', 1];
const DROP: Instr = ['drop'];
const END: Instr = ['end'];

describe('the operand stack before a row', () => {
  test('is known in whole, with producers', () => {
    const { typing, types, nodes } = typed([ZERO, PAIR, DROP, ['i32.add'], DROP]);
    expect(types(2)).toEqual([I32, I32, F64]);
    const [first, second, third] = nodes(2);
    expect([first, second, third].map((node) => typing.nodeProducer[node!])).toEqual([0, 1, 1]);
    expect([first, second, third].map((node) => typing.nodeResult[node!])).toEqual([0, 0, 1]);
    expect([first, second, third].map((node) => typing.nodeHeight[node!])).toEqual([0, 1, 2]);
    expect(typing.top[0]).toBe(-1);
  });

  test('parameters of a block keep their nodes, its results are nodes of its end', () => {
    const { typing, nodes, row } = typed([ZERO, ['block', BLOCK_KIND.typeIndex, TYPE_I32_TO_I32], ['nop'], END, DROP]);
    expect(nodes(row('nop'))).toEqual(nodes(row('block')));
    expect(nodes(row('drop'))).not.toEqual(nodes(row('end')));
    expect(typing.nodeProducer[nodes(row('drop'))[0]!]).toBe(row('end'));
    expect(typing.blockHeight[row('block')]).toBe(0);
  });

  test('parameters of a loop are new nodes of its row', () => {
    const { typing, nodes, row } = typed([
      ZERO,
      ZERO,
      ['loop', BLOCK_KIND.typeIndex, TYPE_I32_TO_I32],
      ['nop'],
      END,
      DROP,
      DROP,
    ]);
    expect(nodes(row('nop'))[0]).toBe(nodes(row('loop'))[0]);
    expect(typing.nodeProducer[nodes(row('nop'))[1]!]).toBe(row('loop'));
    expect(typing.blockHeight[row('loop')]).toBe(1);
  });

  test('both arms of an if begin with the same nodes', () => {
    const { nodes, row } = typed([
      ZERO,
      ZERO,
      ['if', BLOCK_KIND.typeIndex, TYPE_I32_TO_I32],
      ['i32.eqz'],
      ['else'],
      ['i32.clz'],
      END,
      DROP,
    ]);
    expect(nodes(row('i32.eqz'))).toEqual(nodes(row('i32.clz')));
  });

  test('what br_if leaves keeps its nodes', () => {
    const { nodes, row } = typed([['block', BLOCK_KIND.value, I32], ZERO, ZERO, ['br_if', 0], ['nop'], END, DROP]);
    expect(nodes(row('nop'))).toEqual(nodes(row('br_if')).slice(0, 1));
  });

  test('a subtype that enters a block becomes a node of the wider type', () => {
    const wide: Instr[] = [
      ['block', BLOCK_KIND.value, refNull(HEAP.func)],
      ['ref.null', HEAP.nofunc],
      ZERO,
      ['br_if', 0],
      ['nop'],
      END,
      DROP,
    ];
    const { types, row } = typed(wide);
    expect(types(row('br_if'))).toEqual([refNull(HEAP.nofunc), I32]);
    expect(types(row('nop'))).toEqual([refNull(HEAP.func)]);
  });

  test('is -2 in unreachable code up to the construct’s next clause', () => {
    const { typing, types, row } = typed([
      ['block'],
      ['br', 0],
      ['block', BLOCK_KIND.value, I32],
      ZERO,
      ['i32.clz'],
      END,
      DROP,
      END,
      ['nop'],
    ]);
    for (let at = row('br') + 1; at < row('nop'); at++) expect(typing.top[at]).toBe(-2);
    expect(types(row('nop'))).toEqual([]);
  });

  test('else and end are reached again after an unreachable arm', () => {
    const { typing, row, types } = typed([
      ZERO,
      ['if', BLOCK_KIND.value, I64],
      ['unreachable'],
      ['else'],
      ['i64.const', 1],
      END,
      DROP,
    ]);
    expect(typing.top[row('else')]).toBe(-2);
    expect(typing.top[row('i64.const')]).toBe(-1);
    expect(types(row('drop'))).toEqual([I64]);
  });
});

describe('messages', () => {
  const messageOf = (instrs: readonly Instr[]): string => {
    try {
      typed(instrs);
      return 'valid';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };

  test('tell the instruction, what was expected and found, and the offset', () => {
    expect(messageOf([ZERO, ['i64.clz'], DROP])).toMatch(/^i64\.clz: expected i64, found i32 at 0x[0-9a-f]+$/);
    expect(messageOf([['drop']])).toMatch(/^drop: expected a value, the operand stack is empty at 0x/);
    expect(messageOf([['br', 3]])).toMatch(/^br: label 3 does not exist, 1 are in scope at 0x/);
    expect(messageOf([['local.get', 9]])).toMatch(/^local\.get: local 9 does not exist, there are 0 at 0x/);
    expect(messageOf([['call', 1]])).toMatch(
      /^end: expected \[\] at the end of the block, found more values below at 0x/,
    );
  });
});

test('a local without a default value must be set before it is read', () => {
  const module = decodeModule(
    moduleOf({
      types: typesOf([funcType([], [])]),
      funcs: [{ typeIndex: TYPE_NONE, body: bodyOf([['local.get', 0], DROP], [ref(HEAP.i31)]) }],
    }),
  );
  const { code, locals, localCount, paramCount } = decodeFunction(module, 0);
  const run = (trackInit: boolean): unknown =>
    typeFunction(contextOf(module), code, locals, localCount, paramCount, [], { trackInit });
  expect(() => run(true)).toThrow('local 0 of type (ref i31) must be set before it is read');
  expect(() => run(false)).not.toThrow();
});
