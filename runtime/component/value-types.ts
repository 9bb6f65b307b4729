/**
 * Types of the component model, resolved: no indices, resources by identity.
 *
 * Boundary: data and the canonical ABI's layout of it (Component Model, CanonicalABI.md: alignment, size, flattening). How values look in
 * JavaScript is canonical-values.ts.
 */
import { assert } from '../errors/index.ts';

export const PRIMITIVES = [
  'bool',
  's8',
  'u8',
  's16',
  'u16',
  's32',
  'u32',
  's64',
  'u64',
  'f32',
  'f64',
  'char',
  'string',
] as const;
export type Primitive = (typeof PRIMITIVES)[number];

/** A kind of resource; two are the same if they are the same object. */
export interface ResourceType {
  /** As its interface names it; of the component's own ones, no two have the same name. */
  readonly name: string;
  /** The interface that it is imported from, without version; undefined: the component defines it itself. */
  readonly from: string | undefined;
}

/** What tells a kind of resource from all others of a component; the host's are called so, too. */
export const resourceKey = ({ from, name }: ResourceType): string => `${from ?? OWN}/${name}`;
/** Whether the component itself defines that kind. */
export const isOwnKey = (key: string): boolean => key.startsWith(`${OWN}/`);
const OWN = 'own';

export type ValueType =
  | { readonly kind: Primitive }
  | { readonly kind: 'record'; readonly fields: readonly (readonly [name: string, type: ValueType])[] }
  | {
      readonly kind: 'variant';
      readonly cases: readonly (readonly [name: string, type: ValueType | undefined])[];
    }
  | { readonly kind: 'list'; readonly element: ValueType }
  | { readonly kind: 'tuple'; readonly types: readonly ValueType[] }
  | { readonly kind: 'flags' | 'enum'; readonly labels: readonly string[] }
  | { readonly kind: 'option'; readonly some: ValueType }
  | { readonly kind: 'result'; readonly ok: ValueType | undefined; readonly err: ValueType | undefined }
  | { readonly kind: 'own' | 'borrow'; readonly resource: ResourceType };

export interface FunctionType {
  readonly params: readonly (readonly [name: string, type: ValueType])[];
  readonly result: ValueType | undefined;
}

/** A type of core WebAssembly that values are flattened to. */
export type FlatType = 'i32' | 'i64' | 'f32' | 'f64';

interface Layout {
  readonly align: number;
  readonly sizeBytes: number;
  /** Of more than `MAX_FLAT_PARAMS` only the first ones: such values are never passed flat. */
  readonly flat: readonly FlatType[];
  /** Types and bare labels that it is made of, with itself, each as often as it is there. */
  readonly nodes: number;
  /** Types within types, with itself. */
  readonly depth: number;
}

const LEAF = { nodes: 1, depth: 1 } as const;

const layout = (sizeBytes: number, flat: FlatType): Layout => ({ align: sizeBytes, sizeBytes, flat: [flat], ...LEAF });

/** The nodes and depth of a type around others. */
const around = (inner: readonly Layout[]): Pick<Layout, 'nodes' | 'depth'> => ({
  nodes: 1 + inner.reduce((sum, { nodes }) => sum + nodes, 0),
  depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
});

const PRIMITIVE_LAYOUTS = {
  bool: layout(1, 'i32'),
  s8: layout(1, 'i32'),
  u8: layout(1, 'i32'),
  s16: layout(2, 'i32'),
  u16: layout(2, 'i32'),
  s32: layout(4, 'i32'),
  u32: layout(4, 'i32'),
  s64: layout(8, 'i64'),
  u64: layout(8, 'i64'),
  f32: layout(4, 'f32'),
  f64: layout(8, 'f64'),
  char: layout(4, 'i32'),
  string: { align: 4, sizeBytes: 8, flat: ['i32', 'i32'], ...LEAF },
} as const satisfies Record<Primitive, Layout>;

const POINTER_PAIR: Layout = PRIMITIVE_LAYOUTS.string;

/** Layouts by type, computed once. */
const layouts = new WeakMap<ValueType, Layout>();

export const alignTo = (at: number, align: number): number => Math.ceil(at / align) * align;

/** The cases of what is a variant for the layout: the payload of each, if it has one. */
export function casesOf(type: ValueType): readonly (ValueType | undefined)[] | undefined {
  switch (type.kind) {
    case 'variant':
      return type.cases.map(([, payload]) => payload);
    case 'enum':
      return type.labels.map(() => undefined);
    case 'option':
      return [undefined, type.some];
    case 'result':
      return [type.ok, type.err];
    default:
      return undefined;
  }
}

/** The parts of what is a record for the layout. */
export function partsOf(type: ValueType): readonly ValueType[] | undefined {
  if (type.kind === 'record') return type.fields.map(([, field]) => field);
  return type.kind === 'tuple' ? type.types : undefined;
}

/** Bytes of the number that tells the case of a variant. */
export const discriminantBytes = (cases: number): 1 | 2 | 4 => (cases <= 256 ? 1 : cases <= 65_536 ? 2 : 4);

/** Bytes of a set of flags; at most 32 are allowed. */
export const flagsBytes = (labels: number): 1 | 2 | 4 => (labels <= 8 ? 1 : labels <= 16 ? 2 : 4);

/** Where the payload of a variant begins. */
export function payloadOffset(cases: readonly (ValueType | undefined)[]): number {
  const align = Math.max(1, ...cases.map((payload) => (payload === undefined ? 1 : alignOf(payload))));
  return alignTo(discriminantBytes(cases.length), align);
}

function recordLayout(parts: readonly ValueType[]): Layout {
  let at = 0;
  let align = 1;
  const flat: FlatType[] = [];
  for (const part of parts) {
    const inner = layoutOf(part);
    at = alignTo(at, inner.align) + inner.sizeBytes;
    align = Math.max(align, inner.align);
    if (flat.length <= MAX_FLAT_PARAMS) flat.push(...inner.flat);
  }
  return { align, sizeBytes: alignTo(at, align), flat, ...around(parts.map(layoutOf)) };
}

/** The flat type that holds either of two. */
function join(a: FlatType, b: FlatType): FlatType {
  if (a === b) return a;
  const is32 = (type: FlatType): boolean => type === 'i32' || type === 'f32';
  return is32(a) && is32(b) ? 'i32' : 'i64';
}

function variantLayout(cases: readonly (ValueType | undefined)[]): Layout {
  const tagBytes = discriminantBytes(cases.length);
  let align: number = tagBytes;
  let sizeBytes = 0;
  const flat: FlatType[] = [];
  for (const payload of cases) {
    if (payload === undefined) continue;
    const inner = layoutOf(payload);
    align = Math.max(align, inner.align);
    sizeBytes = Math.max(sizeBytes, inner.sizeBytes);
    inner.flat.forEach((type, index) => (flat[index] = flat[index] === undefined ? type : join(flat[index], type)));
  }
  const inner = cases.filter((payload) => payload !== undefined).map(layoutOf);
  return {
    align,
    sizeBytes: alignTo(payloadOffset(cases) + sizeBytes, align),
    flat: ['i32', ...flat],
    ...around(inner),
  };
}

/** Labels that stand for no type of their own. */
function bareLabels(type: ValueType): number {
  if ('labels' in type) return type.labels.length;
  return type.kind === 'variant' ? type.cases.filter(([, payload]) => payload === undefined).length : 0;
}

function partsLayout(type: ValueType): Layout {
  const parts = partsOf(type);
  if (parts !== undefined) return recordLayout(parts);
  const cases = casesOf(type);
  if (cases !== undefined) return variantLayout(cases);
  switch (type.kind) {
    case 'list':
      return { ...POINTER_PAIR, ...around([layoutOf(type.element)]) };
    case 'flags':
      return layout(flagsBytes(type.labels.length), 'i32');
    case 'own':
    case 'borrow':
      return PRIMITIVE_LAYOUTS.u32;
    default:
      assert(type.kind in PRIMITIVE_LAYOUTS, `a layout for ${type.kind}`);
      return PRIMITIVE_LAYOUTS[type.kind as Primitive]; // all other kinds were told apart
  }
}

function layoutOf(type: ValueType): Layout {
  const known = layouts.get(type);
  if (known !== undefined) return known;
  const parts = partsLayout(type);
  const made = { ...parts, nodes: parts.nodes + bareLabels(type) };
  layouts.set(type, made);
  return made;
}

export const alignOf = (type: ValueType): number => layoutOf(type).align;
export const sizeOf = (type: ValueType): number => layoutOf(type).sizeBytes;
export const flatten = (type: ValueType): readonly FlatType[] => layoutOf(type).flat;

/** Types that one type may be made of, and how deep: a few bytes can define one of more parts than there are atoms. */
export const TYPE_NODES_MAX = 10_000;
export const TYPE_DEPTH_MAX = 100;

/** What is wrong with a type, if its parts are within the limits on their own. */
export function typeFault(type: ValueType): string | undefined {
  const isEmpty = 'labels' in type ? type.labels.length === 0 : (partsOf(type) ?? casesOf(type))?.length === 0;
  if (isEmpty) return `a type is an empty ${type.kind}`;
  const { nodes, depth } = layoutOf(type);
  if (depth > TYPE_DEPTH_MAX)
    return `a type has types within types, ${depth} deep; at most ${TYPE_DEPTH_MAX} are allowed`;
  return nodesFault(nodes);
}

/** The same of a function whose types are without fault. */
export function functionFault({ params, result }: FunctionType): string | undefined {
  if (result !== undefined && hasPart(result, ({ kind }) => kind === 'borrow')) return 'a function gives a borrow';
  const types = [...params.map(([, type]) => type), ...(result ? [result] : [])];
  return nodesFault(types.reduce((sum, type) => sum + layoutOf(type).nodes, 0));
}

const nodesFault = (nodes: number): string | undefined =>
  nodes > TYPE_NODES_MAX
    ? `a type is made of ${nodes} types and labels; at most ${TYPE_NODES_MAX} are allowed`
    : undefined;

/** Most values that parameters and results are flattened to; beyond, they are in memory. */
export const MAX_FLAT_PARAMS = 16;
export const MAX_FLAT_RESULTS = 1;

/** How a function looks in core WebAssembly. */
export interface FlatFunction {
  readonly params: readonly FlatType[];
  readonly results: readonly FlatType[];
  /** The parameters are in memory: the one parameter is their address. */
  readonly paramsInMemory: boolean;
  /** The result is in memory. Of a lowered function the last parameter is its address, of a lifted one the result. */
  readonly resultInMemory: boolean;
}

/** @param direction `lower`: core code calls it; `lift`: it is core code. */
export function flattenFunction({ params, result }: FunctionType, direction: 'lower' | 'lift'): FlatFunction {
  const flatParams = params.flatMap(([, type]) => flatten(type));
  const flatResults = result === undefined ? [] : flatten(result);
  const paramsInMemory = flatParams.length > MAX_FLAT_PARAMS;
  const resultInMemory = flatResults.length > MAX_FLAT_RESULTS;
  const passed: FlatType[] = paramsInMemory ? ['i32'] : flatParams;
  if (!resultInMemory) return { params: passed, results: flatResults, paramsInMemory, resultInMemory };
  return direction === 'lower'
    ? { params: [...passed, 'i32'], results: [], paramsInMemory, resultInMemory }
    : { params: passed, results: ['i32'], paramsInMemory, resultInMemory };
}

/** Whether a type, or one that it is made of, is such a one. */
export function hasPart(type: ValueType, isOne: (part: ValueType) => boolean): boolean {
  if (isOne(type)) return true;
  const inner = type.kind === 'list' ? [type.element] : (partsOf(type) ?? casesOf(type) ?? []);
  return inner.some((part) => part !== undefined && hasPart(part, isOne));
}

/** Whether values of the type hold a resource. */
export const hasResource = (type: ValueType): boolean =>
  hasPart(type, ({ kind }) => kind === 'own' || kind === 'borrow');
