/**
 * What the engine knows of a site: worked out once per module, so that a frame costs no search, set or map.
 *
 * Boundary: plans in, places of values out; nothing of an instance.
 */
import { assert } from '../errors/index.ts';
import {
  type FunctionPlan,
  importRecordLayout,
  type Program,
  type RecordField,
  recordLayout,
} from '../instrument/index.ts';
import { isRef, type ValType } from '../wasm/index.ts';

/** A value of a frame: where its record has it, and what the guest declared. */
export interface FrameValue {
  readonly field: RecordField;
  readonly type: ValType;
}

/** The values of an exception that a handler around a site holds. */
export interface CaughtValues {
  /** pc of the `try`. */
  readonly pc: number;
  /** Holds the tag's index plus one. */
  readonly tag: FrameValue;
  /** By tag index. */
  readonly values: ReadonlyMap<number, readonly FrameValue[]>;
}

/** A site of the module. */
export interface SiteInfo {
  readonly id: number;
  readonly func: number;
  readonly pc: number;
  /** `host`: the function is an import, its call is in progress. */
  readonly kind: 'entry' | 'loop' | 'call' | 'host';
  /** Size of a record. */
  readonly sizeBytes: number;
  /** By local; undefined: dead here. */
  readonly locals: readonly (FrameValue | undefined)[];
  /** The operand stack, bottom first. */
  readonly stack: readonly FrameValue[];
  /** Outermost first. */
  readonly caught: readonly CaughtValues[];
  /** Whether a record may refer to the instance's tables of references. */
  readonly hasReferences: boolean;
  /** Result types of what the site calls; empty where it is no call. */
  readonly calleeResults: readonly ValType[];
}

/** The site of a host call in progress: its record holds the arguments. */
export function hostCallSite(program: Program, func: number): SiteInfo {
  const { fields, sizeBytes } = importRecordLayout(program, func);
  const { params } = program.funcType(func);
  return {
    id: program.facts.siteBase[func] ?? 0,
    func,
    pc: 0,
    kind: 'host',
    sizeBytes,
    locals: fields.map((field, index) => ({ field, type: params[index] ?? field.type })),
    stack: [],
    caught: [],
    hasReferences: fields.some(({ type }) => isRef(type)),
    calleeResults: [],
  };
}

/** A site of a function that the module defines, by its index in the plan. */
export function guestSite(plan: FunctionPlan, site: number): SiteInfo {
  const { fields, sizeBytes } = recordLayout(plan);
  const byLocal = new Map(fields.map((field) => [field.local, { field, type: plan.typeOf(field.local) }]));
  const value = (local: number): FrameValue => {
    const found = byLocal.get(local);
    assert(found !== undefined, `value ${local} of function ${plan.func} is in no record`);
    return found;
  };
  const live = new Set(plan.siteLive.members(site));
  const kind = plan.siteKind(site);
  return {
    id: plan.siteId[site] ?? 0,
    func: plan.func,
    pc: plan.sitePc(site),
    kind,
    sizeBytes,
    locals: Array.from({ length: plan.localCount }, (_, local) => (live.has(local) ? value(local) : undefined)),
    stack: plan.siteStack(site).map(value),
    caught: plan.caughtRows(site).map((row) => {
      const { tag, values } = plan.caughtSlots(row);
      return {
        pc: (plan.code.at[row] ?? 0) - plan.program.bodyStart(plan.func),
        tag: value(tag),
        values: new Map([...values].map(([index, locals]) => [index, locals.map(value)] as const)),
      };
    }),
    hasReferences: fields.some(({ type }) => isRef(type)),
    calleeResults: kind === 'call' ? plan.program.calleeType(plan.code, plan.siteRow[site] ?? 0).results : [],
  };
}
