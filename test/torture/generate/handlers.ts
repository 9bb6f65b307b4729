/** Exceptions: throwing, and catching in both encodings. */
import { EXNREF, HEAP, I32, ref, type ValType } from '../../../runtime/wasm/index.ts';
import type { Clause } from './emitter.ts';
import type { FunctionBuilder } from './function-builder.ts';
import { inside } from './constructs.ts';
import { consumeAll } from './values.ts';

/** Throws, rethrows or throws what was caught; where nothing catches it here, less often. */
export function throwSomething(f: FunctionBuilder): boolean {
  const { tags, features } = f.outline;
  if (features.handlers === 'none') return false;
  const holding = f.targets(({ kind }) => kind === 'handler');
  if (holding.length > 0 && f.chance(2)) {
    f.emit('rethrow', f.random.pick(holding));
    return true;
  }
  if (f.catching === 0 && !f.chance(4)) return false;
  if (features.handlers === 'table' && features.references && f.chance(3)) {
    throwCaught(f);
    return false;
  }
  const tag = f.random.below(tags.length);
  f.pushAll(tags[tag]?.params ?? []);
  f.emit('throw', tag);
  return true;
}

/** Throws behind a condition, so that handlers have something to do. */
function throwSometimes(f: FunctionBuilder, oneIn = 2): void {
  if (!f.chance(oneIn)) return;
  f.push(I32);
  f.emit('i32.const', 1);
  f.emit('i32.and');
  f.emit('if', f.types.block([], []));
  f.inside({ types: [], kind: 'plain' }, () => void throwSomething(f));
  f.emit('end');
}

function throwCaught(f: FunctionBuilder): void {
  const local = f.readable(EXNREF);
  if (local === undefined) return;
  f.emit('block', f.types.block([], []));
  f.inside({ types: [], kind: 'plain' }, () => {
    f.emit('local.get', local);
    if (!f.chance(10)) f.emit('br_on_null', 0);
    f.emit('throw_ref');
  });
  f.emit('end');
}

/** A `try` whose parameters are on the stack. */
export function legacyTry(f: FunctionBuilder, params: readonly ValType[], results: readonly ValType[]): void {
  const { tags } = f.outline;
  f.emit('try', f.types.block(params, results));
  f.catching++;
  inside(f, params, { types: results, kind: 'plain' }, results, () => throwSometimes(f));
  f.catching--;
  if (f.chance(4)) return f.emit('delegate', f.random.below(f.labels.length));
  tags.forEach(({ params: payload }, tag) => {
    if (f.chance(3)) return;
    f.emit('catch', tag);
    inside(f, payload, { types: results, kind: 'handler' }, results, () => throwSometimes(f, 5));
  });
  if (!f.chance(3)) {
    f.emit('catch_all');
    inside(f, [], { types: results, kind: 'handler' }, results, () => throwSometimes(f, 5));
  }
  f.emit('end');
}

interface Handler {
  readonly kind: Clause['kind'];
  readonly tag: number | undefined;
  readonly payload: readonly ValType[];
}

function chooseHandlers(f: FunctionBuilder): Handler[] {
  const caught = f.outline.tags.flatMap(({ params }, tag): Handler[] => {
    if (f.chance(3)) return [];
    return f.chance(3) ? [{ kind: 1, tag, payload: [...params, exnType(f)] }] : [{ kind: 0, tag, payload: params }];
  });
  if (f.chance(2)) return caught;
  const all: Handler = f.chance(2)
    ? { kind: 2, tag: undefined, payload: [] }
    : { kind: 3, tag: undefined, payload: [exnType(f)] };
  return [...caught, all];
}

const exnType = (f: FunctionBuilder): ValType => (f.chance(3) ? ref(HEAP.exn) : EXNREF);

/** `try_table` in a block per clause; each takes its payload and gives the results. Some clauses go straight to labels around. */
export function tryTable(f: FunctionBuilder, params: readonly ValType[], results: readonly ValType[]): void {
  const handlers = chooseHandlers(f);
  f.emit('block', f.types.block(params, results, f.chance(3)));
  f.labels.push({ types: results, kind: 'plain' });
  for (const { payload } of [...handlers].reverse()) {
    f.emit('block', f.types.block(params, payload, f.chance(3)));
    f.labels.push({ types: payload, kind: 'plain' });
  }
  const clauses = handlers.map(({ kind, tag, payload }, at): Clause => {
    const outer = f.targets(
      ({ types }) => types.length === payload.length && types.every((type, index) => type === payload[index]),
    );
    const label = f.chance(5) && outer.length > 0 ? f.random.pick(outer) : at;
    return tag === undefined ? { kind, label } : { kind, tag, label };
  });
  f.emit('try_table', f.types.block(params, results), clauses);
  f.catching++;
  inside(f, params, { types: results, kind: 'plain' }, results, () => throwSometimes(f));
  f.catching--;
  f.emit('end');
  f.emit('br', handlers.length);
  handlers.forEach(({ payload }, depth) => {
    f.labels.pop();
    f.emit('end');
    consumeAll(f, payload);
    if (f.chance(2)) f.statement();
    f.pushAll(results);
    f.emit('br', handlers.length - 1 - depth);
  });
  f.labels.pop();
  f.emit('end');
}
