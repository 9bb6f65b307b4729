/**
 * Which locals are live at every site of a function: backward dataflow over structured control.
 *
 * Boundary: reads a Code; writes one set of locals per site.
 *
 * Invariants:
 * 1. A local is live at a site if some way from there reads it before writing it. After a call the way into a handler counts,
 *    too: the call may throw.
 * 2. Passes repeat until the sets at loop headers are stable, so the result is the least solution. Loops in which others nest
 *    at most REPEATED_HEIGHT_MAX deep are repeated by themselves, others with the whole function: so deep nesting costs no more.
 * 3. In unreachable code the sets are arbitrary; no site lies there.
 */
import { type Code, OP } from '../wasm/index.ts';
import { BitTable } from './bits.ts';
import { FLOW, FLOWS } from './control-ops.ts';

const LIVE = 0;
const CATCH = 1; // live at a handler that a throw here may reach
const FIRST = 2;
/** Sets per construct: at its label; at its second way in (else arm, handlers), or behind it, if it is a loop; CATCH around it. */
const LABEL = 0;
const SECOND = 1;
const OUTER_CATCH = 2;
const SETS_PER_OPENER = 3;

const REPEATED_HEIGHT_MAX = 2;

export class Liveness {
  readonly #sets = new BitTable();
  #openerSet = new Int32Array(256);
  readonly #stack: number[] = [];
  #changed = false;
  /** Some code of the function has handlers. */
  #catches = false;
  /** Of the loops around the current row, innermost last: how deep loops nest in them. */
  readonly #heights: number[] = [];

  /**
   * @param siteOfRow number of the site at a row, or -1
   * @param siteLive receives a set per site
   */
  run(code: Code, localCount: number, siteOfRow: Int32Array, siteLive: BitTable): void {
    if (this.#openerSet.length < code.length) this.#openerSet = new Int32Array(code.length * 2);
    const { op, length } = code;
    const flows = FLOWS;
    const openerSet = this.#openerSet;
    let next = FIRST;
    this.#catches = false;
    for (let row = 0; row < length; row++) {
      const flow = flows[op[row] ?? 0] ?? 0;
      if (flow < FLOW.block || flow > FLOW.tryTable) continue;
      if (flow <= FLOW.if || flow >= FLOW.try) {
        openerSet[row] = next;
        next += SETS_PER_OPENER;
        this.#catches ||= flow >= FLOW.try;
      }
    }
    this.#sets.reset(localCount, next);
    do {
      this.#changed = false;
      this.#heights.length = 0;
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

  /** From the last row to the first. What a loop needs at its header is found by going round in it at once, unless loops nest deeply in it. */
  #pass(code: Code, siteOfRow: Int32Array, siteLive: BitTable): void {
    const sets = this.#sets;
    const { data } = sets; // LIVE is the first set: its words have the numbers of the words
    const stack = this.#stack;
    const flows = FLOWS;
    const { op, a, aux } = code;
    stack.length = 0;
    sets.clear(LIVE);
    sets.clear(CATCH);
    for (let row = code.length - 1; row >= 0; row--) {
      switch (flows[op[row] ?? 0]) {
        case 0 /* plain */:
          break;
        case 17 /* local.get */: {
          const local = a[row] ?? 0;
          data[local >>> 5] = (data[local >>> 5] ?? 0) | (1 << (local & 31));
          break;
        }
        case 18 /* local.set, local.tee */: {
          const local = a[row] ?? 0;
          data[local >>> 5] = (data[local >>> 5] ?? 0) & ~(1 << (local & 31));
          break;
        }
        case 2 /* calls */:
          if (this.#catches) sets.merge(LIVE, CATCH);
          this.#recordSite(row, siteOfRow, siteLive);
          break;
        case 12 /* throws */:
          sets.copy(LIVE, CATCH);
          break;
        case 7 /* br */:
          this.#assignLabel(a[row] ?? 0);
          break;
        case 8 /* br_if and the like */:
          this.#mergeLabel(a[row] ?? 0);
          break;
        case 9 /* br_table */: {
          const at = a[row] ?? 0;
          const count = (aux[at] ?? 0) + 1;
          sets.clear(LIVE);
          for (let entry = 1; entry <= count; entry++) this.#mergeLabel(aux[at + entry] ?? 0);
          break;
        }
        case 10 /* return, unreachable */:
        case 11 /* tail calls */:
          sets.clear(LIVE);
          break;
        case 3 /* block */:
          stack.pop();
          break;
        case 4 /* loop */:
          row = this.#header(code, row, siteOfRow, siteLive);
          break;
        case 1 /* end */:
        case 16 /* delegate */:
          this.#enter(code, row);
          break;
        default:
          this.#clause(code, row);
      }
    }
  }

  /** At a loop's header: gives the row from which to go on. */
  #header(code: Code, row: number, siteOfRow: Int32Array, siteLive: BitTable): number {
    const sets = this.#sets;
    const heights = this.#heights;
    const height = heights[heights.length - 1] ?? 0;
    this.#recordSite(row, siteOfRow, siteLive);
    if (sets.merge(this.#set(row, LABEL), LIVE)) {
      const end = code.match[row] ?? row;
      if (height <= REPEATED_HEIGHT_MAX) {
        sets.copy(LIVE, this.#set(row, SECOND));
        return end;
      }
      this.#changed = true;
    }
    heights.pop();
    const outer = heights.length - 1;
    if (outer >= 0) heights[outer] = Math.max(heights[outer] ?? 0, height + 1);
    this.#stack.pop();
    return row;
  }

  #recordSite(row: number, siteOfRow: Int32Array, siteLive: BitTable): void {
    const site = siteOfRow[row] ?? -1;
    if (site < 0) return;
    const { words, data } = this.#sets;
    const to = site * siteLive.words;
    for (let word = 0; word < words; word++) siteLive.data[to + word] = data[LIVE * words + word] ?? 0;
  }

  /** At the end of a construct, its last row. */
  #enter(code: Code, row: number): void {
    const opener = code.match[row] ?? -1;
    if (opener < 0) return; // the body's own end: nothing is live
    const op = code.op[opener];
    if (op === OP.try_table) this.#enterTryTable(code, opener); // clauses name labels outside it
    this.#stack.push(opener);
    if (op === OP.loop) {
      this.#heights.push(0);
      this.#sets.copy(this.#set(opener, SECOND), LIVE);
    } else this.#sets.copy(this.#set(opener, LABEL), LIVE);
  }

  /** At a construct's other rows. */
  #clause(code: Code, row: number): void {
    const sets = this.#sets;
    const opener = code.match[row] ?? -1;
    switch (code.op[row]) {
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
      default: // try_table
        sets.copy(CATCH, this.#set(row, OUTER_CATCH));
    }
    this.#stack.pop();
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
