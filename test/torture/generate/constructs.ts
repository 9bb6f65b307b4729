/** Blocks, ifs, loops and tries with parameters and results. */
import { F32, F64, I32, I64, isNullable, isRef, V128, type ValType } from '../../../runtime/wasm/index.ts';
import type { OpName } from '../../../runtime/wasm/index.ts';
import type { FunctionBuilder, Label } from './function-builder.ts';
import { legacyTry, tryTable } from './handlers.ts';
import { GLOBAL } from './outline.ts';
import { referenceConstant } from './aggregates.ts';
import { consumeAll } from './values.ts';

/** A block, loop, if or try whose parameters are on the stack. */
export function construct(f: FunctionBuilder, params: readonly ValType[], results: readonly ValType[]): void {
  const { handlers } = f.outline.features;
  const kind = f.random.pick(['block', 'loop', 'loop', 'if', 'if', 'try', 'try'] as const);
  if (kind === 'try' && handlers === 'legacy') return legacyTry(f, params, results);
  if (kind === 'try' && handlers === 'table') return tryTable(f, params, results);
  const block = f.types.block(params, results, f.chance(5));
  const label: Label = { types: results, kind: 'plain' };
  if (kind === 'if') {
    f.push(I32);
    f.emit('if', block);
    inside(f, params, label, results);
    const sameTypes = params.length === results.length && params.every((type, at) => type === results[at]);
    if (!sameTypes || f.chance(2)) {
      f.emit('else');
      inside(f, params, label, results);
    }
  } else if (kind === 'loop' && f.own.kind !== 'leaf') {
    f.emit('loop', block);
    step(f);
    loopBody(f, params, results);
  } else {
    f.emit('block', block);
    inside(f, params, label, results);
  }
  f.emit('end');
}

const DEFAULTS: ReadonlyMap<ValType, readonly [OpName, number | bigint | Uint8Array]> = new Map<
  ValType,
  readonly [OpName, number | bigint | Uint8Array]
>([
  [I32, ['i32.const', 0]],
  [I64, ['i64.const', 0n]],
  [F32, ['f32.const', 0]],
  [F64, ['f64.const', 0n]],
  [V128, ['v128.const', new Uint8Array(16)]],
]);

/** Pushes a value that needs nothing. */
export function pushDefault(f: FunctionBuilder, type: ValType): void {
  const known = DEFAULTS.get(type);
  if (known !== undefined) f.emit(...known);
  else if (isRef(type) && isNullable(type)) f.emit('ref.null', type >> 8);
  else referenceConstant(f, type);
}

/** Takes a step, or returns if there is none left. */
export function step(f: FunctionBuilder): void {
  f.emit('global.get', GLOBAL.steps);
  f.emit('i32.eqz');
  f.emit('if', f.types.block([], []));
  f.inside({ types: [], kind: 'plain' }, () => {
    const { budget } = f;
    f.budget = 0; // a new object for a result that must not be null may not be made with calls, which could come back here
    for (const type of f.own.results) pushDefault(f, type);
    f.budget = budget;
    f.emit('return');
  });
  f.emit('end');
  f.emit('global.get', GLOBAL.steps);
  f.emit('i32.const', 1);
  f.emit('i32.sub');
  f.emit('global.set', GLOBAL.steps);
}

/** The inside of a construct: parameters are taken, or stay below what follows where the results begin with them. */
export function inside(
  f: FunctionBuilder,
  params: readonly ValType[],
  label: Label,
  results: readonly ValType[],
  beforeEnd: () => void = () => undefined,
): void {
  f.inside(label, () => {
    const stay = params.length <= results.length && params.every((type, at) => type === results[at]) && f.chance(2);
    if (!stay) consumeAll(f, params);
    f.statements();
    beforeEnd();
    f.pushAll(stay ? results.slice(params.length) : results);
  });
}

/** A loop's body: around again with new parameters, while a condition holds. */
function loopBody(f: FunctionBuilder, params: readonly ValType[], results: readonly ValType[]): void {
  inside(f, params, { types: params, kind: 'plain' }, results, () => {
    if (f.chance(3)) return;
    f.emit('block', f.types.block([], []));
    f.inside({ types: [], kind: 'plain' }, () => {
      f.push(I32);
      f.emit('i32.const', 3);
      f.emit('i32.and');
      f.emit('i32.eqz');
      f.emit('br_if', 0);
      f.pushAll(params);
      f.emit('br', 1);
    });
    f.emit('end');
  });
}
