/**
 * A module under construction: types and helpers that are added while functions are rewritten.
 *
 * Boundary: the part of `Target` that the instrumented module and side modules have in common.
 */
import { assert } from '../errors/index.ts';
import type { FuncDraft, SubType, ValType } from '../wasm/index.ts';
import { I32, I64, type OpName, OP, OPCODES, ref, refNull } from '../wasm/index.ts';
import type { ENGINE_FUNCS, RefKind, UnwindMode } from './abi.ts';
import {
  Assembler,
  growMemoryBody,
  growTableBody,
  type HelperBody,
  type HelperHost,
  pollBody,
  saveBody,
} from './helpers.ts';
import type { Program } from './program.ts';
import type { HelperKey, Target } from './target.ts';

export abstract class ModuleTarget implements Target, HelperHost {
  readonly program: Program;
  readonly mode: UnwindMode;
  readonly handlers: 'legacy' | 'table';
  readonly types: SubType[];
  readonly helpers: FuncDraft[] = [];
  readonly #helperIndex = new Map<HelperKey, number>();
  readonly #typeIndex = new Map<string, number>();

  abstract readonly ownsSegments: boolean;
  abstract readonly fuelGlobal: number;
  abstract readonly depthGlobal: number;
  abstract readonly saveMemory: number;
  abstract readonly stopTag: number;
  abstract readonly foreignTag: number;
  abstract readonly resumeTable: number;
  abstract func(index: number): number;
  abstract global(index: number): number;
  abstract tag(index: number): number;
  abstract loopContinuation(row: number): number;
  abstract engineFunc(name: (typeof ENGINE_FUNCS)[number]): number;
  abstract refTable(kind: RefKind): number;
  /** Index of the first helper in this module. */
  protected abstract readonly helperBase: number;
  /** A helper that lives elsewhere; undefined: it is made here. */
  protected abstract importedHelper(key: HelperKey): number | undefined;
  /** Global that notes that a segment was dropped. */
  protected abstract droppedGlobal(kind: 'data' | 'elem', index: number): number;

  constructor(program: Program) {
    this.program = program;
    this.mode = program.mode;
    this.handlers = program.facts.usesTryTable ? 'table' : 'legacy';
    this.types = [...program.module.types];
    this.types.forEach((type, index) => {
      const { composite } = type;
      if (composite.kind !== 'func' || !type.final || type.supers.length > 0) return;
      // Types of a larger recursion group are distinct from equal ones that stand alone.
      if (this.types.some((other, at) => at !== index && other.recGroup === type.recGroup)) return;
      const key = typeKey(composite.params, composite.results);
      if (!this.#typeIndex.has(key)) this.#typeIndex.set(key, index);
    });
  }

  callee(index: number): number {
    return this.func(index);
  }

  funcType(params: readonly ValType[], results: readonly ValType[]): number {
    const key = typeKey(params, results);
    let index = this.#typeIndex.get(key);
    if (index === undefined) {
      index = this.types.length;
      const group = (this.types[index - 1]?.recGroup ?? -1) + 1;
      this.types.push({
        composite: { kind: 'func', params: [...params], results: [...results] },
        final: true,
        supers: [],
        recGroup: group,
        canonical: index,
      });
      this.#typeIndex.set(key, index);
    }
    return index;
  }

  helper(key: HelperKey): number {
    let index = this.#helperIndex.get(key);
    if (index !== undefined) return index;
    index = this.importedHelper(key);
    if (index === undefined) {
      const { params, results, bytes } = this.#helperBody(key);
      index = this.helperBase + this.helpers.length;
      this.helpers.push({ typeIndex: this.funcType(params, results), body: bytes });
    }
    this.#helperIndex.set(key, index);
    return index;
  }

  /** Helpers made here, by key. */
  ownHelpers(): ReadonlyMap<HelperKey, number> {
    return this.#helperIndex;
  }

  #helperBody(key: HelperKey): HelperBody {
    const [kind = '', ...rest] = key.split(':');
    const [first = 0, a = 0, b = 0] = kind === 'save' || kind === 'more' ? [] : rest.map(Number);
    const { module } = this.program;
    switch (kind) {
      case 'poll':
      case 'pollFlag':
        return pollBody(this, 'poll', kind === 'poll');
      case 'enter':
      case 'enterFlag':
        return pollBody(this, 'enter', kind === 'enter');
      case 'bulk': {
        const code = new Assembler().op('local.get', 0).op('local.get', 1).op('call', this.engineFunc('bulk'));
        return { params: [I32, I32], results: [I32], bytes: code.body() };
      }
      case 'growMemory':
        return growMemoryBody(this, first, module.memories[first]?.type.limits.is64 === true ? I64 : I32);
      case 'growTable': {
        const table = module.tables[first]?.type;
        assert(table !== undefined, `table ${first} does not exist`);
        return growTableBody(this, first, table.element, table.limits.is64 ? I64 : I32);
      }
      case 'dropData':
      case 'dropElem':
        return this.#dropBody(kind === 'dropData' ? 'data' : 'elem', first);
      case 'segment':
        return this.#segmentBody(first, a, b);
      default:
        return saveBody(this, rest.join('') === '' ? [] : rest.join('').split(',').map(Number), kind === 'save');
    }
  }

  #dropBody(kind: 'data' | 'elem', index: number): HelperBody {
    const code = new Assembler().op(kind === 'data' ? 'data.drop' : 'elem.drop', index);
    code.const32(1).op('global.set', this.droppedGlobal(kind, index));
    return { params: [], results: [], bytes: code.body() };
  }

  /** An instruction that names a segment, as a function. */
  #segmentBody(op: number, a: number, b: number): HelperBody {
    const name = OPCODES[op]?.name as OpName; // keys are made from opcodes
    const { params, results } = this.segmentType(op, a, b);
    const code = new Assembler();
    params.forEach((_type, index) => code.op('local.get', index));
    code.op(name, a, b);
    return { params, results, bytes: code.body() };
  }

  /** The type of an instruction that names a segment. */
  protected segmentType(op: number, a: number, b: number): { params: ValType[]; results: ValType[] } {
    const { module } = this.program;
    const address = (is64: boolean | undefined): ValType => (is64 === true ? I64 : I32);
    switch (op) {
      case OP['memory.init']:
        return { params: [address(module.memories[b]?.type.limits.is64), I32, I32], results: [] };
      case OP['table.init']:
        return { params: [address(module.tables[b]?.type.limits.is64), I32, I32], results: [] };
      case OP['array.init_data']:
      case OP['array.init_elem']:
        return { params: [refNull(a), I32, I32, I32], results: [] };
      default:
        return { params: [I32, I32], results: [ref(a)] };
    }
  }
}

const typeKey = (params: readonly ValType[], results: readonly ValType[]): string =>
  `${params.join(',')}>${results.join(',')}`;
