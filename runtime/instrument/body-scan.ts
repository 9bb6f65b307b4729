/**
 * What the call graph needs to know of a body, read without decoding it: almost every body of a module is read twice, and this is less
 * than half of what decoding takes.
 *
 * Boundary: one body in, a few numbers and the rows of interest out. Checks nothing that it does not need: the body is decoded and
 * validated when it is rewritten. Where it meets anything but the commonest instructions it gives up, and the body is decoded.
 */
import { OPCODES, rowOfCode } from '../wasm/index.ts';
import { INSTRUCTION_FUEL } from './fuel-costs.ts';

/** How the scan goes on after an opcode. */
const STEP = {
  plain: 0,
  leb: 1,
  bytes4: 2,
  bytes8: 3,
  memarg: 4,
  block: 5,
  loop: 6,
  end: 7,
  noted: 8,
  brTable: 9,
  prefix: 10,
  giveUp: 11,
} as const;

const STEP_OF_IMMEDIATES: Readonly<Record<string, number>> = {
  '': STEP.plain,
  i32: STEP.leb,
  i64: STEP.leb,
  labelidx: STEP.leb,
  localidx: STEP.leb,
  globalidx: STEP.leb,
  tableidx: STEP.leb,
  memidx: STEP.leb,
  f32: STEP.bytes4,
  f64: STEP.bytes8,
  memarg: STEP.memarg,
  br_table: STEP.brTable,
};

const STEP_OF_NAME: Readonly<Record<string, number>> = {
  block: STEP.block,
  if: STEP.block,
  loop: STEP.loop,
  end: STEP.end,
  call: STEP.noted,
  return_call: STEP.noted,
  'ref.func': STEP.noted,
  call_indirect: STEP.noted,
  return_call_indirect: STEP.noted,
};

/** Instructions that say more about a module than their cost. */
const GIVES_UP =
  /^(try|throw|catch|rethrow|delegate|table|memory\.(init|copy|fill)|ref\.null|select t|call_ref|return_call_ref)/;

/** By the opcode's byte. */
const STEPS = new Uint8Array(256).fill(STEP.giveUp);
const ROWS = new Uint16Array(256);
const COSTS = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const op = rowOfCode(0, byte);
  const row = OPCODES[op];
  if (row === undefined) continue;
  ROWS[byte] = op;
  COSTS[byte] = INSTRUCTION_FUEL[op] ?? 1;
  const step = STEP_OF_NAME[row.name] ?? STEP_OF_IMMEDIATES[row.immediates.join(' ')];
  if (step !== undefined && !GIVES_UP.test(row.name)) STEPS[byte] = step;
}

/** Prefix of the saturating conversions and of the bulk instructions; all that the scan knows cost the same. */
const PREFIX = 0xfc;
const LAST_SATURATING = 7;
const MEMORY_COPY = 10;
const MEMORY_FILL = 11;
STEPS[PREFIX] = STEP.prefix;
COSTS[PREFIX] = INSTRUCTION_FUEL[rowOfCode(PREFIX, MEMORY_COPY)] ?? 1;

const CALL_INDIRECT = 0x11;
const RETURN_CALL_INDIRECT = 0x13;
const VOID = 0x40;
const NUMBERS_FROM = 0x7b;
const NUMBERS_TO = 0x7f;

export class BodyScan {
  rows = 0;
  /** Fuel of the instructions outside of loops. */
  cost = 0;
  locals = 0;
  /** Pairs: opcode row of an instruction that names a function or a type, or of a loop; the index, or 0. */
  noted: Int32Array = new Int32Array(256);
  notedCount = 0;

  /** Whether the body could be read. */
  scan(bytes: Uint8Array, start: number, end: number): boolean {
    this.notedCount = 0;
    const code = this.#skipLocals(bytes, start, end);
    // Immediates are not held against the end one by one: what passes it is found out at the end of the body.
    return code >= 0 && this.#scanCode(bytes, code, end);
  }

  /** The offset of the code, or -1. */
  #skipLocals(bytes: Uint8Array, start: number, end: number): number {
    let pos = start;
    let runs = bytes[pos++] ?? 0x80;
    if (runs >= 0x80) return -1;
    this.locals = 0;
    for (; runs > 0; runs--) {
      let count = bytes[pos++] ?? 0;
      if (count >= 0x80) {
        const high = bytes[pos++] ?? 0x80;
        if (high >= 0x80) return -1;
        count = (count & 0x7f) | (high << 7);
      }
      const type = bytes[pos++] ?? 0;
      if (type < NUMBERS_FROM || type > NUMBERS_TO) return -1;
      this.locals += count;
    }
    return pos < end ? pos : -1;
  }

  #scanCode(bytes: Uint8Array, from: number, end: number): boolean {
    const [steps, costs] = TABLES; // engines read what a module declares anew each time
    let pos = from;
    let rows = 0;
    let cost = 0;
    let depth = 0;
    let loopDepth = -1; // of the outermost loop around
    while (pos < end) {
      const byte = bytes[pos++] ?? 0;
      rows++;
      if (loopDepth < 0) cost += costs[byte] ?? 0;
      switch (steps[byte]) {
        case 0 /* plain */:
          break;
        case 1 /* leb */:
          while ((bytes[pos++] ?? 0) >= 0x80);
          break;
        case 2 /* bytes4 */:
          pos += 4;
          break;
        case 3 /* bytes8 */:
          pos += 8;
          break;
        case 4 /* memarg */:
          if ((bytes[pos++] ?? 0) >= 0x40) return false; // names a memory
          while ((bytes[pos++] ?? 0) >= 0x80);
          break;
        case 5 /* block */:
        case 6 /* loop */: {
          if (steps[byte] === STEP.loop) {
            this.#note(ROWS[byte] ?? 0, 0);
            if (loopDepth < 0) loopDepth = depth;
          }
          const type = bytes[pos++] ?? 0;
          if (type > VOID && (type < NUMBERS_FROM || type > NUMBERS_TO)) return false;
          depth++;
          break;
        }
        case 7 /* end */:
          depth--;
          if (depth < 0) {
            this.rows = rows;
            this.cost = cost;
            return pos === end;
          }
          if (depth === loopDepth) loopDepth = -1;
          break;
        case 8 /* noted */: {
          const index = pos;
          while ((bytes[pos++] ?? 0) >= 0x80);
          if (!this.#noteIndex(byte, bytes, index, pos)) return false;
          if (byte === CALL_INDIRECT || byte === RETURN_CALL_INDIRECT) while ((bytes[pos++] ?? 0) >= 0x80);
          break;
        }
        case 9 /* br_table */:
          pos = this.#skipTargets(bytes, pos, end);
          break;
        case 10 /* prefix */: {
          const code = bytes[pos++] ?? 0;
          if (code <= LAST_SATURATING) break;
          if (code !== MEMORY_COPY && code !== MEMORY_FILL) return false;
          this.#note(rowOfCode(byte, code), 0);
          while ((bytes[pos++] ?? 0) >= 0x80);
          if (code === MEMORY_COPY) while ((bytes[pos++] ?? 0) >= 0x80);
          break;
        }
        default:
          return false;
      }
    }
    return false;
  }

  /** Notes an index of at most three bytes. */
  #noteIndex(opcode: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (to - from > 3) return false;
    let index = 0;
    for (let pos = from, shift = 0; pos < to; pos++, shift += 7) index |= ((bytes[pos] ?? 0) & 0x7f) << shift;
    this.#note(ROWS[opcode] ?? 0, index);
    return true;
  }

  #note(op: number, index: number): void {
    if (this.notedCount * 2 === this.noted.length) {
      const grown = new Int32Array(this.noted.length * 2);
      grown.set(this.noted);
      this.noted = grown;
    }
    this.noted[this.notedCount * 2] = op;
    this.noted[this.notedCount * 2 + 1] = index;
    this.notedCount++;
  }

  /** The offset behind the labels of a br_table. */
  #skipTargets(bytes: Uint8Array, from: number, end: number): number {
    let pos = from;
    let count = 0;
    for (let shift = 0; pos < from + 3; shift += 7) {
      const byte = bytes[pos++] ?? 0;
      count |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    for (; count >= 0 && pos < end; count--) while ((bytes[pos++] ?? 0) >= 0x80);
    return pos;
  }
}

const TABLES = [STEPS, COSTS] as const;
