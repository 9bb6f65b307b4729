/**
 * Bodies of the generated functions that rewritten ones share: polling, limits, saving, segments.
 *
 * Boundary: bytes only; the module that they go into is behind `HelperHost`.
 */
import {
  F32,
  F64,
  I32,
  I64,
  isRef,
  OP,
  type ValType,
  V128,
  ByteWriter,
  writeLocals,
  writeOpcode,
} from '../wasm/index.ts';
import { type ENGINE_FUNCS, RECORD, type RefKind, SAVE, TURN, UNWIND, type UnwindMode } from './abi.ts';
import { refKind, savedBytes } from './record.ts';

/** What a helper's body names in its module. */
export interface HelperHost {
  readonly mode: UnwindMode;
  readonly fuelGlobal: number;
  readonly saveMemory: number;
  readonly stopTag: number;
  engineFunc(name: (typeof ENGINE_FUNCS)[number]): number;
  refTable(kind: RefKind): number;
}

/** A function to be added. */
export interface HelperBody {
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
  readonly bytes: Uint8Array;
}

/** Writes instructions by name; for code that is not hot. */
export class Assembler {
  readonly out = new ByteWriter(128);

  op(name: keyof typeof OP, ...indices: number[]): this {
    writeOpcode(this.out, OP[name]);
    for (const index of indices) this.out.u32(index);
    return this;
  }

  const32(value: number): this {
    this.out.byte(0x41);
    this.out.s32(value);
    return this;
  }

  /** Opens a construct without parameters and results. */
  open(name: 'if' | 'block' | 'loop'): this {
    writeOpcode(this.out, OP[name]);
    this.out.byte(0x40);
    return this;
  }

  /** A load or store in the given memory, alignment 1. */
  access(name: keyof typeof OP, memory: number, offset: number): this {
    writeOpcode(this.out, OP[name]);
    this.out.u32(0x40);
    this.out.u32(memory);
    this.out.u32(offset);
    return this;
  }

  /** The finished body with these locals (beside the parameters). */
  body(locals: readonly ValType[] = []): Uint8Array {
    const whole = new ByteWriter(this.out.length + 16);
    writeLocals(whole, [...locals], 0);
    whole.bytes(this.out.toBytes());
    whole.byte(0x0b);
    return whole.toBytes();
  }
}

/** (fuel after the charge, charge) -> fuel after the charge once the host has refilled. */
export function pollBody(host: HelperHost, asks: 'poll' | 'enter', throws: boolean): HelperBody {
  const code = new Assembler();
  code.op('local.get', 0).op('local.get', 1).op('i32.add').op('local.get', 1).op('call', host.engineFunc(asks));
  code.op('local.tee', 0).const32(TURN).op('i32.eq').open('if');
  code.const32(0).op('local.get', 1).op('call', host.engineFunc('turn')).op('local.set', 0).op('end');
  code.op('local.get', 0).const32(UNWIND).op('i32.eq').open('if');
  if (throws) code.op('throw', host.stopTag);
  else {
    if (host.mode === 'flag') code.const32(UNWIND).op('global.set', host.fuelGlobal);
    code.const32(UNWIND).op('return');
  }
  code.op('end').op('local.get', 0).op('local.get', 1).op('i32.sub');
  return { params: [I32, I32], results: [I32], bytes: code.body() };
}

/** memory.grow behind the host's limit; -1 if it says no. */
export function growMemoryBody(host: HelperHost, memory: number, address: ValType): HelperBody {
  const code = new Assembler();
  asU32(code, 0, address).op('i32.eqz').open('if').op('local.get', 0).op('memory.grow', memory).op('return').op('end');
  code.const32(memory);
  asU32(code, 0, address).op('call', host.engineFunc('growMemory')).open('if');
  code.op('local.get', 0).op('memory.grow', memory).op('return').op('end');
  failed(code, address);
  return { params: [address], results: [address], bytes: code.body() };
}

/** table.grow behind the host's limit; -1 if it says no. */
export function growTableBody(host: HelperHost, table: number, element: ValType, address: ValType): HelperBody {
  const code = new Assembler().const32(table);
  asU32(code, 1, address).op('call', host.engineFunc('growTable')).open('if');
  code.op('local.get', 0).op('local.get', 1).op('table.grow', table).op('return').op('end');
  failed(code, address);
  return { params: [element, address], results: [address], bytes: code.body() };
}

/** Pushes a parameter as u32; an i64 that does not fit becomes the largest, which no limit allows. */
function asU32(code: Assembler, param: number, address: ValType): Assembler {
  if (address === I32) return code.op('local.get', param);
  code.op('local.get', param).op('i32.wrap_i64').const32(-1).op('local.get', param);
  code.out.byte(0x42);
  code.out.s64(0xffff_ffffn);
  return code.op('i64.lt_u').op('select');
}

function failed(code: Assembler, address: ValType): void {
  code.out.byte(address === I32 ? 0x41 : 0x42);
  code.out.byte(0x7f);
}

const STORES: ReadonlyMap<ValType, keyof typeof OP> = new Map<ValType, keyof typeof OP>([
  [I32, 'i32.store'],
  [I64, 'i64.store'],
  [F32, 'f32.store'],
  [F64, 'f64.store'],
  [V128, 'v128.store'],
]);

const LOADS: ReadonlyMap<ValType, keyof typeof OP> = new Map<ValType, keyof typeof OP>([
  [I32, 'i32.load'],
  [I64, 'i64.load'],
  [F32, 'f32.load'],
  [F64, 'f64.load'],
  [V128, 'v128.load'],
]);

/** (site, values…): appends a record; or (values…): appends to the one that was begun last. */
export function saveBody(host: HelperHost, types: readonly ValType[], begins: boolean): HelperBody {
  const memory = host.saveMemory;
  const code = new Assembler();
  const params = begins ? [I32, ...types] : [...types];
  const record = params.length;
  const header = begins ? RECORD.values : 0;
  const size = types.reduce((sum, type) => sum + savedBytes(type), header);
  code.const32(0).access('i32.load', memory, SAVE.top).op('local.set', record);
  // Room: grow by the pages that are missing and some more.
  code
    .op('local.get', record)
    .const32(size)
    .op('i32.add')
    .op('memory.size', memory)
    .const32(16)
    .op('i32.shl')
    .op('i32.gt_u');
  code
    .open('if')
    .const32((size >>> 16) + 16)
    .op('memory.grow', memory)
    .const32(-1)
    .op('i32.eq')
    .open('if')
    .op('unreachable')
    .op('end')
    .op('end');
  if (begins) {
    code.op('local.get', record).op('local.get', 0).access('i32.store', memory, RECORD.site);
    code
      .op('local.get', record)
      .const32(0)
      .access('i32.load', memory, SAVE.last)
      .access('i32.store', memory, RECORD.inner);
    code.const32(0).op('local.get', record).access('i32.store', memory, SAVE.last);
  }
  let offset = header;
  types.forEach((type, index) => {
    writeStore(host, code, record, offset, type, index + (begins ? 1 : 0));
    offset += savedBytes(type);
  });
  code.const32(0).op('local.get', record).const32(size).op('i32.add').access('i32.store', memory, SAVE.top);
  return { params, results: [], bytes: code.body([I32, I32]) };
}

/** Stores a local's value at an offset of the record whose address is in another local; the local after that one is scratch. */
function writeStore(
  host: HelperHost,
  code: Assembler,
  record: number,
  offset: number,
  type: ValType,
  local: number,
): void {
  const memory = host.saveMemory;
  if (!isRef(type)) {
    code
      .op('local.get', record)
      .op('local.get', local)
      .access(STORES.get(type) ?? 'i32.store', memory, offset);
    return;
  }
  const kind = refKind(type);
  const table = host.refTable(kind);
  const index = record + 1;
  code.const32(0).access('i32.load', memory, refCounter(kind)).op('local.tee', index);
  code.op('table.size', table).op('i32.ge_u').open('if');
  code.op('ref.null');
  code.out.s32(type >> 8);
  code.const32(64).op('table.grow', table).const32(-1).op('i32.eq').open('if').op('unreachable').op('end').op('end');
  code.op('local.get', index).op('local.get', local).op('table.set', table);
  code.const32(0).op('local.get', index).const32(1).op('i32.add').access('i32.store', memory, refCounter(kind));
  code.op('local.get', record).op('local.get', index).access('i32.store', memory, offset);
}

const REF_ORDER: readonly RefKind[] = ['func', 'extern', 'any', 'exn'];

/** Address of the number of references of a kind that were saved. */
export const refCounter = (kind: RefKind): number => SAVE.refs + 4 * REF_ORDER.indexOf(kind);

/** Pushes a value of a record whose address is in a local, with the type it was saved under. */
export function writeLoad(host: HelperHost, code: Assembler, record: number, offset: number, type: ValType): void {
  code.op('local.get', record);
  code.access(LOADS.get(type) ?? 'i32.load', host.saveMemory, offset);
  if (isRef(type)) code.op('table.get', host.refTable(refKind(type)));
}
