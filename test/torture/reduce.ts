/**
 * Makes a failing program smaller while it stays valid and keeps failing in the same way.
 *
 * Passes are repeated until none helps: whole bodies, ranges of instructions from large to small, constructs, constants, exports,
 * segments, functions at the end.
 */
import {
  decodeModule,
  draftOf,
  encodeModule,
  type Module,
  type ModuleDraft,
  validateModule,
} from '../../runtime/wasm/index.ts';
import { constantExpr } from './generate/emitter.ts';
import {
  emptyBody,
  type TypedBody,
  typedBody,
  unwrapped,
  withoutLastLocals,
  withoutRows,
  withSmallerConstant,
} from './reduce-body.ts';

export interface ReduceOptions {
  /** Candidates that are tried at most. */
  readonly tries?: number;
  /** Tells time in milliseconds; with `deadlineMs` ends the work. */
  readonly now?: () => number;
  readonly deadlineMs?: number;
}

const TRIES_MAX = 5000;

class Reducer {
  bytes: Uint8Array;
  readonly #fails: (bytes: Uint8Array) => Promise<boolean>;
  readonly #options: ReduceOptions;
  #tries = 0;

  constructor(bytes: Uint8Array, fails: (bytes: Uint8Array) => Promise<boolean>, options: ReduceOptions) {
    this.bytes = bytes;
    this.#fails = fails;
    this.#options = options;
  }

  get module(): Module {
    return decodeModule(this.bytes);
  }

  get exhausted(): boolean {
    const { now, deadlineMs, tries = TRIES_MAX } = this.#options;
    return this.#tries >= tries || (now !== undefined && deadlineMs !== undefined && now() > deadlineMs);
  }

  /** Takes a candidate that is smaller or simpler, if it is valid and fails. */
  async take(candidate: Uint8Array): Promise<boolean> {
    if (this.exhausted || Buffer.compare(candidate, this.bytes) === 0 || !isValid(candidate)) return false;
    this.#tries++;
    if (!(await this.#fails(candidate))) return false;
    this.bytes = candidate;
    return true;
  }

  /** Takes the module with its draft changed. */
  async change(edit: (draft: ModuleDraft) => void): Promise<boolean> {
    const draft = draftOf(this.module);
    edit(draft);
    return this.take(encodeModule(draft));
  }

  async changeBody(func: number, body: Uint8Array | undefined): Promise<boolean> {
    if (body === undefined) return false;
    const at = func - this.module.importedFuncs;
    return this.change((draft) => {
      const own = draft.funcs[at];
      if (own !== undefined) own.body = body;
    });
  }

  /** The bodies as they are now. */
  typed(func: number): TypedBody {
    return typedBody(this.module, func);
  }
}

function isValid(bytes: Uint8Array): boolean {
  try {
    validateModule(decodeModule(bytes));
    return WebAssembly.validate(bytes as BufferSource);
  } catch {
    return false;
  }
}

/**
 * @param fails Whether a program still fails in the same way.
 * @returns The smallest program that was found; the same bytes if nothing could be left out.
 */
export async function reduceProgram(
  bytes: Uint8Array,
  fails: (bytes: Uint8Array) => Promise<boolean>,
  options: ReduceOptions = {},
): Promise<Uint8Array> {
  const reducer = new Reducer(bytes, fails, options);
  for (let before = reducer.bytes.length + 1; reducer.bytes.length < before && !reducer.exhausted;) {
    before = reducer.bytes.length;
    await emptyBodies(reducer);
    await removeRows(reducer);
    await openConstructs(reducer);
    await removeLocals(reducer);
    await removeDefinitions(reducer);
    await shrinkConstants(reducer);
  }
  return reducer.bytes;
}

function definedFuncs(module: Module): number[] {
  return module.funcs.flatMap(({ body }, func) => (body === undefined ? [] : [func]));
}

async function emptyBodies(reducer: Reducer): Promise<void> {
  for (const func of definedFuncs(reducer.module)) await reducer.changeBody(func, emptyBody(reducer.typed(func)));
}

/** Ranges of halving size, over each body. */
async function removeRows(reducer: Reducer): Promise<void> {
  for (const func of definedFuncs(reducer.module)) {
    let typed = reducer.typed(func);
    for (let size = typed.body.code.length; size >= 1 && !reducer.exhausted; size = Math.floor(size / 2)) {
      for (let from = 0; from < typed.body.code.length - 1;) {
        const to = Math.min(balancedEnd(typed, from, size), typed.body.code.length - 1);
        if (to > from && (await reducer.changeBody(func, withoutRows(typed, from, to)))) typed = reducer.typed(func);
        else from += Math.max(1, Math.floor(size / 2));
      }
    }
  }
}

/** The end of a balanced range of about `size` rows. */
function balancedEnd({ depths, body }: TypedBody, from: number, size: number): number {
  const depth = depths[from] ?? 0;
  let end = from;
  for (let row = from; row < body.code.length; row++) {
    const next = depths[row + 1] ?? 0;
    if (next < depth) break;
    if (next === depth) end = row + 1;
    if (row + 1 - from >= size && end > from) break;
  }
  return end;
}

async function openConstructs(reducer: Reducer): Promise<void> {
  for (const func of definedFuncs(reducer.module)) {
    let typed = reducer.typed(func);
    for (let row = 0; row < typed.body.code.length; row++) {
      if (await reducer.changeBody(func, unwrapped(typed, row))) typed = reducer.typed(func);
    }
  }
}

async function removeLocals(reducer: Reducer): Promise<void> {
  for (const func of definedFuncs(reducer.module))
    await reducer.changeBody(func, withoutLastLocals(reducer.typed(func)));
}

type ListName =
  'exports' | 'datas' | 'elements' | 'globals' | 'tables' | 'memories' | 'tags' | 'funcs' | 'types' | 'customs';
/** Where an item that nothing names may go; from its end on, as those behind it would change their index. */
const LISTS: readonly ListName[] = [
  'exports',
  'customs',
  'datas',
  'elements',
  'funcs',
  'globals',
  'tables',
  'memories',
  'tags',
  'types',
];

async function removeDefinitions(reducer: Reducer): Promise<void> {
  await reducer.change((draft) => (draft.startFunc = undefined));
  for (const name of LISTS) {
    for (let at = draftOf(reducer.module)[name].length - 1; at >= 0; at--) {
      const isRun = name === 'exports' && reducer.module.exports[at]?.name === 'run';
      if (!isRun) await reducer.change((draft) => draft[name].splice(at, 1));
    }
  }
  for (let at = 0; at < reducer.module.datas.length; at++) {
    await reducer.change((draft) => {
      const data = draft.datas[at];
      if (data !== undefined) data.content = new Uint8Array(0);
    });
  }
  for (let at = 0; at < reducer.module.elements.length; at++) await emptyElement(reducer, at);
}

async function emptyElement(reducer: Reducer, at: number): Promise<void> {
  await reducer.change((draft) => {
    const element = draft.elements[at];
    if (element === undefined) return;
    element.items = element.items.kind === 'funcs' ? { kind: 'funcs', funcs: [] } : { kind: 'exprs', exprs: [] };
  });
}

const INITIAL_VALUES = [0, 1, 2, 4, 8];

async function shrinkConstants(reducer: Reducer): Promise<void> {
  for (const func of definedFuncs(reducer.module)) {
    let typed = reducer.typed(func);
    for (let row = 0; row < typed.body.code.length;) {
      if (await reducer.changeBody(func, withSmallerConstant(typed, row))) typed = reducer.typed(func);
      else row++;
    }
  }
  for (let at = 0; at < draftOf(reducer.module).globals.length; at++) {
    for (const value of INITIAL_VALUES) {
      const smaller = await reducer.change((draft) => {
        const global = draft.globals[at];
        if (global?.type.type === 0x7f) global.init = constantExpr(['i32.const', value]);
      });
      if (smaller) break;
    }
  }
}
