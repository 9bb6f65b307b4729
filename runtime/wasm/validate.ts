/**
 * Validates modules (core specification, chapter 3).
 *
 * Boundary: accepts what the specification and the proposals in the opcode table accept, within `WASM_LIMITS`.
 */
import { itemAt } from './item-at.ts';
import { funcTypeAt } from './block-types.ts';
import { decodeFunction, type FunctionBody } from './code-decode.ts';
import { contextOf } from './context.ts';
import type { Export, ExternKind, Module } from './module.ts';
import { decodeNames } from './names.ts';
import { isSubtype } from './subtype.ts';
import { typesText, typeText } from './type-text.ts';
import type { Typing, TypingContext } from './typing-record.ts';
import { typeFunction } from './typing.ts';
import { I32, I64, isDefaultable, type FuncType } from './types.ts';
import { ConstChecker } from './validate-const.ts';
import { checkMemoryType, checkTableType, checkTypes, checkValType, invalidModule } from './validate-types.ts';
import { withPath } from './wasm-error.ts';

/**
 * Validates everything: what stands outside of bodies, then every body.
 * @throws PluvioError `MODULE_INVALID`; also `MODULE_MALFORMED` and `MODULE_LIMIT`, as bodies are decoded here
 */
export function validateModule(module: Module): void {
  validateDefinitions(module);
  validateBodies(module, contextOf(module));
}

/** Validates what stands outside of bodies. */
export function validateDefinitions(module: Module): void {
  checkTypes(module);
  const consts = new ConstChecker(module, contextOf(module));
  each(module.funcs, 'function', ({ typeIndex }) => void funcType(module, typeIndex));
  each(module.tables, 'table', ({ type, init, imported }) => {
    checkTableType(type, module.types.length);
    if (init !== undefined) consts.check(init, type.element, module.importedGlobals);
    else if (!imported && !isDefaultable(type.element)) {
      throw invalidModule(`${typeText(type.element)} has no default value, the table must have an initial one`);
    }
  });
  each(module.memories, 'memory', ({ type }) => checkMemoryType(type));
  each(module.tags, 'tag', ({ type }) => {
    const { results } = funcType(module, type.typeIndex);
    if (results.length > 0) throw invalidModule(`a tag must have no results, its type gives ${typesText(results)}`);
  });
  each(module.globals, 'global', ({ type, init }, index) => {
    checkValType(type.type, module.types.length);
    if (init !== undefined) consts.check(init, type.type, index);
  });
  validateExports(module);
  validateStart(module);
  validateSegments(module, consts);
}

function each<T>(items: readonly T[], what: string, check: (item: T, index: number) => void): void {
  for (let index = 0; index < items.length; index++) {
    try {
      check(itemAt(items, index), index);
    } catch (error) {
      throw withPath(error, `${what}[${index}]`);
    }
  }
}

function funcType(module: Module, typeIndex: number): FuncType {
  const type = funcTypeAt(module.types, typeIndex);
  if (type === undefined) throw invalidModule(`type ${typeIndex} must be a function type`);
  return type;
}

/** The index space of each kind of export. */
const SPACES: Readonly<Record<ExternKind, (module: Module) => readonly unknown[]>> = {
  func: (module) => module.funcs,
  table: (module) => module.tables,
  memory: (module) => module.memories,
  global: (module) => module.globals,
  tag: (module) => module.tags,
};

function validateExports(module: Module): void {
  const seen = new Set<string>();
  each(module.exports, 'export', ({ name, kind, index }: Export) => {
    const count = SPACES[kind](module).length;
    if (index >= count) {
      throw invalidModule(`${JSON.stringify(name)}: ${kind} ${index} does not exist, there are ${count}`);
    }
    if (seen.has(name)) throw invalidModule(`the name ${JSON.stringify(name)} is used twice`);
    seen.add(name);
  });
}

function validateStart(module: Module): void {
  const { startFunc, funcs } = module;
  if (startFunc === undefined) return;
  const func = funcs[startFunc];
  if (func === undefined) throw invalidModule(`start function ${startFunc} does not exist, there are ${funcs.length}`);
  const { params, results } = funcType(module, func.typeIndex);
  if (params.length + results.length > 0) {
    throw invalidModule(
      `start function ${startFunc} must have type [] -> [], it has ${typesText(params)} -> ${typesText(results)}`,
    );
  }
}

function validateSegments(module: Module, consts: ConstChecker): void {
  const { tables, memories, globals, funcs } = module;
  each(module.elements, 'elem', ({ mode, tableIndex, offset, type, items }) => {
    checkValType(type, module.types.length);
    if (mode === 'active' && offset !== undefined) {
      const table = tables[tableIndex];
      if (table === undefined) throw invalidModule(`table ${tableIndex} does not exist, there are ${tables.length}`);
      if (!isSubtype(module, type, table.type.element)) {
        throw invalidModule(`table ${tableIndex} holds ${typeText(table.type.element)}, found ${typeText(type)}`);
      }
      consts.check(offset, table.type.limits.is64 ? I64 : I32, globals.length);
    }
    if (items.kind === 'exprs') for (const expr of items.exprs) consts.check(expr, type, globals.length);
    else {
      for (const func of items.funcs) {
        if (func >= funcs.length) throw invalidModule(`function ${func} does not exist, there are ${funcs.length}`);
      }
    }
  });
  each(module.datas, 'data', ({ memoryIndex, offset }) => {
    if (offset === undefined) return;
    const memory = memories[memoryIndex];
    if (memory === undefined) throw invalidModule(`memory ${memoryIndex} does not exist, there are ${memories.length}`);
    consts.check(offset, memory.type.limits.is64 ? I64 : I32, globals.length);
  });
}

function validateBodies(module: Module, context: TypingContext): void {
  let body: FunctionBody | undefined;
  let typing: Typing | undefined;
  for (let func = module.importedFuncs; func < module.funcs.length; func++) {
    try {
      body = decodeFunction(module, func, body);
      const { results } = funcType(module, itemAt(module.funcs, func).typeIndex);
      typing = typeFunction(
        context,
        body.code,
        body.locals,
        body.localCount,
        body.paramCount,
        results,
        undefined,
        typing,
      );
    } catch (error) {
      throw withPath(error, functionPath(module, func));
    }
  }
}

/** 'function[12] "name"'. */
export function functionPath(module: Module, funcIndex: number): string {
  const name = decodeNames(module).funcs.get(funcIndex);
  return `function[${funcIndex}]${name === undefined ? '' : ` ${JSON.stringify(name)}`}`;
}
