/**
 * Values of the component model as plain data for a snapshot: written by the canonical ABI, into a memory of their own.
 *
 * Boundary: values on their way between the host and a call that has begun or is about to return.
 */
import { PluvioError } from '../../errors/index.ts';
import { flattenFunction, type FunctionType } from '../../component/value-types.ts';
import type { StateField } from '../state-field.ts';
import { CanonicalContext, type FlatValue, LIFTED_MAX_BYTES } from './canonical/context.ts';
import { checkParams, liftParams, lowerParams } from './canonical/functions.ts';
import type { ComponentValue, Resource } from './component-host.ts';
import { HandleTable } from './handle-table.ts';

/** A memory without a guest, which is given out from its beginning on. */
class Scratch {
  readonly isKept = true;
  #buffer = new ArrayBuffer(1024);
  usedBytes = 0;
  readonly memory = (): ArrayBuffer => this.#buffer;
  readonly realloc = (_address: number, _bytes: number, align: number, newBytes: number): number => {
    const at = Math.ceil(this.usedBytes / align) * align;
    this.usedBytes = at + newBytes;
    if (this.usedBytes > this.#buffer.byteLength) this.#buffer = this.#buffer.transfer(2 * this.usedBytes);
    return at;
  };

  static of(bytes: Uint8Array): Scratch {
    const scratch = new Scratch();
    scratch.#buffer = bytes.slice().buffer;
    return scratch;
  }
}

/**
 * @param values Of the parameters, checked.
 * @param indexOf What stands for a resource of the host.
 * @throws PluvioError `NOT_MIGRATABLE`: they are too large
 */
export function keepValues(
  type: FunctionType,
  values: readonly unknown[],
  indexOf: (resource: Resource) => number,
): unknown {
  const scratch = new Scratch();
  const handles = new HandleTable();
  const context = new CanonicalContext(scratch, handles);
  const flat = lowerParams(type, values, context);
  requireLiftable(type, flat, context);
  const bytes = new Uint8Array(scratch.memory().slice(0, scratch.usedBytes));
  return { flat, bytes, handles: handles.snapshot(indexOf) };
}

/** What is kept must be taken up again, within the same limit. */
function requireLiftable(type: FunctionType, flat: readonly FlatValue[], context: CanonicalContext): void {
  try {
    liftParams(type, flat, context);
    context.handles.rollback();
  } catch {
    throw new PluvioError(
      'NOT_MIGRATABLE',
      `the call has more values that the guest has not taken yet than are kept: about ${LIFTED_MAX_BYTES} bytes`,
    );
  }
}

/** As many as the type has, each as its flat type says. */
function flatValues(type: FunctionType, field: StateField): FlatValue[] {
  const { params } = flattenFunction(type, 'lift');
  const fields = field.array();
  if (fields.length !== params.length) return field.malformed(`an array of ${params.length}`);
  return fields.map((each, index) => {
    const { value } = each;
    if (params[index] === 'i64') return typeof value === 'bigint' ? value : each.malformed('a whole number of 64 bits');
    return typeof value === 'number' ? value : each.malformed('a number');
  });
}

/** @throws PluvioError `SNAPSHOT_MALFORMED`, naming the field */
export function keptValues(type: FunctionType, state: StateField, resources: readonly Resource[]): ComponentValue[] {
  const handles = new HandleTable();
  handles.restore(state.get('handles'), resources);
  const flat = flatValues(type, state.get('flat'));
  const context = new CanonicalContext(Scratch.of(state.get('bytes').bytes()), handles);
  try {
    const values = liftParams(type, flat, context);
    checkParams(type, values);
    return values;
  } catch {
    return state.malformed('the values of a call');
  }
}
