/**
 * Generates a whole program from a seed and a number: the same bytes every time.
 *
 * Exports: `run`, and for comparison `m…` memories, `g…` globals, and in most programs `t…` tables and `f…` functions.
 */
import { encodeModule, type Export, type Import, isRef, type ModuleDraft } from '../../../runtime/wasm/index.ts';
import { construct, step } from './constructs.ts';
import { constantExpr, type Coverage } from './emitter.ts';
import { FunctionBuilder, type Grammar } from './function-builder.ts';
import { type FuncOutline, GLOBAL, outlineOf, type Outline } from './outline.ts';
import { Random } from './random.ts';
import { datasOf, elementsOf, initialValue } from './segments.ts';
import { ServiceFuncs } from './services.ts';
import { lastStatement, statement } from './statements.ts';
import { toChecksum, value } from './values.ts';

const GRAMMAR: Grammar = { value, statement, construct };
const LOCALS_MAX = 6;
const MANY_LOCALS = 140;

export interface Program {
  readonly bytes: Uint8Array;
  readonly outline: Outline;
  /** Arguments of `run`. */
  readonly args: readonly (number | bigint)[];
  /** Number of instructions. */
  readonly instructions: number;
}

/** @param coverage Gets what the program's reachable code consists of. */
export function generateProgram(seed: number, number: number, coverage?: Coverage): Program {
  const random = new Random(seed, number);
  const outline = outlineOf(random);
  const services = new ServiceFuncs(outline, coverage);
  const size = random.weighted([
    [8, 14],
    [4, 28],
    [1, 100],
  ]);
  let instructions = 0;
  const funcs = outline.funcs.slice(outline.hosts.length).map((own) => {
    const f = new FunctionBuilder(outline, random, own, services, GRAMMAR, size, coverage);
    writeBody(f);
    instructions += f.count;
    return { typeIndex: own.typeIndex, body: f.finish() };
  });
  const draft: ModuleDraft = {
    ...definitions(outline, random),
    funcs: [...funcs, ...services.funcs.map(({ own, body }) => ({ typeIndex: own.typeIndex, body }))],
    types: outline.types.types, // bodies and services have added to it
  };
  const args = outline.run.params.map((type) =>
    type === 0x7e ? BigInt(random.below(1000)) - 300n : random.below(1000) - 300,
  );
  return { bytes: encodeModule(draft), outline, args, instructions };
}

function writeBody(f: FunctionBuilder): void {
  const { random, own } = f;
  if (own.kind === 'leaf') {
    f.budget = 8;
    f.addLocals(random.below(3));
    f.statements(3);
    return f.pushAll(own.results);
  }
  step(f);
  f.addLocals(random.chance(40) ? random.between(100, MANY_LOCALS) : random.below(LOCALS_MAX));
  const share = Math.max(1, Math.floor(f.budget / 4));
  for (let round = random.between(1, 5); round > 0; round--) {
    const rest = f.budget;
    f.budget = Math.min(rest, share);
    f.statement();
    f.budget = rest - share;
  }
  f.budget = Math.max(f.budget, 6);
  if (f.chance(2) || own === f.outline.run) takeUpVariables(f);
  lastStatement(f);
}

/** Folds locals, and at the end of `run` globals, into the checksum. */
function takeUpVariables(f: FunctionBuilder): void {
  for (const local of f.pool.slice(0, 8)) {
    f.emit('local.get', local);
    toChecksum(f, f.typeOfLocal(local));
  }
  if (f.own !== f.outline.run) return;
  f.outline.globals.forEach(({ type }, index) => {
    if (index < GLOBAL.first || !isRef(type)) return;
    f.emit('global.get', index);
    toChecksum(f, type);
  });
}

// --- everything but the bodies ---

function importsOf(outline: Outline): Import[] {
  const { types, hosts } = outline;
  const imports: Import[] = hosts.map(({ name, params, results }) => ({
    module: 'env',
    name,
    desc: { kind: 'func', typeIndex: types.func(params, results) },
  }));
  outline.memories.forEach(({ limits, imported }, index) => {
    if (imported) imports.push({ module: 'env', name: `memory${index}`, desc: { kind: 'memory', type: { limits } } });
  });
  outline.globals.forEach(({ type, mutable, imported }) => {
    if (imported) imports.push({ module: 'env', name: 'base', desc: { kind: 'global', type: { type, mutable } } });
  });
  const [tag] = outline.tags;
  if (outline.importsTag && tag !== undefined) {
    imports.push({
      module: 'env',
      name: 'tag',
      desc: { kind: 'tag', type: { typeIndex: types.func(tag.params, []) } },
    });
  }
  return imports;
}

function exportsOf(outline: Outline, random: Random): Export[] {
  const exports: Export[] = [{ name: 'run', kind: 'func', index: outline.run.index }];
  outline.memories.forEach((_, index) => exports.push({ name: `m${index}`, kind: 'memory', index }));
  if (!random.chance(8))
    outline.globals.forEach((_, index) => exports.push({ name: `g${index}`, kind: 'global', index }));
  if (random.chance(2)) outline.tables.forEach((_, index) => exports.push({ name: `t${index}`, kind: 'table', index }));
  if (random.chance(2))
    ownFuncs(outline).forEach(({ index }) => exports.push({ name: `f${index}`, kind: 'func', index }));
  return exports;
}

const ownFuncs = ({ funcs, hosts }: Outline): readonly FuncOutline[] => funcs.slice(hosts.length);

/** A table's initial value may read these globals alone. */
const importedGlobals = ({ globals }: Outline): number => globals.filter(({ imported }) => imported).length;

const stepsExpr = ({ steps }: Outline): Uint8Array => constantExpr(['i32.const', steps]);

function definitions(outline: Outline, random: Random): Omit<ModuleDraft, 'funcs' | 'types'> {
  const { types, globals, tags, tables, memories } = outline;
  return {
    imports: importsOf(outline),
    tables: tables.map(({ element, limits, funcs }) => ({
      type: { element, limits },
      ...(outline.features.gc && funcs.length === 0 && random.chance(4)
        ? { init: initialValue(outline, element, importedGlobals(outline), random) }
        : {}),
    })),
    memories: memories.filter(({ imported }) => !imported).map(({ limits }) => ({ limits })),
    globals: globals.flatMap(({ type, mutable, imported }, index) =>
      imported
        ? []
        : [
            {
              type: { type, mutable },
              init: index === GLOBAL.steps ? stepsExpr(outline) : initialValue(outline, type, index, random),
            },
          ],
    ),
    tags: tags.slice(outline.importsTag ? 1 : 0).map(({ params }) => ({ typeIndex: types.func(params, []) })),
    exports: exportsOf(outline, random),
    startFunc: outline.startFunc,
    elements: elementsOf(outline, random),
    datas: datasOf(outline, random),
    customs: [],
  };
}
