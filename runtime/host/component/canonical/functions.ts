/**
 * Calls across the edge of a component, in both directions (CanonicalABI.md: `canon lower`, `canon lift`).
 *
 * Boundary: flat values in, values out, and back. Who calls whom, and what becomes of a call that waits, is component-module.ts.
 */
import { GuestTrap } from '../../../engine/pending.ts';
import { PluvioError } from '../../../errors/index.ts';
import {
  type FlatFunction,
  flattenFunction,
  type FunctionType,
  type ValueType,
} from '../../../component/value-types.ts';
import type { ComponentValue } from '../component-host.ts';
import type { Codec, FlatSource, Misfit } from './codec.ts';
import { codecOf } from './codec-table.ts';
import type { CanonicalContext, FlatValue } from './context.ts';
import { tupleCodec } from './products.ts';

interface FunctionCodec {
  readonly names: readonly string[];
  readonly params: readonly Codec[];
  /** All parameters as they are in memory, if there are too many. */
  readonly together: Codec;
  readonly result: Codec | undefined;
  readonly lowered: FlatFunction;
  readonly lifted: FlatFunction;
}

const known = new WeakMap<FunctionType, FunctionCodec>();

function functionCodec(type: FunctionType): FunctionCodec {
  let made = known.get(type);
  if (made === undefined) {
    const params = type.params.map(([, param]) => codecOf(param));
    const tuple: ValueType = { kind: 'tuple', types: type.params.map(([, param]) => param) };
    made = {
      names: type.params.map(([name]) => name),
      params,
      together: tupleCodec(tuple, params),
      result: type.result && codecOf(type.result),
      lowered: flattenFunction(type, 'lower'),
      lifted: flattenFunction(type, 'lift'),
    };
    known.set(type, made);
  }
  return made;
}

const MOST_SHOWN = 60;

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (typeof value === 'string') {
    return value.length > MOST_SHOWN ? `a text of ${value.length} units` : JSON.stringify(value);
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return value instanceof Uint8Array ? `${value.length} bytes` : `of type ${typeof value}`;
}

function refuse({ path, found, expected }: Misfit, of: string): never {
  throw new PluvioError('INVALID_ARGUMENT', `${of}${path} is ${shown(found)}; it must be ${expected}`, {
    argument: `${of}${path}`,
  });
}

/** @throws PluvioError `INVALID_ARGUMENT`, naming the place in the arguments of a call */
export function checkParams(type: FunctionType, values: readonly unknown[]): void {
  const { names, params } = functionCodec(type);
  if (values.length > params.length) {
    throw new PluvioError(
      'INVALID_ARGUMENT',
      `there are ${values.length} arguments; the function takes ${params.length}: (${names.join(', ')})`,
    );
  }
  params.forEach((param, index) => {
    const wrong = param.check(values[index]);
    if (wrong !== undefined) refuse(wrong, `argument ${index} (${names[index] ?? ''})`);
  });
}

/** @throws PluvioError `INVALID_ARGUMENT`: a function of the host gave what is not of its type */
export function checkResult(type: FunctionType, value: unknown, of: string): void {
  const wrong = functionCodec(type).result?.check(value);
  if (wrong !== undefined) refuse(wrong, `the result of ${of}`);
}

/** The same trap, with the place in a call. */
const placed = (error: unknown, where: string): unknown =>
  error instanceof GuestTrap ? new GuestTrap(error.code, `${where}: ${error.message}`) : error;

/**
 * The arguments of a function that the guest calls. Handles that it gives away are taken when the call is over: `HandleTable`.
 *
 * @throws WebAssembly.RuntimeError naming the parameter
 */
export function liftParams(
  type: FunctionType,
  flat: readonly FlatValue[],
  context: CanonicalContext,
): ComponentValue[] {
  const { names, params, together, lowered } = functionCodec(type);
  context.begin();
  if (lowered.paramsInMemory) return liftTogether(together, flat, context);
  const source: FlatSource = { values: flat, at: 0 };
  const values: ComponentValue[] = [];
  try {
    for (const param of params) values.push(param.lift(source, context));
  } catch (error) {
    throw placed(error, `parameter ${names[values.length]}`);
  }
  return values;
}

function liftTogether(together: Codec, flat: readonly FlatValue[], context: CanonicalContext): ComponentValue[] {
  try {
    const at = context.checked(flat[0] as number, together.sizeBytes, together.align); // as the flat type says
    return together.load(at, context) as ComponentValue[]; // of a tuple
  } catch (error) {
    throw placed(error, 'the parameters');
  }
}

/** The result of such a function, which was checked: flat, or undefined where it is in memory or there is none. */
export function lowerResult(
  type: FunctionType,
  value: unknown,
  flat: readonly FlatValue[],
  context: CanonicalContext,
): FlatValue | undefined {
  const { result, lowered } = functionCodec(type);
  if (result === undefined) return undefined;
  context.begin();
  if (lowered.resultInMemory) {
    const at = context.checked(flat.at(-1) as number, result.sizeBytes, result.align); // as the flat type says
    result.store(value, at, context);
    return undefined;
  }
  const made: FlatValue[] = [];
  result.lower(value, made, context);
  return made[0];
}

/** The flat arguments of a function of the guest; the values were checked. */
export function lowerParams(type: FunctionType, values: readonly unknown[], context: CanonicalContext): FlatValue[] {
  const { params, together, lifted } = functionCodec(type);
  context.begin();
  if (lifted.paramsInMemory) {
    const at = context.alloc(together.sizeBytes, together.align);
    together.store(values, at, context);
    return [at];
  }
  const flat: FlatValue[] = [];
  params.forEach((param, index) => param.lower(values[index], flat, context));
  return flat;
}

/**
 * The result of a function of the guest, which has returned: what it was lent it must have given up.
 *
 * @throws WebAssembly.RuntimeError
 */
export function liftResult(type: FunctionType, flat: readonly FlatValue[], context: CanonicalContext): ComponentValue {
  const { result, lifted } = functionCodec(type);
  context.begin();
  context.handles.endBorrows();
  if (result === undefined) return undefined;
  try {
    if (!lifted.resultInMemory) return result.lift({ values: flat, at: 0 }, context);
    return result.load(context.checked(flat[0] as number, result.sizeBytes, result.align), context); // as the flat type says
  } catch (error) {
    throw placed(error, 'the result');
  }
}
