/** What a module's memories hold before anything runs, and how a memory differs from it. */
import { PluvioError } from '../errors/index.ts';
import { type ByteRange, decodeExpr, type Module, OP } from '../wasm/index.ts';
import { MEMORY_BLOCK_BYTES, MEMORY_RUN_MAX_BYTES, type MemoryRun } from './snapshot.ts';

const BLOCK_WORDS = MEMORY_BLOCK_BYTES / 4;

/** The blocks of a memory that active data segments write, by block number. */
export type MemoryImage = ReadonlyMap<number, Uint8Array>;

/**
 * Builds the initial images of all memories.
 * @param globalValue Values of imported globals, which offsets may name.
 */
export function buildImages(module: Module, globalValue: (index: number) => number | bigint): MemoryImage[] {
  const images = module.memories.map(() => new Map<number, Uint8Array>());
  for (const segment of module.datas) {
    if (segment.mode !== 'active' || segment.offset === undefined) continue;
    const image = images[segment.memoryIndex];
    if (image === undefined) continue;
    const start = evaluateOffset(module, segment.offset, globalValue);
    const bytes = module.bytes.subarray(segment.content.start, segment.content.end);
    for (let from = 0; from < bytes.length;) {
      const at = start + from;
      const block = Math.floor(at / MEMORY_BLOCK_BYTES);
      const within = at % MEMORY_BLOCK_BYTES;
      const count = Math.min(bytes.length - from, MEMORY_BLOCK_BYTES - within);
      let content = image.get(block);
      if (content === undefined) image.set(block, (content = new Uint8Array(MEMORY_BLOCK_BYTES)));
      content.set(bytes.subarray(from, from + count), within);
      from += count;
    }
  }
  return images;
}

/** The offset of a segment, if it does not depend on what the instance imports. */
export function fixedOffset(module: Module, range: ByteRange): number | undefined {
  let isFixed = true;
  const offset = evaluateOffset(module, range, () => {
    isFixed = false;
    return 0;
  });
  return isFixed ? offset : undefined;
}

/** Evaluates an integer constant expression (with the extended ones) to an address. */
function evaluateOffset(module: Module, range: ByteRange, globalValue: (index: number) => number | bigint): number {
  const code = decodeExpr(module, range);
  const stack: bigint[] = [];
  const pop = (): bigint => stack.pop() ?? 0n;
  let is64 = false;
  const push = (value: bigint): void => {
    stack.push(is64 ? BigInt.asUintN(64, value) : BigInt.asUintN(32, value));
  };
  for (let row = 0; row < code.length; row++) {
    const op = code.op[row];
    is64 ||= op === OP['i64.const'];
    if (op === OP['i32.const']) push(BigInt(code.a[row] ?? 0));
    else if (op === OP['i64.const']) push(readConst64(module.bytes, (code.at[row] ?? 0) + 1));
    else if (op === OP['global.get']) {
      const value = globalOrInit(module, code.a[row] ?? 0, globalValue);
      is64 ||= typeof value === 'bigint';
      push(BigInt(value));
    } else if (op === OP['i32.add'] || op === OP['i64.add']) push(pop() + pop());
    else if (op === OP['i32.mul'] || op === OP['i64.mul']) push(pop() * pop());
    else if (op === OP['i32.sub'] || op === OP['i64.sub']) {
      const right = pop();
      push(pop() - right);
    }
  }
  return Number(pop());
}

function globalOrInit(module: Module, index: number, globalValue: (index: number) => number | bigint): number | bigint {
  const init = module.globals[index]?.init;
  return init === undefined ? globalValue(index) : evaluateOffset(module, init, globalValue);
}

function readConst64(bytes: Uint8Array, at: number): bigint {
  let value = 0n;
  let shift = 0n;
  for (let offset = at; ; offset++) {
    const byte = bytes[offset] ?? 0;
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte < 0x80) return (byte & 0x40) === 0 ? value : value - (1n << shift);
  }
}

/** The runs of a memory that differ from its image. Their bytes are views of the memory, or copies if `copies`. */
export function diffMemory(buffer: ArrayBufferLike, image: MemoryImage, copies: boolean): MemoryRun[] {
  const words = new Int32Array(buffer);
  const bytes = new Uint8Array(buffer);
  const blocks = bytes.length / MEMORY_BLOCK_BYTES;
  const runs: MemoryRun[] = [];
  let start = -1;
  const finish = (end: number): void => {
    if (start < 0) return;
    runs.push({ offset: start, bytes: copies ? bytes.slice(start, end) : bytes.subarray(start, end) });
    start = -1;
  };
  for (let block = 0; block < blocks; block++) {
    const offset = block * MEMORY_BLOCK_BYTES;
    if (offset % MEMORY_RUN_MAX_BYTES === 0) finish(offset);
    const base = image.get(block);
    const same = base === undefined ? isZero(words, block * BLOCK_WORDS) : isEqual(words, block * BLOCK_WORDS, base);
    if (same) finish(offset);
    else if (start < 0) start = offset;
  }
  finish(bytes.length);
  return runs;
}

function isZero(words: Int32Array, from: number): boolean {
  for (let at = from; at < from + BLOCK_WORDS; at += 4) {
    if (((words[at] ?? 0) | (words[at + 1] ?? 0) | (words[at + 2] ?? 0) | (words[at + 3] ?? 0)) !== 0) return false;
  }
  return true;
}

function isEqual(words: Int32Array, from: number, block: Uint8Array): boolean {
  const base = new Int32Array(block.buffer, block.byteOffset, BLOCK_WORDS);
  for (let at = 0; at < BLOCK_WORDS; at++) if (words[from + at] !== base[at]) return false;
  return true;
}

/**
 * Writes runs into a memory, all or none.
 * @throws PluvioError `SNAPSHOT_MISMATCH` a run lies outside the memory
 */
export function applyRuns(buffer: ArrayBufferLike, runs: readonly MemoryRun[], field: string): void {
  const bytes = new Uint8Array(buffer);
  runs.forEach((run, index) => {
    if (run.offset + run.bytes.length <= bytes.length) return;
    throw new PluvioError(
      'SNAPSHOT_MISMATCH',
      `${field}.runs[${index}] ends at byte ${run.offset + run.bytes.length}; the memory has ${bytes.length}`,
    );
  });
  for (const run of runs) bytes.set(run.bytes, run.offset);
}
