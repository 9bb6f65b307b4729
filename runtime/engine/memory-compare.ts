/**
 * Compares two memories at the speed at which they can be read: by a small generated module that imports both.
 *
 * Boundary: bytes only; knows nothing of modules, images or snapshots.
 *
 *     differing(first, end, list): for each block of MEMORY_BLOCK_BYTES from `first` up to `end` whose bytes differ, its number goes
 *     to the memory `list` at the address `list`, four bytes each; gives how many there are
 */
import { Assembler } from '../instrument/index.ts';
import { encodeModule, I32, type Import } from '../wasm/index.ts';
import { MEMORY_BLOCK_BYTES } from './snapshot.ts';

/** Memory indices of the generated module. */
const GUEST = 0;
const COPY = 1;
const LIST = 2;
const MEMORIES = ['guest', 'copy', 'list'];
/** Bytes that one turn of the inner loop compares. */
const STEP_BYTES = 64;
const VECTOR_BYTES = 16;
const BLOCK_SHIFT = Math.log2(MEMORY_BLOCK_BYTES);

export type Differing = (first: number, end: number, list: number) => number;

/** Compiled once, for guests' memories with 32-bit and with 64-bit addresses. */
const compiled: { [Address in 'i32' | 'i64']?: WebAssembly.Module } = {};

/**
 * A function that compares two memories.
 * @param is64 Whether the guest's memory has 64-bit addresses; the others have 32-bit ones.
 */
export function memoryComparison(
  guest: WebAssembly.Memory,
  copy: WebAssembly.Memory,
  list: WebAssembly.Memory,
  is64: boolean,
): Differing {
  const module = (compiled[is64 ? 'i64' : 'i32'] ??= new WebAssembly.Module(comparisonModule(is64) as BufferSource));
  const { exports } = new WebAssembly.Instance(module, { m: { guest, copy, list } });
  return exports['differing'] as Differing; // the module's only export
}

function comparisonModule(is64: boolean): Uint8Array {
  const composite = { kind: 'func', params: [I32, I32, I32], results: [I32] } as const;
  return encodeModule({
    types: [{ composite, final: true, supers: [], recGroup: 0, canonical: 0 }],
    imports: MEMORIES.map((name, index): Import => {
      const limits = { min: 0n, max: undefined, shared: false, is64: is64 && index === GUEST };
      return { module: 'm', name, desc: { kind: 'memory', type: { limits } } };
    }),
    funcs: [{ typeIndex: 0, body: differingBody(is64) }],
    tables: [],
    memories: [],
    globals: [],
    tags: [],
    exports: [{ name: 'differing', kind: 'func', index: 0 }],
    elements: [],
    datas: [],
    customs: [],
  });
}

/**
 *     start = list
 *     block: loop: br_if out of both (first >= end)
 *       at = first << BLOCK_SHIFT; stop = at + MEMORY_BLOCK_BYTES
 *       block: loop: if 64 bytes at `at` differ { list[next] = first; next += 4; br out of both }
 *         at += 64; br_if loop (at != stop)
 *       first += 1; br loop
 *     return (next - start) >> 2
 */
function differingBody(is64: boolean): Uint8Array {
  const [first, end, next, start, at, stop] = [0, 1, 2, 3, 4, 5] as const;
  const code = new Assembler();
  code.op('local.get', next).op('local.set', start);
  code.open('block').open('loop');
  code.op('local.get', first).op('local.get', end).op('i32.ge_u').op('br_if', 1);
  code.op('local.get', first).const32(BLOCK_SHIFT).op('i32.shl').op('local.tee', at);
  code.const32(MEMORY_BLOCK_BYTES).op('i32.add').op('local.set', stop);
  code.open('block').open('loop');
  for (let offset = 0; offset < STEP_BYTES; offset += VECTOR_BYTES) {
    code.op('local.get', at);
    if (is64) code.op('i64.extend_i32_u');
    code.access('v128.load', GUEST, offset);
    code.op('local.get', at).access('v128.load', COPY, offset).op('v128.xor');
    if (offset > 0) code.op('v128.or');
  }
  code.op('v128.any_true').open('if');
  code.op('local.get', next).op('local.get', first).access('i32.store', LIST, 0);
  code.op('local.get', next).const32(4).op('i32.add').op('local.set', next);
  code.op('br', 2).op('end');
  code.op('local.get', at).const32(STEP_BYTES).op('i32.add').op('local.tee', at);
  code.op('local.get', stop).op('i32.ne').op('br_if', 0).op('end').op('end');
  code.op('local.get', first).const32(1).op('i32.add').op('local.set', first);
  code.op('br', 0).op('end').op('end');
  code.op('local.get', next).op('local.get', start).op('i32.sub').const32(2).op('i32.shr_u');
  return code.body([I32, I32, I32]);
}
