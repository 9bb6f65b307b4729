/** Appending rows to a `Code`, and the links between the parts of its constructs. */
import { assert } from '../errors/index.ts';
import type { Code } from './code.ts';
import { OP, STRUCTURE, STRUCTURES } from './opcode-table.ts';
import { malformed } from './wasm-error.ts';

/** Makes room for one more row at least. */
export function growRows(code: Code): void {
  const capacity = code.op.length * 2 + 16;
  const grown = <T extends Int32Array | Uint16Array | Uint8Array>(from: T, to: T): T => {
    to.set(from);
    return to;
  };
  code.op = grown(code.op, new Uint16Array(capacity));
  code.at = grown(code.at, new Int32Array(capacity));
  code.end = grown(code.end, new Int32Array(capacity));
  code.a = grown(code.a, new Int32Array(capacity));
  code.b = grown(code.b, new Int32Array(capacity));
  code.blockKind = grown(code.blockKind, new Uint8Array(capacity));
  code.match = grown(code.match, new Int32Array(capacity));
  code.next = grown(code.next, new Int32Array(capacity));
}

/** Appends a row (`at` -1: synthetic) and returns its number; `linkCode` sets the links of synthetic code. */
export function pushRow(code: Code, op: number, at = -1, end = -1, a = 0, b = 0, blockKind = 0): number {
  const row = code.length;
  if (row === code.op.length) growRows(code);
  code.op[row] = op;
  code.at[row] = at;
  code.end[row] = end;
  code.a[row] = a;
  code.b[row] = b;
  code.blockKind[row] = blockKind;
  code.match[row] = -1;
  code.next[row] = -1;
  code.length = row + 1;
  return row;
}

/** Appends integers to `aux` and returns the offset of the first. */
export function pushAux(code: Code, values: ArrayLike<number>): number {
  const start = code.auxLength;
  const needed = start + values.length;
  if (needed > code.aux.length) {
    const grown = new Int32Array(Math.max(needed, code.aux.length * 2));
    grown.set(code.aux);
    code.aux = grown;
  }
  code.aux.set(values, start);
  code.auxLength = needed;
  return start;
}

/** Appends one integer to `aux`. */
export function pushAuxInt(code: Code, value: number): void {
  if (code.auxLength === code.aux.length) {
    const grown = new Int32Array(code.aux.length * 2 + 16);
    grown.set(code.aux);
    code.aux = grown;
  }
  code.aux[code.auxLength++] = value;
}

/** The open constructs while rows are linked: opener and latest clause of each. */
export class Nesting {
  depth = 0;
  openers: Int32Array = new Int32Array(64);
  clauses: Int32Array = new Int32Array(64);

  open(row: number): void {
    if (this.depth === this.openers.length) {
      const openers = new Int32Array(this.depth * 2);
      openers.set(this.openers);
      this.openers = openers;
      const clauses = new Int32Array(this.depth * 2);
      clauses.set(this.clauses);
      this.clauses = clauses;
    }
    this.openers[this.depth] = row;
    this.clauses[this.depth] = row;
    this.depth++;
  }
}

const OP_IF = OP.if;
const OP_TRY = OP.try;

/**
 * Links one structural row (see `match` and `next` in code.ts). Returns whether it closed the body.
 * @throws PluvioError `MODULE_MALFORMED` if the clause does not fit its construct
 */
export function linkRow(code: Code, row: number, nesting: Nesting): boolean {
  const structure = STRUCTURES[code.op[row] ?? 0] ?? 0;
  if (structure === STRUCTURE.opener) {
    nesting.open(row);
    return false;
  }
  if (nesting.depth === 0) {
    if (structure === STRUCTURE.end) return true;
    throw malformed(Math.max(0, code.at[row] ?? 0), 'a clause without its construct');
  }
  const level = nesting.depth - 1;
  const opener = nesting.openers[level] ?? 0;
  const clause = nesting.clauses[level] ?? 0;
  if (!clauseFits(code, structure, opener, clause)) {
    throw malformed(Math.max(0, code.at[row] ?? 0), 'a clause that does not fit its construct');
  }
  code.match[row] = opener;
  if (clause !== opener || hasClauses(code, opener)) code.next[clause] = row;
  if (structure === STRUCTURE.end || structure === STRUCTURE.delegate) {
    code.match[opener] = row;
    nesting.depth = level;
  } else nesting.clauses[level] = row;
  return false;
}

const hasClauses = (code: Code, opener: number): boolean => code.op[opener] === OP_IF || code.op[opener] === OP_TRY;

function clauseFits(code: Code, structure: number, opener: number, clause: number): boolean {
  switch (structure) {
    case STRUCTURE.end:
      return true;
    case STRUCTURE.else:
      return code.op[opener] === OP_IF && clause === opener;
    case STRUCTURE.delegate:
      return code.op[opener] === OP_TRY && clause === opener;
    default:
      return code.op[opener] === OP_TRY && STRUCTURES[code.op[clause] ?? 0] !== STRUCTURE.catchAll;
  }
}

/** Recomputes `match` and `next` of all rows. */
export function linkCode(code: Code): void {
  const nesting = new Nesting();
  code.match.fill(-1, 0, code.length);
  code.next.fill(-1, 0, code.length);
  for (let row = 0; row < code.length; row++) {
    if (STRUCTURES[code.op[row] ?? 0] === STRUCTURE.none) continue;
    const closed = linkRow(code, row, nesting);
    assert(!closed || row === code.length - 1, `code row ${row} closes the body before its last row`);
  }
  assert(nesting.depth === 0, 'a construct of the code has no end');
}
