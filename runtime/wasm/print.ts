/**
 * Modules as text for people and tests: close to the text format (core specification, chapter 6), with byte offsets in front
 * of instructions. Not meant to be parsed.
 */
import { itemAt } from './item-at.ts';
import type { Code } from './code.ts';
import { BLOCK_KIND } from './code.ts';
import { decodeExpr, decodeFunction } from './code-decode.ts';
import type { ConstExpr, Import, Module } from './module.ts';
import { decodeNames, type ModuleNames } from './names.ts';
import { OPCODES, SHAPE, SHAPES, STRUCTURE, STRUCTURES } from './opcode-table.ts';
import { openReader, readS64, readU32, readU64 } from './reader.ts';
import { heapText, typesText, typeText } from './type-text.ts';
import type { FieldType, GlobalType, Limits, SubType } from './types.ts';
import { hex } from './wasm-error.ts';

const CLAUSE_NAMES = ['catch', 'catch_ref', 'catch_all', 'catch_all_ref'];

function memargText(code: Code, row: number): string {
  const op = code.op[row] ?? 0;
  if ((code.at[row] ?? 0) < 0) return `memory=${code.a[row]}`;
  const reader = openReader(code.bytes, (code.at[row] ?? 0) + 1, code.end[row] ?? 0);
  if (itemAt(OPCODES, op).prefix !== 0) readU32(reader);
  const align = readU32(reader);
  if (align >= 0x40) readU32(reader);
  const offset = readU64(reader);
  const memory = code.a[row] === 0 ? '' : `memory=${code.a[row]} `;
  return `${memory}offset=${offset} align=${2 ** (align & 0x3f)}`;
}

function constantText(code: Code, row: number, shape: number): string {
  if ((code.at[row] ?? 0) < 0) return `${code.a[row]}`;
  const reader = openReader(code.bytes, (code.at[row] ?? 0) + 1, code.end[row] ?? 0);
  if (shape === SHAPE.i64) return String(readS64(reader));
  const view = new DataView(code.bytes.buffer, code.bytes.byteOffset + reader.pos);
  if (shape === SHAPE.f32) return `${view.getFloat32(0, true)} (${hex(view.getUint32(0, true))})`;
  if (shape === SHAPE.f64) {
    return `${view.getFloat64(0, true)} (0x${view.getBigUint64(0, true).toString(16)})`;
  }
  readU32(reader); // the rest of a prefixed opcode
  return Array.from(code.bytes.subarray(reader.pos, code.end[row]), (byte) => byte.toString(16)).join(' ');
}

function blockText(code: Code, row: number): string {
  const a = code.a[row] ?? 0;
  if (code.blockKind[row] === BLOCK_KIND.value) return `(result ${typeText(a)})`;
  return code.blockKind[row] === BLOCK_KIND.typeIndex ? `(type ${a})` : '';
}

function clausesText(code: Code, row: number): string {
  const start = code.b[row] ?? 0;
  return Array.from({ length: code.aux[start] ?? 0 }, (_, clause) => {
    const at = start + 1 + clause * 3;
    const tag = (code.aux[at + 1] ?? 0) < 0 ? '' : ` ${code.aux[at + 1]}`;
    return `(${CLAUSE_NAMES[code.aux[at] ?? 0]}${tag} ${code.aux[at + 2]})`;
  }).join(' ');
}

/** The immediates of a row as text. */
export function immediatesText(code: Code, row: number): string {
  const a = code.a[row] ?? 0;
  const b = code.b[row] ?? 0;
  const { aux } = code;
  const shape = SHAPES[code.op[row] ?? 0] ?? 0;
  switch (shape) {
    case SHAPE.none:
      return '';
    case SHAPE.index:
    case SHAPE.i32:
    case SHAPE.lane:
      return String(a);
    case SHAPE.index2:
      return `${a} ${b}`;
    case SHAPE.memarg:
      return memargText(code, row);
    case SHAPE.memargLane:
      return `${memargText(code, row)} ${b}`;
    case SHAPE.blocktype:
      return blockText(code, row);
    case SHAPE.tryTable:
      return `${blockText(code, row)} ${clausesText(code, row)}`.trim();
    case SHAPE.brTable:
      return aux.subarray(a + 1, a + 2 + (aux[a] ?? 0)).join(' ');
    case SHAPE.valtypes:
      return typesText(aux.subarray(a + 1, a + 1 + (aux[a] ?? 0)));
    case SHAPE.heaptype:
      return heapText(a);
    case SHAPE.brOnCast:
      return `${a} ${(aux[b] ?? 0) & 1 ? 'null ' : ''}${heapText(aux[b + 1] ?? 0)} ${(aux[b] ?? 0) & 2 ? 'null ' : ''}${heapText(aux[b + 2] ?? 0)}`;
    default:
      return constantText(code, row, shape);
  }
}

/** One row as text, without its offset. */
export function rowText(code: Code, row: number): string {
  return `${itemAt(OPCODES, code.op[row] ?? 0).name} ${immediatesText(code, row)}`.trimEnd();
}

/** Deeper nesting is not shown by more indentation: a body may nest as deep as it is long. */
const INDENT_MAX_LEVELS = 100;

/** Rows as text, a line each, indented by nesting, offsets relative to `origin` in front. */
export function printCode(code: Code, origin = 0): string {
  const lines: string[] = [];
  let depth = 1;
  for (let row = 0; row < code.length; row++) {
    const structure = STRUCTURES[code.op[row] ?? 0] ?? 0;
    if (structure > STRUCTURE.opener) depth--;
    const offset = (code.at[row] ?? 0) < 0 ? '-' : hex((code.at[row] ?? 0) - origin);
    lines.push(
      `${offset.padStart(8)}  ${'  '.repeat(Math.min(Math.max(0, depth), INDENT_MAX_LEVELS))}${rowText(code, row)}`,
    );
    const closes = structure === STRUCTURE.end || structure === STRUCTURE.delegate;
    if (structure !== STRUCTURE.none && !closes) depth++;
  }
  return lines.join('\n');
}

const quoted = (name: string | undefined): string => (name === undefined ? '' : ` ${JSON.stringify(name)}`);

/** A defined function as text; offsets are pcs (relative to the body's start). */
export function printFunction(module: Module, funcIndex: number, names: ModuleNames = decodeNames(module)): string {
  const func = module.funcs[funcIndex];
  const head = `(func ${funcIndex}${quoted(names.funcs.get(funcIndex))} (type ${func?.typeIndex})`;
  if (func?.body === undefined) return `${head})`;
  const body = decodeFunction(module, funcIndex);
  const params = typesText(body.locals.subarray(0, body.paramCount));
  const locals = typesText(body.locals.subarray(body.paramCount, body.localCount));
  return `${head} params ${params} locals ${locals}\n${printCode(body.code, func.body.start)})`;
}

const limitsText = ({ min, max, shared, is64 }: Limits): string =>
  `${is64 ? 'i64 ' : ''}${min}${max === undefined ? '' : ` ${max}`}${shared ? ' shared' : ''}`;
const globalText = ({ type, mutable }: GlobalType): string => (mutable ? `(mut ${typeText(type)})` : typeText(type));
const fieldText = ({ storage, mutable }: FieldType): string =>
  mutable ? `(mut ${typeText(storage)})` : typeText(storage);

function subTypeText({ composite, final, supers, recGroup }: SubType): string {
  const text =
    composite.kind === 'func'
      ? `func ${typesText(composite.params)} -> ${typesText(composite.results)}`
      : composite.kind === 'struct'
        ? `struct ${composite.fields.map(fieldText).join(' ')}`
        : `array ${fieldText(composite.element)}`;
  return `(${text}${final ? '' : ' open'}${supers.map((index) => ` sub ${index}`).join('')} group ${recGroup})`;
}

function importText({ module, name, desc }: Import): string {
  const from = `(import ${JSON.stringify(module)} ${JSON.stringify(name)}`;
  if (desc.kind === 'func' || desc.kind === 'tag') {
    return `${from} ${desc.kind} (type ${desc.kind === 'func' ? desc.typeIndex : desc.type.typeIndex}))`;
  }
  if (desc.kind === 'global') return `${from} global ${globalText(desc.type)})`;
  const element = desc.kind === 'table' ? ` ${typeText(desc.type.element)}` : '';
  return `${from} ${desc.kind} ${limitsText(desc.type.limits)}${element})`;
}

function exprText(module: Module, expr: ConstExpr | undefined): string {
  if (expr === undefined) return '';
  const code = decodeExpr(module, expr);
  return ` (${Array.from({ length: code.length - 1 }, (_, row) => rowText(code, row)).join(' ')})`;
}

/** A whole module as text. */
export function printModule(module: Module): string {
  const names = decodeNames(module);
  const lines: string[] = [`(module${quoted(names.module)}`];
  const add = <T>(items: readonly T[], text: (item: T, index: number) => string | undefined): void =>
    items.forEach((item, index) => {
      const line = text(item, index);
      if (line !== undefined) lines.push(line);
    });
  add(module.types, (type, index) => `(type ${index} ${subTypeText(type)})`);
  add(module.imports, importText);
  add(module.tables, ({ type, imported, init }, index) =>
    imported
      ? undefined
      : `(table ${index} ${limitsText(type.limits)} ${typeText(type.element)}${exprText(module, init)})`,
  );
  add(module.memories, ({ type, imported }, index) =>
    imported ? undefined : `(memory ${index} ${limitsText(type.limits)})`,
  );
  add(module.tags, ({ type, imported }, index) => (imported ? undefined : `(tag ${index} (type ${type.typeIndex}))`));
  add(module.globals, ({ type, imported, init }, index) =>
    imported ? undefined : `(global ${index} ${globalText(type)}${exprText(module, init)})`,
  );
  add(module.exports, ({ name, kind, index }) => `(export ${JSON.stringify(name)} (${kind} ${index}))`);
  if (module.startFunc !== undefined) lines.push(`(start ${module.startFunc})`);
  add(module.elements, ({ mode, tableIndex, offset, type, items }, index) => {
    const where = mode === 'active' ? ` table ${tableIndex}${exprText(module, offset)}` : ` ${mode}`;
    const values =
      items.kind === 'funcs' ? items.funcs.join(' ') : items.exprs.map((e) => exprText(module, e)).join('');
    return `(elem ${index}${where} ${typeText(type)} ${values})`;
  });
  add(module.datas, ({ memoryIndex, offset, content }, index) => {
    const where = offset === undefined ? ' passive' : ` memory ${memoryIndex}${exprText(module, offset)}`;
    return `(data ${index}${where} ${content.end - content.start} bytes at ${hex(content.start)})`;
  });
  add(module.customs, ({ name, content }) => `(custom ${JSON.stringify(name)} ${content.end - content.start} bytes)`);
  add(module.funcs, ({ body }, index) => (body === undefined ? undefined : printFunction(module, index, names)));
  return `${lines.join('\n')})\n`;
}
