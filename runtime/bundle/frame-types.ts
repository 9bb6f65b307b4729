/** The types of a frame's locals and operand stack, from the validator's typing of its function. */
import type { Frame } from '../engine/snapshot.ts';
import { PluvioError } from '../errors/index.ts';
import {
  contextOf,
  decodeFunction,
  type FuncType,
  type Module,
  typeFunction,
  type Typing,
  type ValType,
} from '../wasm/index.ts';

export interface FrameTypes {
  readonly locals: readonly ValType[];
  /** Bottom first; may be longer than the frame's own stack. */
  readonly stack: readonly ValType[];
}

interface TypedFunction {
  readonly locals: readonly ValType[];
  readonly stackAt: (pc: number) => readonly ValType[];
}

/**
 * A function that gives the types of a frame; each function of the modules is typed once.
 * @throws PluvioError from the result: `SNAPSHOT_MISMATCH` the frame is in no function of its module; `MODULE_INVALID`
 */
export function frameTypesOf(modules: readonly Module[]): (frame: Frame) => FrameTypes {
  const known = new Map<string, TypedFunction>();
  return ({ instance, func, pc }) => {
    const key = `${instance}/${func}`;
    const typed = known.get(key) ?? typeOne(modules[instance], func);
    known.set(key, typed);
    return { locals: typed.locals, stack: typed.stackAt(pc) };
  };
}

function typeOne(module: Module | undefined, funcIndex: number): TypedFunction {
  const func = module?.funcs[funcIndex];
  const type = func && module?.types[func.typeIndex]?.composite;
  if (module === undefined || func === undefined || type?.kind !== 'func') {
    throw new PluvioError(
      'SNAPSHOT_MISMATCH',
      `the snapshot has a frame in function ${funcIndex}, which its module does not have`,
    );
  }
  return func.body === undefined
    ? { locals: type.params, stackAt: () => [] }
    : typeBody(module, funcIndex, func.body.start, type);
}

function typeBody(module: Module, funcIndex: number, bodyStart: number, { results }: FuncType): TypedFunction {
  const { code, locals, localCount, paramCount } = decodeFunction(module, funcIndex);
  const typing = typeFunction(contextOf(module), code, locals, localCount, paramCount, results, { funcIndex });
  const rowAt = new Map<number, number>();
  for (let row = 0; row < code.length; row++) rowAt.set((code.at[row] ?? 0) - bodyStart, row);
  return {
    locals: [...locals.subarray(0, localCount)],
    stackAt: (pc) => {
      const row = rowAt.get(pc);
      return row === undefined ? [] : stackBefore(typing, row);
    },
  };
}

/** Types of the operand stack before a row, bottom first. */
function stackBefore(typing: Typing, row: number): ValType[] {
  const types: ValType[] = [];
  for (let node = typing.top[row] ?? -1; node >= 0; node = typing.nodeBelow[node] ?? -1)
    types.push(typing.nodeType[node] ?? 0);
  return types.reverse();
}
