/**
 * A part of a large module, as a module: functions taken evenly from all over it, so that parts of any size are alike.
 *
 * Calls of functions that are left out go to one function for each type, whose body is `unreachable`. Data, names and other custom
 * sections are left out. The result validates; running it is of no use. Initial values of globals and tables must not name functions.
 */
import {
  ByteWriter,
  decodeFunction,
  decodeModule,
  draftOf,
  encodeCode,
  encodeModule,
  type ElementDraft,
  type FuncDraft,
  type FunctionBody,
  type Module,
  OPCODES,
} from '../../runtime/wasm/index.ts';

/** Rows of the opcode table whose only immediate is a function index. */
const NAMES_FUNCTION = new Set(OPCODES.flatMap(({ immediates }, op) => (immediates[0] === 'funcidx' ? [op] : [])));
const UNREACHABLE = Uint8Array.of(0, 0x00, 0x0b); // no locals; unreachable; end

/** New indices of functions: those that stay, then a stub for each type that is asked for. */
class Renumbering {
  readonly stubs: FuncDraft[] = [];
  readonly #module: Module;
  readonly #kept: ReadonlyMap<number, number>;
  readonly #stubOfType = new Map<number, number>();

  constructor(module: Module, kept: readonly number[]) {
    this.#module = module;
    this.#kept = new Map(kept.map((func, index) => [func, index]));
  }

  kept(func: number): number | undefined {
    return this.#kept.get(func);
  }

  indexOf(func: number): number {
    const typeIndex = this.#module.funcs[func]?.typeIndex ?? 0;
    const found = this.kept(func) ?? this.#stubOfType.get(typeIndex);
    if (found !== undefined) return found;
    const index = this.#kept.size + this.stubs.length;
    this.stubs.push({ typeIndex, body: UNREACHABLE });
    this.#stubOfType.set(typeIndex, index);
    return index;
  }
}

/** Imports, and of the other functions as many as have about that many bytes together. */
function functionsFor(module: Module, codeBytes: number): number[] {
  const sizes = module.funcs.map(({ body }) => (body === undefined ? 0 : body.end - body.start));
  const share = codeBytes / sizes.reduce((sum, size) => sum + size, 0);
  const defined = module.importedFuncs;
  return [...sizes.keys()].filter(
    (func) => func < defined || Math.floor((func - defined + 1) * share) > Math.floor((func - defined) * share),
  );
}

function renumberedBody(module: Module, func: number, buffers: FunctionBody | undefined, numbers: Renumbering) {
  const body = decodeFunction(module, func, buffers);
  const { code } = body;
  const writer = new ByteWriter();
  writer.range(module.bytes, module.funcs[func]?.body?.start ?? 0, code.at[0] ?? 0); // the locals
  for (let row = 0; row < code.length; row++) {
    if (!NAMES_FUNCTION.has(code.op[row] ?? 0)) continue;
    code.a[row] = numbers.indexOf(code.a[row] ?? 0);
    code.at[row] = -1; // written from its immediate
  }
  encodeCode(writer, code);
  return { bytes: writer.toBytes(), body };
}

function keptElements(elements: readonly ElementDraft[], numbers: Renumbering): ElementDraft[] {
  return elements.map((segment) => {
    const funcs = segment.items.kind === 'funcs' ? segment.items.funcs : [];
    return { ...segment, items: { kind: 'funcs', funcs: funcs.flatMap((func) => numbers.kept(func) ?? []) } };
  });
}

/** A part of the module with about so many bytes of function bodies. */
export function cutModule(bytes: Uint8Array, codeBytes: number): Uint8Array {
  const module = decodeModule(bytes);
  const kept = functionsFor(module, codeBytes);
  const numbers = new Renumbering(module, kept);
  const draft = draftOf(module);
  const funcs: FuncDraft[] = [];
  let buffers: FunctionBody | undefined;
  for (const func of kept.slice(module.importedFuncs)) {
    const written = renumberedBody(module, func, buffers, numbers);
    funcs.push({ typeIndex: module.funcs[func]?.typeIndex ?? 0, body: written.bytes });
    buffers = written.body;
  }
  const exports = draft.exports.flatMap((entry) => {
    const index = entry.kind === 'func' ? numbers.kept(entry.index) : entry.index;
    return index === undefined ? [] : [{ ...entry, index }];
  });
  return encodeModule({
    ...draft,
    exports,
    startFunc: undefined,
    elements: keptElements(draft.elements, numbers),
    datas: [],
    customs: [],
    funcs: [...funcs, ...numbers.stubs],
  });
}
