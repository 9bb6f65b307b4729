/**
 * A function body as a struct of arrays: one row per instruction, no object per instruction.
 *
 * Boundary: filled by `decodeCode`, typed by `typeFunction`, read by the instrumenter, written by `encodeCode`. Also the
 * form in which the instrumenter builds code that exists in no module (continuations).
 *
 * Invariants:
 * 1. Rows are in binary order; the last row is the body's own `end`.
 * 2. `op[i]` is a row number of the opcode table (`OPCODES[op[i]]`), not a binary opcode.
 * 3. `at[i]` and `end[i]` are the instruction's absolute byte range in `bytes`: the untouched original, which may be copied as it
 *    is. Synthetic rows have `at[i] === -1` and are written from their immediates.
 * 4. `a[i]` and `b[i]` hold the immediates in the order of the table: an index, a label depth, a block type, an i32 constant, a
 *    lane; what does not fit into one integer (`br_table` targets, `try_table` clauses, `select` types) is in `aux`, its offset
 *    in the integer. For memory accesses `a` is the memory index; the offset stays in the bytes. For f32, f64, i64 and v128
 *    constants and shuffles the value stays in the bytes.
 *    - br_table: a = aux offset of [count, label_0 … label_(count-1), default].
 *    - try_table: a = block type, b = aux offset of [count, then per clause: kind (0 catch, 1 catch_ref, 2 catch_all, 3
 *      catch_all_ref), tag index or -1, label].
 *    - select with types: a = aux offset of [count, types…].
 *    - br_on_cast, br_on_cast_fail: a = label, b = aux offset of [flags, heap type from, heap type to].
 *    - two index immediates (call_indirect: type, table; memory.init: data, memory; memory.copy: destination, source;
 *      table.init: elem, table; table.copy: destination, source; struct.get: type, field; array.copy and the like): a and b in
 *      the order of the binary format.
 *    - a lane access (v128.load8_lane …): a = memory index, b = lane.
 * 5. A block type is BLOCK_EMPTY, a ValType (a negative heap type makes these negative, a number type is 0x7b … 0x7f), or a
 *    type index, told apart by `blockKind[i]` (see BLOCK_KIND).
 * 6. `match[i]`: for block, loop, if, try, try_table the row of its `end` (for `try … delegate` the row of the `delegate`);
 *    for else, catch, catch_all, delegate and end the row of the opener; the body's own `end` has -1. `next[i]`: for `if`,
 *    `else`, `try`, `catch`, `catch_all` the row of the next clause (else, catch, catch_all, delegate or end) of the same
 *    construct; otherwise -1.
 */

/** Immediate of the empty block type: no parameters, no results. */
export const BLOCK_EMPTY = -0x40;

/** What `a` of a block, loop, if, try or try_table is; `none` for all other rows. */
export const BLOCK_KIND = { none: 0, empty: 1, value: 2, typeIndex: 3 } as const;

export class Code {
  /** The module's bytes that `at` and `end` refer to. */
  readonly bytes: Uint8Array;
  length = 0;
  op: Uint16Array;
  at: Int32Array;
  end: Int32Array;
  a: Int32Array;
  b: Int32Array;
  blockKind: Uint8Array;
  match: Int32Array;
  next: Int32Array;
  aux: Int32Array;
  auxLength = 0;

  constructor(bytes: Uint8Array, capacity = 64) {
    this.bytes = bytes;
    this.op = new Uint16Array(capacity);
    this.at = new Int32Array(capacity);
    this.end = new Int32Array(capacity);
    this.a = new Int32Array(capacity);
    this.b = new Int32Array(capacity);
    this.blockKind = new Uint8Array(capacity);
    this.match = new Int32Array(capacity);
    this.next = new Int32Array(capacity);
    this.aux = new Int32Array(16);
  }
}
