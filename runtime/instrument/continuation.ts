/**
 * Builds the code of continuations: what runs from a program point to the end of its function.
 *
 *     (func $f                                  (func $from_call_g            ;; values come from the frame's record
 *       (block $b                                 (block $b
 *         (loop $l                                  (block $exit
 *           …                                         (block $back
 *           (call $g)      ;; stopped here   =>         (call $next_inner_frame)
 *           (br_if $l …)                                (br_if $back …)
 *           (br_if $b …)                                (br_if $b …)
 *         )                                             (br $exit))
 *         …)                                          (return_call $loop_l live locals…))
 *       …)                                          …)
 *                                                 …)
 *
 * Constructs that enclose the point are opened again around the code that is left of them, so labels stay in force; an arm of an `if`
 * becomes a block, a `try` whose body the point lies in is opened as it was. A back-edge to an enclosing loop leaves for
 * the continuation of that loop's header, a function of its own, which holds the whole loop: it is made once, however many points lie
 * in the loop. Inside a re-opened `try` that would leave the handlers, so there the loop is copied in place of the tail call.
 *
 * A point in a legacy `catch` whose exception may be rethrown throws that exception anew, with the tag and payload that were kept, and goes on in
 * the handler that catches it.
 *
 * Boundary: Code in, Code out; emitted by the Rewriter like any function.
 *
 * Invariants:
 * 1. Operand heights are those of the original, so slots keep their meaning.
 * 2. Only code that can be reached from the point is copied: after a branch nothing is, until the `end` of a construct that
 *    copied code branches to.
 * 3. `originRow` gives every copied row's original; sites keep their numbers by it.
 */
import { assert } from '../errors/index.ts';
import { BLOCK_KIND, Code, linkCode, OP, pushAux, pushRow, type ValType } from '../wasm/index.ts';
import { blockParamTypes, blockResultTypes } from '../wasm/index.ts';
import { MAX_SIGNATURE_VALUES } from './abi.ts';
import { NEVER_RETURNS, OPENERS } from './control-ops.ts';
import type { FunctionPlan } from './plan.ts';
import type { ContinuationTypes } from './program.ts';

/** A continuation's code, not yet typed. */
export interface ContinuationCode {
  readonly code: Code;
  readonly originRow: Int32Array;
  /** Loops whose header continuations it calls, by row of the original. */
  readonly loops: readonly number[];
}

interface Level {
  readonly opener: number;
  /** The clause that the point lies in: the opener itself, or an else, catch or catch_all. */
  readonly clause: number;
  /** Position of the label in the new code; of the `back` block for a loop. */
  position: number;
  targeted: boolean;
  /** A clause before the current one can be left at its end. */
  armReached: boolean;
}

const CLAUSES: ReadonlySet<number> = new Set([OP.else, OP.catch, OP.catch_all]);

export class ContinuationBuilder {
  readonly #plan: FunctionPlan;
  readonly #types: ContinuationTypes;
  readonly #source: Code;
  readonly #code: Code;
  readonly #origin: number[] = [];
  readonly #nest: Level[];
  readonly #inner: Level[] = [];
  #depth = 0;
  readonly #loops = new Set<number>();

  constructor(plan: FunctionPlan, types: ContinuationTypes, site: number) {
    this.#plan = plan;
    this.#types = types;
    this.#source = plan.code;
    this.#code = new Code(plan.code.bytes);
    this.#nest = nestOf(plan.code, plan.siteRow[site] ?? 0);
  }

  /** The continuation of a `call` or `loop` site. */
  build(site: number): ContinuationCode {
    const plan = this.#plan;
    const row = plan.siteRow[site] ?? 0;
    const stack = plan.siteStack(site);
    let height = 0;
    this.#nest.forEach((level) => {
      const base = plan.types.blockHeight[level.opener] ?? 0;
      for (; height < base; height++) this.#emit(OP['local.get'], -1, stack[height] ?? 0);
      this.#open(level);
    });
    for (; height < stack.length; height++) this.#emit(OP['local.get'], -1, stack[height] ?? 0);
    const isLoop = this.#source.op[row] === OP.loop;
    if (!isLoop) this.#emit(OP.call, row, this.#types.resume(plan.program.calleeType(this.#source, row)));
    const last = this.#source.length - 1;
    this.#copyRows(isLoop ? row : row + 1, last);
    this.#emit(OP.end, last);
    linkCode(this.#code);
    return { code: this.#code, originRow: Int32Array.from(this.#origin), loops: [...this.#loops] };
  }

  #emit(op: number, origin: number, a = 0, b = 0, blockKind = 0): void {
    pushRow(this.#code, op, -1, -1, a, b, blockKind);
    this.#origin.push(origin);
  }

  /** Opens a construct without parameters. */
  #emitOpener(op: number, origin: number, results: readonly ValType[], b = 0): void {
    const [first] = results;
    if (first === undefined) this.#emit(op, origin, 0, b, BLOCK_KIND.empty);
    else if (results.length === 1) this.#emit(op, origin, first, b, BLOCK_KIND.value);
    else this.#emit(op, origin, this.#types.type([], results), b, BLOCK_KIND.typeIndex);
  }

  #open(level: Level): void {
    const { opener, clause } = level;
    const source = this.#source;
    const results = blockResultTypes(this.#plan.program.context, source, opener);
    const op = source.op[opener] ?? 0;
    if (op === OP.loop) {
      this.#emitOpener(OP.block, -1, results);
      this.#emitOpener(OP.block, -1, blockParamTypes(this.#plan.program.context, source, opener));
      this.#depth += 2;
    } else {
      if (op === OP.try && clause === opener) this.#emitOpener(OP.try, opener, results);
      else if (op === OP.try && this.#plan.captures.has(opener)) this.#openHandler(level, results);
      else if (op === OP.try_table) this.#emitOpener(OP.try_table, opener, results, this.#relabelClauses(opener));
      else this.#emitOpener(OP.block, -1, results);
      this.#depth++;
    }
    level.position = this.#depth - 1;
  }

  /** Goes into a legacy handler with the exception that it had caught. */
  #openHandler(level: Level, results: readonly ValType[]): void {
    const { opener, clause } = level;
    const slots = this.#plan.caughtSlots(opener);
    this.#emitOpener(OP.try, opener, results);
    if (this.#source.op[clause] === OP.catch) {
      const tag = this.#source.a[clause] ?? 0;
      const payload = slots.values.get(tag) ?? [];
      for (const slot of payload) this.#emit(OP['local.get'], -1, slot);
      this.#emit(OP.throw, -1, tag);
      this.#emit(OP.catch, clause, tag);
      payload.forEach(() => this.#emit(OP.drop, -1));
      return;
    }
    for (const tag of this.#plan.program.catchableTags()) {
      this.#emit(OP['local.get'], -1, slots.tag);
      this.#emit(OP['i32.const'], -1, tag.index + 1);
      this.#emit(OP['i32.eq'], -1);
      this.#emit(OP.if, -1, 0, 0, BLOCK_KIND.empty);
      for (const slot of slots.values.get(tag.index) ?? []) this.#emit(OP['local.get'], -1, slot);
      this.#emit(OP.throw, -1, tag.index);
      this.#emit(OP.end, -1);
    }
    this.#emit(OP.unreachable, -1);
    this.#emit(OP.catch_all, clause);
  }

  /** Copies rows, closing what encloses the point on the way. */
  #copyRows(from: number, to: number): void {
    const { op, match } = this.#source;
    let reachable = true;
    for (let row = from; row < to; row++) {
      const code = op[row] ?? 0;
      if (OPENERS.has(code)) {
        if (!reachable) row = match[row] ?? row;
        else this.#copyOpener(row);
      } else if (CLAUSES.has(code)) [row, reachable] = this.#clause(row, reachable);
      else if (code === OP.end || code === OP.delegate) {
        reachable = this.#close(row, reachable);
        // The construct cannot be left here, which the typing of its `end` does not show.
        if (!reachable) this.#emit(OP.unreachable, -1);
      } else if (reachable) {
        this.#copyRow(row);
        if (NEVER_RETURNS.has(code)) reachable = false;
      }
    }
  }

  #copyOpener(row: number): void {
    const source = this.#source;
    if (source.op[row] === OP.try_table) {
      this.#emit(OP.try_table, row, source.a[row] ?? 0, this.#relabelClauses(row), source.blockKind[row] ?? 0);
    } else this.#copyBytes(row);
    this.#inner.push({ opener: row, clause: row, position: this.#depth++, targeted: false, armReached: false });
  }

  /** else, catch, catch_all: gives the row to go on after, and whether what follows can be reached. */
  #clause(row: number, reachable: boolean): [number, boolean] {
    const opener = this.#source.match[row] ?? -1;
    const inner = this.#inner[this.#inner.length - 1];
    if (inner !== undefined) {
      inner.armReached ||= reachable;
      this.#copyBytes(row);
      return [row, true];
    }
    const level = this.#nest[this.#nest.length - 1];
    assert(level?.opener === opener, 'a clause of a construct that is not open');
    const inBody = this.#source.op[opener] === OP.try && level.clause === opener;
    if (!inBody) return [(this.#source.match[opener] ?? row) - 1, reachable]; // the other arms are not entered any more
    level.armReached ||= reachable;
    this.#copyBytes(row);
    return [row, true];
  }

  #close(row: number, reachable: boolean): boolean {
    const source = this.#source;
    const inner = this.#inner.pop();
    if (inner !== undefined) {
      const { opener } = inner;
      if (source.op[row] === OP.delegate)
        this.#emit(OP.delegate, row, this.#relabel((source.a[row] ?? 0) + 1, inner) - 1);
      else this.#copyBytes(row);
      this.#depth--;
      const skippable = source.op[opener] === OP.if && source.op[source.next[opener] ?? 0] !== OP.else;
      return reachable || inner.armReached || skippable || (inner.targeted && source.op[opener] !== OP.loop);
    }
    const level = this.#nest[this.#nest.length - 1];
    assert(level !== undefined && level.opener === source.match[row], 'an end of a construct that is not open');
    if (source.op[level.opener] === OP.loop) return this.#closeLoop(level, reachable);
    if (source.op[row] === OP.delegate)
      this.#emit(OP.delegate, row, this.#relabel((source.a[row] ?? 0) + 1, undefined) - 1);
    else this.#emit(OP.end, row);
    this.#nest.pop();
    this.#depth--;
    return reachable || level.armReached || level.targeted;
  }

  /** Ends what is left of an enclosing loop: falls out, or goes back to the header. */
  #closeLoop(level: Level, reachable: boolean): boolean {
    const { opener } = level;
    this.#nest.pop();
    if (reachable) this.#emit(OP.br, -1, 1);
    this.#emit(OP.end, -1);
    this.#depth--;
    let leaves = reachable;
    if (!level.targeted) this.#emit(OP.unreachable, -1);
    else if (this.#staysInside(opener)) {
      // Inside the `exit` block, which takes the place of the loop among the labels around it.
      this.#copyRows(opener, (this.#source.match[opener] ?? opener) + 1);
      leaves = true;
    } else {
      this.#loops.add(opener);
      this.#emit(
        OP.return_call,
        opener,
        this.#types.tail(blockParamTypes(this.#plan.program.context, this.#source, opener), this.#plan.results),
      );
    }
    this.#emit(OP.end, -1);
    this.#depth--;
    return leaves;
  }

  /** Whether a back-edge must not leave the function: handlers are in force around the loop, or too many values are live. */
  #staysInside(opener: number): boolean {
    const { op } = this.#source;
    if (this.#plan.loopValues(opener).length > MAX_SIGNATURE_VALUES) return true;
    return this.#nest.some(
      (level) => op[level.opener] === OP.try_table || (op[level.opener] === OP.try && level.clause === level.opener),
    );
  }

  #copyBytes(row: number): void {
    const source = this.#source;
    pushRow(
      this.#code,
      source.op[row] ?? 0,
      source.at[row] ?? -1,
      source.end[row] ?? -1,
      source.a[row] ?? 0,
      source.b[row] ?? 0,
      source.blockKind[row] ?? 0,
    );
    this.#origin.push(row);
  }

  #copyRow(row: number): void {
    const source = this.#source;
    switch (source.op[row]) {
      case OP.br:
      case OP.br_if:
      case OP.br_on_null:
      case OP.br_on_non_null:
      case OP.rethrow:
        this.#copyBytes(row);
        this.#setLabel(this.#relabel(source.a[row] ?? 0, undefined), source.a[row] ?? 0);
        return;
      case OP.br_on_cast:
      case OP.br_on_cast_fail: {
        const at = source.b[row] ?? 0;
        const aux = pushAux(this.#code, source.aux.subarray(at, at + 3));
        this.#emit(source.op[row] ?? 0, row, this.#relabel(source.a[row] ?? 0, undefined), aux);
        return;
      }
      case OP.br_table: {
        const at = source.a[row] ?? 0;
        const count = source.aux[at] ?? 0;
        const table = [count];
        for (let entry = 1; entry <= count + 1; entry++)
          table.push(this.#relabel(source.aux[at + entry] ?? 0, undefined));
        this.#emit(OP.br_table, row, pushAux(this.#code, table));
        return;
      }
      case OP['select t']: {
        const at = source.a[row] ?? 0;
        const aux = pushAux(this.#code, source.aux.subarray(at, at + 1 + (source.aux[at] ?? 0)));
        this.#copyBytes(row);
        this.#code.a[this.#code.length - 1] = aux;
        return;
      }
      default:
        this.#copyBytes(row);
    }
  }

  /** Sets the label of the row that was copied last; one that has changed can't be written from its bytes. */
  #setLabel(label: number, before: number): void {
    const row = this.#code.length - 1;
    this.#code.a[row] = label;
    if (label !== before) this.#code.at[row] = this.#code.end[row] = -1;
  }

  /** The new depth of a label; `closing`: an inner construct that still counts although it has been taken off. */
  #relabel(depth: number, closing: Level | undefined): number {
    const open = closing === undefined ? this.#inner.length : this.#inner.length + 1;
    const position = this.#nest.length + open - 1 - depth;
    if (position < 0) return this.#depth;
    const level =
      position < this.#nest.length ? this.#nest[position] : (this.#inner[position - this.#nest.length] ?? closing);
    assert(level !== undefined, 'a label of no construct');
    level.targeted = true;
    return this.#depth - 1 - level.position;
  }

  /** Catch clauses with their labels as they are now, seen from outside the construct. */
  #relabelClauses(row: number): number {
    const source = this.#source;
    const at = source.b[row] ?? 0;
    const count = source.aux[at] ?? 0;
    const clauses = [count];
    const isLevel = this.#nest.findIndex((level) => level.opener === row);
    for (let clause = 0; clause < count; clause++) {
      const from = at + 1 + clause * 3;
      const depth = source.aux[from + 2] ?? 0;
      const label = isLevel >= 0 ? this.#relabelFrom(isLevel, depth) : this.#relabel(depth, undefined);
      clauses.push(source.aux[from] ?? 0, source.aux[from + 1] ?? 0, label);
    }
    return pushAux(this.#code, clauses);
  }

  /** A label as seen from just outside the level, while the levels inside it are not open yet. */
  #relabelFrom(levelIndex: number, depth: number): number {
    const level = this.#nest[levelIndex - 1 - depth];
    if (level === undefined) return this.#depth;
    level.targeted = true;
    return this.#depth - 1 - level.position;
  }
}

/** The constructs around a row, outermost first. */
function nestOf(code: Code, row: number): Level[] {
  const nest: Level[] = [];
  for (let at = 0; at < row; at++) {
    if (!OPENERS.has(code.op[at] ?? 0)) continue;
    const end = code.match[at] ?? at;
    if (end < row) {
      at = end;
      continue;
    }
    let clause = at;
    for (let next = code.next[at] ?? -1; next >= 0 && next < row; next = code.next[next] ?? -1) clause = next;
    nest.push({ opener: at, clause, position: -1, targeted: false, armReached: false });
  }
  return nest;
}
