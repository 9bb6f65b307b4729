/**
 * A function while it is generated: its locals, its labels, what it has left to spend, and its code so far.
 *
 * Boundary: what code means is the grammar's (values.ts, statements.ts, constructs.ts), which this calls through `Grammar`.
 *
 * Invariants:
 * 1. `value` adds code that leaves exactly one value of the type or a subtype; `statement` code that leaves none.
 * 2. A label that counts a loop is never the target of a random branch: branches to it must advance its counter.
 * 3. Locals outside of the pool belong to the construct that made them.
 */
import { ByteWriter, isDefaultable, type OpName, type ValType, writeLocals } from '../../../runtime/wasm/index.ts';
import { type Coverage, Emitter, type Immediate } from './emitter.ts';
import type { FuncOutline, Outline } from './outline.ts';
import type { ProgramTypes } from './program-types.ts';
import type { Random } from './random.ts';

export interface Label {
  /** What a branch to it takes. */
  readonly types: readonly ValType[];
  /** `handler`: a legacy handler, which `rethrow` may name; `counted`: see invariant 2. */
  readonly kind: 'plain' | 'handler' | 'counted';
}

/** How the builder calls the grammar. */
export interface Grammar {
  readonly value: (f: FunctionBuilder, type: ValType) => void;
  readonly statement: (f: FunctionBuilder) => void;
  /** A block, loop, if or try whose parameters are on the stack. */
  readonly construct: (f: FunctionBuilder, params: readonly ValType[], results: readonly ValType[]) => void;
}

/** Functions that a program gets where they are used: they make NaNs canonical and take up references into the checksum. */
export interface Services {
  readonly canonical: (type: 'f32' | 'f64' | 'f32x4' | 'f64x2') => number;
  readonly digest: () => number;
}

const DEPTH_MAX = 4;

export class FunctionBuilder {
  readonly outline: Outline;
  readonly random: Random;
  readonly own: FuncOutline;
  readonly services: Services;
  readonly labels: Label[] = [];
  /** Constructs around the current place that catch exceptions. */
  catching = 0;
  /** Counted loops around the current place: those inside multiply. */
  counting = 0;
  budget: number;
  depth = 0;
  readonly #emitter: Emitter;
  readonly #grammar: Grammar;
  readonly #locals: ValType[];
  readonly #pool: number[] = [];

  constructor(
    outline: Outline,
    random: Random,
    own: FuncOutline,
    services: Services,
    grammar: Grammar,
    budget: number,
    coverage?: Coverage,
  ) {
    this.outline = outline;
    this.random = random;
    this.own = own;
    this.services = services;
    this.budget = budget;
    this.#grammar = grammar;
    this.#emitter = new Emitter(coverage);
    this.#locals = [...own.params];
    own.params.forEach((_, index) => this.#pool.push(index));
    this.labels.push({ types: own.results, kind: 'plain' });
  }

  get types(): ProgramTypes {
    return this.outline.types;
  }

  emit(name: OpName, ...immediates: readonly Immediate[]): void {
    this.#emitter.emit(name, ...immediates);
  }

  /** Number of instructions so far. */
  get count(): number {
    return this.#emitter.count;
  }

  /** Writes code that cannot be reached. */
  dead(write: () => void): void {
    const was = this.#emitter.live;
    this.#emitter.live = false;
    write();
    this.#emitter.live = was;
  }

  // --- what the grammar gives ---

  push(type: ValType): void {
    this.#grammar.value(this, type);
  }

  pushAll(types: readonly ValType[]): void {
    for (const type of types) this.push(type);
  }

  statement(): void {
    this.#grammar.statement(this);
  }

  statements(most = 4): void {
    for (let count = this.random.below(most); count > 0 && !this.spent; count--) this.statement();
  }

  construct(params: readonly ValType[], results: readonly ValType[]): void {
    this.#grammar.construct(this, params, results);
  }

  /** Runs `write` one level deeper. */
  deeper(write: () => void): void {
    this.budget--;
    this.depth++;
    write();
    this.depth--;
  }

  /** Whether only the smallest choice is left. */
  get spent(): boolean {
    return this.budget <= 0 || this.depth > DEPTH_MAX;
  }

  chance(oneIn: number): boolean {
    return this.random.chance(oneIn);
  }

  randomType(): ValType {
    return this.random.weighted(this.outline.valueTypes);
  }

  typeList(max: number): ValType[] {
    return this.random.list(this.random.below(max + 1), () => this.randomType());
  }

  // --- locals ---

  typeOfLocal(index: number): ValType {
    return this.#locals[index] ?? 0;
  }

  /** A local that random code neither reads nor writes. */
  reserve(type: ValType): number {
    return this.#locals.push(type) - 1;
  }

  /** A local that random code uses. One without default value must be set at once. */
  addLocal(type: ValType): number {
    const index = this.reserve(type);
    this.#pool.push(index);
    return index;
  }

  /** Locals that random code uses. */
  get pool(): readonly number[] {
    return this.#pool;
  }

  /** A local whose value fits the type. */
  readable(type: ValType): number | undefined {
    const fitting = this.#pool.filter((index) => this.types.isSubtype(this.typeOfLocal(index), type));
    return fitting.length === 0 ? undefined : this.random.pick(fitting);
  }

  /** A local that takes values of the type. */
  writable(type: ValType): number | undefined {
    const fitting = this.#pool.filter((index) => this.types.isSubtype(type, this.typeOfLocal(index)));
    return fitting.length === 0 ? undefined : this.random.pick(fitting);
  }

  /** Adds random locals; those without default value are set. */
  addLocals(count: number): void {
    const types = this.random.list(count, () => this.randomType());
    for (const type of types) {
      if (isDefaultable(type)) this.addLocal(type);
      else {
        this.push(type);
        const index = this.reserve(type);
        this.emit('local.set', index);
        this.#pool.push(index);
      }
    }
  }

  // --- labels ---

  label(depth: number): Label {
    return this.labels[this.labels.length - 1 - depth] ?? { types: this.own.results, kind: 'plain' };
  }

  /** Depths of the labels that a branch may name and that fit. */
  targets(fits: (label: Label) => boolean = () => true): number[] {
    const top = this.labels.length - 1;
    return this.labels.flatMap((label, at) => (label.kind !== 'counted' && fits(label) ? [top - at] : []));
  }

  /** Runs `write` inside a construct. */
  inside(label: Label, write: () => void): void {
    this.labels.push(label);
    write();
    this.labels.pop();
  }

  /** The body's bytes; closes it. */
  finish(): Uint8Array {
    this.emit('end');
    const writer = new ByteWriter(this.#emitter.writer.length + 64);
    writeLocals(writer, this.#locals, this.own.params.length);
    writer.bytes(this.#emitter.writer.view());
    return writer.toBytes();
  }
}
