/**
 * Which locals are live at every site of a function: backward dataflow over structured control.
 *
 * Boundary: reads a Code; writes one set of locals per site.
 *
 * Invariants:
 * 1. A local is live at a site if some way from there reads it before writing it. After a call the way into a handler counts,
 *    too: the call may throw.
 * 2. Passes repeat until the sets at loop headers are stable, so the result is the least solution.
 * 3. In unreachable code the sets are arbitrary; no site lies there.
 */
import { type Code, OP } from '../wasm/index.ts';
import { BitTable } from './bits.ts';
import { CONTROL, OPENERS } from './control-ops.ts';

const LIVE = 0;
const CATCH = 1; // live at a handler that a throw here may reach
const FIRST = 2;
/** Sets per construct: at its label; at its second way in (else arm, handlers); CATCH around it. */
const LABEL = 0;
const SECOND = 1;
const OUTER_CATCH = 2;
const SETS_PER_OPENER = 3;

const LOCAL_GET = OP['local.get'];
const LOCAL_SET = OP['local.set'];
const LOCAL_TEE = OP['local.tee'];

export class Liveness {
  readonly #sets = new BitTable();
  #openerSet = new Int32Array(256);
  readonly #stack: number[] = [];
  #changed = false;

  /**
   * @param siteOfRow number of the site at a row, or -1
   * @param siteLive receives a set per site
   */
  run(code: Code, localCount: number, siteOfRow: Int32Array, siteLive: BitTable): void {
    if (this.#openerSet.length < code.length) this.#openerSet = new Int32Array(code.length * 2);
    let openers = 0;
    for (let row = 0; row < code.length; row++) {
      const op = code.op[row] ?? 0;
      if (CONTROL[op] === 1 && OPENERS.has(op)) this.#openerSet[row] = FIRST + SETS_PER_OPENER * openers++;
    }
    this.#sets.reset(localCount, FIRST + SETS_PER_OPENER * openers);
    do {
      this.#changed = false;
      this.#pass(code, siteOfRow, siteLive);
    } while (this.#changed);
  }

  #set(opener: number, which: number): number {
    return (this.#openerSet[opener] ?? 0) + which;
  }

  /** The set at a branch target, or -1 for the function's own label. */
  #label(depth: number): number {
    const opener = this.#stack[this.#stack.length - 1 - depth];
    return opener === undefined ? -1 : this.#set(opener, LABEL);
  }

  #assignLabel(depth: number): void {
    const label = this.#label(depth);
    if (label < 0) this.#sets.clear(LIVE);
    else this.#sets.copy(LIVE, label);
  }

  #mergeLabel(depth: number): void {
    const label = this.#label(depth);
    if (label >= 0) this.#sets.merge(LIVE, label);
  }

  #pass(code: Code, siteOfRow: Int32Array, siteLive: BitTable): void {
    const sets = this.#sets;
    const stack = this.#stack;
    const { op, a, aux } = code;
    stack.length = 0;
    sets.clear(LIVE);
    sets.clear(CATCH);
    for (let row = code.length - 1; row >= 0; row--) {
      const code_ = op[row] ?? 0;
      if (CONTROL[code_] === 0) {
        if (code_ === LOCAL_GET) sets.add(LIVE, a[row] ?? 0);
        else if (code_ === LOCAL_SET || code_ === LOCAL_TEE) sets.remove(LIVE, a[row] ?? 0);
        continue;
      }
      switch (code_) {
        case OP.call:
        case OP.call_indirect:
        case OP.call_ref:
          sets.merge(LIVE, CATCH);
          this.#recordSite(row, siteOfRow, siteLive);
          break;
        case OP.throw:
        case OP.throw_ref:
        case OP.rethrow:
          sets.copy(LIVE, CATCH);
          break;
        case OP.br:
          this.#assignLabel(a[row] ?? 0);
          break;
        case OP.br_if:
        case OP.br_on_null:
        case OP.br_on_non_null:
        case OP.br_on_cast:
        case OP.br_on_cast_fail:
          this.#mergeLabel(a[row] ?? 0);
          break;
        case OP.br_table: {
          const at = a[row] ?? 0;
          const count = (aux[at] ?? 0) + 1;
          sets.clear(LIVE);
          for (let entry = 1; entry <= count; entry++) this.#mergeLabel(aux[at + entry] ?? 0);
          break;
        }
        case OP.return:
        case OP.unreachable:
        case OP.return_call:
        case OP.return_call_indirect:
        case OP.return_call_ref:
          sets.clear(LIVE);
          break;
        case OP.end:
        case OP.delegate:
        case OP.else:
        case OP.catch:
        case OP.catch_all:
        case OP.block:
        case OP.loop:
        case OP.if:
        case OP.try:
        case OP.try_table:
          this.#control(code, row, code_, siteOfRow, siteLive);
          break;
        default:
      }
    }
  }

  #recordSite(row: number, siteOfRow: Int32Array, siteLive: BitTable): void {
    const site = siteOfRow[row] ?? -1;
    if (site < 0) return;
    const { words, data } = this.#sets;
    const to = site * siteLive.words;
    for (let word = 0; word < words; word++) siteLive.data[to + word] = data[LIVE * words + word] ?? 0;
  }

  #control(code: Code, row: number, op: number, siteOfRow: Int32Array, siteLive: BitTable): void {
    const sets = this.#sets;
    const stack = this.#stack;
    const opener = code.match[row] ?? -1;
    switch (op) {
      case OP.end:
      case OP.delegate:
        if (opener < 0) return; // the body's own end: nothing is live
        if (code.op[opener] === OP.try_table) this.#enterTryTable(code, opener); // clauses name labels outside it
        stack.push(opener);
        if (code.op[opener] !== OP.loop) sets.copy(this.#set(opener, LABEL), LIVE);
        return;
      case OP.else:
        sets.copy(this.#set(opener, SECOND), LIVE);
        sets.copy(LIVE, this.#set(opener, LABEL));
        return;
      case OP.catch:
      case OP.catch_all:
        sets.merge(this.#set(opener, SECOND), LIVE);
        sets.copy(LIVE, this.#set(opener, LABEL));
        if (code.next[opener] === row) {
          sets.copy(this.#set(opener, OUTER_CATCH), CATCH);
          sets.merge(CATCH, this.#set(opener, SECOND));
        }
        return;
      case OP.loop:
        this.#recordSite(row, siteOfRow, siteLive);
        if (sets.merge(this.#set(row, LABEL), LIVE)) this.#changed = true;
        break;
      case OP.if: {
        const hasElse = code.op[code.next[row] ?? 0] === OP.else;
        sets.merge(LIVE, this.#set(row, hasElse ? SECOND : LABEL));
        break;
      }
      case OP.try: {
        const clause = code.op[code.next[row] ?? 0];
        if (clause === OP.catch || clause === OP.catch_all) sets.copy(CATCH, this.#set(row, OUTER_CATCH));
        break;
      }
      case OP.try_table:
        sets.copy(CATCH, this.#set(row, OUTER_CATCH));
        break;
      default:
    }
    stack.pop();
  }

  #enterTryTable(code: Code, opener: number): void {
    const sets = this.#sets;
    sets.copy(this.#set(opener, OUTER_CATCH), CATCH);
    const at = code.b[opener] ?? 0;
    const count = code.aux[at] ?? 0;
    for (let clause = 0; clause < count; clause++) {
      const label = this.#label(code.aux[at + 3 + clause * 3] ?? 0);
      if (label >= 0) sets.merge(CATCH, label);
    }
  }
}
