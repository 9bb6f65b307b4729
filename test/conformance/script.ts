/**
 * Reads a script of the WebAssembly test suite (`.wast`): modules, actions and what is asserted of them.
 *
 * Boundary: the script level alone. A module stays the text that it is; `literals.ts` turns literals into bits.
 */
import { type List, type Node, readLists, ScriptError } from './s-expression.ts';

export type ModuleSource =
  { readonly form: 'text' | 'quote'; readonly text: string } | { readonly form: 'binary'; readonly bytes: Uint8Array };

/** A literal of a number or vector: its text, as the text format has it, without the parentheses. */
export interface Literal {
  readonly kind: 'literal';
  readonly type: 'i32' | 'i64' | 'f32' | 'f64' | 'v128';
  readonly text: string;
}

export type Argument =
  | Literal
  | { readonly kind: 'null' }
  /** `ref.extern n` and `ref.host n`: a value of the host. */
  | { readonly kind: 'host'; readonly id: number };

/** Which NaN is expected in place of a number; undefined: the bits of the literal are. */
export type NanPattern = 'canonical' | 'arithmetic' | undefined;

/** References that are told apart only by what they refer to. */
export const REF_PATTERNS = ['any', 'array', 'eq', 'exn', 'extern', 'func', 'host', 'i31', 'struct'] as const;
export type RefPatternKind = (typeof REF_PATTERNS)[number];

export type Pattern =
  | {
      readonly kind: 'number';
      readonly literal: Literal;
      /** Width of a lane in bits; for a scalar its own. */
      readonly laneBits: number;
      /** By lane; a scalar has one. */
      readonly nans: readonly NanPattern[];
    }
  | { readonly kind: 'null' }
  | { readonly kind: 'ref'; readonly ref: RefPatternKind; readonly id: number | undefined }
  | { readonly kind: 'either'; readonly patterns: readonly Pattern[] };

export interface Action {
  readonly kind: 'invoke' | 'get';
  /** Name of the module; undefined: the last one. */
  readonly module: string | undefined;
  readonly field: string;
  readonly args: readonly Argument[];
}

export type CommandBody =
  | {
      readonly kind: 'module';
      readonly name: string | undefined;
      readonly source: ModuleSource;
      /** Only defined, to be instantiated by name. */
      readonly definition: boolean;
    }
  | { readonly kind: 'instance'; readonly name: string | undefined; readonly definition: string | undefined }
  | { readonly kind: 'register'; readonly as: string; readonly name: string | undefined }
  | { readonly kind: 'action'; readonly action: Action }
  | { readonly kind: 'assert_return'; readonly action: Action; readonly patterns: readonly Pattern[] }
  | { readonly kind: 'assert_trap'; readonly subject: Action | ModuleSource; readonly message: string }
  | { readonly kind: 'assert_exhaustion'; readonly action: Action }
  | { readonly kind: 'assert_exception'; readonly action: Action }
  | {
      readonly kind: 'assert_malformed' | 'assert_invalid' | 'assert_unlinkable';
      readonly source: ModuleSource;
      readonly message: string;
    }
  | { readonly kind: 'unsupported'; readonly form: string };

export type Command = CommandBody & {
  /** Offset in the script. */
  readonly start: number;
  readonly text: string;
};

const COMMANDS = new Set<string>([
  'module',
  'register',
  'invoke',
  'get',
  'assert_return',
  'assert_trap',
  'assert_exhaustion',
  'assert_exception',
  'assert_malformed',
  'assert_invalid',
  'assert_unlinkable',
  'assert_malformed_custom',
  'assert_invalid_custom',
  'thread',
  'wait',
]);
/** Characters of a command that are kept for messages. */
const TEXT_LENGTH = 1000;

/** The commands of a script. A text that begins with a field of a module is one module. @throws ScriptError */
export function readScript(source: string): Command[] {
  const lists = readLists(source);
  const [first] = lists;
  if (first !== undefined && !COMMANDS.has(headOf(first))) {
    return [
      { ...moduleCommand(undefined, { form: 'text', text: `(module ${source}\n)` }), start: 0, text: '(module …)' },
    ];
  }
  return lists.map((list) => {
    const text = source.slice(list.start, Math.min(list.end, list.start + TEXT_LENGTH)).replace(/\s+/g, ' ');
    return { ...readCommand(source, list), start: list.start, text };
  });
}

const moduleCommand = (name: string | undefined, source: ModuleSource): CommandBody => ({
  kind: 'module',
  name,
  source,
  definition: false,
});

const headOf = (list: List): string => (list.items[0]?.kind === 'atom' ? list.items[0].text : '');

function readCommand(source: string, list: List): CommandBody {
  const head = headOf(list);
  const rest = list.items.slice(1);
  switch (head) {
    case 'module':
      return readModule(source, list);
    case 'register':
      return { kind: 'register', as: stringAt(list, 1), name: idOf(rest[1]) };
    case 'invoke':
    case 'get':
      return { kind: 'action', action: readAction(source, list) };
    case 'assert_return':
      return {
        kind: head,
        action: actionAt(source, list),
        patterns: rest.slice(1).map((node) => readPattern(source, node)),
      };
    case 'assert_trap':
      return { kind: head, subject: readSubject(source, list), message: stringAt(list, 2) };
    case 'assert_exhaustion':
    case 'assert_exception':
      return { kind: head, action: actionAt(source, list) };
    case 'assert_malformed':
    case 'assert_invalid':
    case 'assert_unlinkable':
      return { kind: head, source: readSource(source, listAt(list, 1)), message: stringAt(list, 2) };
    default:
      return { kind: 'unsupported', form: head };
  }
}

/** `module name? …`, `module definition name? …`, `module instance name? name?`. */
function readModule(source: string, list: List): CommandBody {
  const [, second] = list.items;
  const form = second?.kind === 'atom' ? second.text : '';
  if (form === 'instance') return { kind: 'instance', name: idOf(list.items[2]), definition: idOf(list.items[3]) };
  const definition = form === 'definition';
  const name = idOf(list.items[definition ? 2 : 1]);
  return { kind: 'module', name, source: readSource(source, list), definition };
}

function readSource(source: string, list: List): ModuleSource {
  const rest = list.items.slice(1).filter((node) => node.kind !== 'atom' || !/^(\$.*|definition)$/s.test(node.text));
  const [form] = rest;
  if (form?.kind === 'atom' && (form.text === 'binary' || form.text === 'quote')) {
    const bytes = joined(rest.slice(1));
    return form.text === 'binary'
      ? { form: 'binary', bytes }
      : { form: 'quote', text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) };
  }
  const text = source.slice(list.start, list.end).replace(/^\(module(\s+)definition\b/, '(module$1');
  return { form: 'text', text };
}

function joined(nodes: readonly Node[]): Uint8Array {
  return Uint8Array.from(nodes.flatMap((node) => (node.kind === 'string' ? [...node.bytes] : [])));
}

function readSubject(source: string, list: List): Action | ModuleSource {
  const subject = listAt(list, 1);
  return headOf(subject) === 'module' ? readSource(source, subject) : readAction(source, subject);
}

const actionAt = (source: string, list: List): Action => readAction(source, listAt(list, 1));

function readAction(source: string, list: List): Action {
  const kind = headOf(list);
  if (kind !== 'invoke' && kind !== 'get') throw new ScriptError(list.start, `"${kind}" is no action`);
  const module = idOf(list.items[1]);
  const at = module === undefined ? 1 : 2;
  const args = list.items.slice(at + 1).map((node) => readArgument(source, node));
  return { kind, module, field: stringAt(list, at), args };
}

function readArgument(source: string, node: Node): Argument {
  const list = asList(node);
  const head = headOf(list);
  if (head === 'ref.null') return { kind: 'null' };
  if (head === 'ref.extern' || head === 'ref.host') return { kind: 'host', id: numberAt(list, 1) };
  return readLiteral(source, list);
}

function readLiteral(source: string, list: List): Literal {
  const type = headOf(list).replace(/\.const$/, '');
  if (type !== 'i32' && type !== 'i64' && type !== 'f32' && type !== 'f64' && type !== 'v128') {
    throw new ScriptError(list.start, `"${headOf(list)}" is no constant`);
  }
  return { kind: 'literal', type, text: source.slice(list.start + 1, list.end - 1) };
}

const LANE_BITS: Readonly<Record<string, number>> = { i8x16: 8, i16x8: 16, i32x4: 32, i64x2: 64, f32x4: 32, f64x2: 64 };
const SCALAR_BITS = { i32: 32, i64: 64, f32: 32, f64: 64, v128: 128 } as const;
const NANS: Readonly<Record<string, NanPattern>> = { 'nan:canonical': 'canonical', 'nan:arithmetic': 'arithmetic' };

function readPattern(source: string, node: Node): Pattern {
  const list = asList(node);
  const head = headOf(list);
  if (head === 'either')
    return { kind: 'either', patterns: list.items.slice(1).map((item) => readPattern(source, item)) };
  if (head === 'ref.null') return { kind: 'null' };
  const ref = REF_PATTERNS.find((name) => head === `ref.${name}`);
  if (ref !== undefined) return { kind: 'ref', ref, id: list.items.length > 1 ? numberAt(list, 1) : undefined };
  const { type, text } = readLiteral(source, list);
  const [, shape, ...lanes] = list.items.map((item) => (item.kind === 'atom' ? item.text : ''));
  const laneBits = type === 'v128' ? (LANE_BITS[shape ?? ''] ?? SCALAR_BITS.v128) : SCALAR_BITS[type];
  const nans = (type === 'v128' ? lanes : [shape ?? '']).map((lane) => NANS[lane]);
  return {
    kind: 'number',
    literal: { kind: 'literal', type, text: text.replace(/\bnan:[a-z]+/g, 'nan') },
    laneBits,
    nans,
  };
}

const idOf = (node: Node | undefined): string | undefined =>
  node?.kind === 'atom' && node.text.startsWith('$') ? node.text : undefined;

function asList(node: Node): List {
  if (node.kind !== 'list') throw new ScriptError(node.start, `found ${node.kind}; expected a list`);
  return node;
}

function listAt(list: List, index: number): List {
  const node = list.items[index];
  if (node === undefined) throw new ScriptError(list.start, `"${headOf(list)}" has no item ${index}`);
  return asList(node);
}

function stringAt(list: List, index: number): string {
  const node = list.items[index];
  if (node?.kind !== 'string') throw new ScriptError(list.start, `item ${index} of "${headOf(list)}" is no string`);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(node.bytes);
}

function numberAt(list: List, index: number): number {
  const node = list.items[index];
  const value = node?.kind === 'atom' ? Number(node.text) : Number.NaN;
  if (!Number.isInteger(value)) throw new ScriptError(list.start, `item ${index} of "${headOf(list)}" is no number`);
  return value;
}
