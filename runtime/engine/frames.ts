/**
 * Between records of the save memory and frames of a snapshot.
 *
 * Boundary: the only place that knows both. Frames of a received snapshot are checked here against the module's own plans.
 *
 * Invariants:
 * 1. A frame is taken up only at a site of its function, with a value of the declared type for every local that is live there and
 *    for the operand stack that the validator found there.
 * 2. The result types of a frame's function are those of the call that the next outer frame is in.
 */
import { PluvioError } from '../errors/index.ts';
import {
  EXPORTS,
  FIRST_REF_SLOT,
  RECORD,
  type RecordField,
  type RefKind,
  refKind,
  SAVE,
  savedBytes,
} from '../instrument/index.ts';
import { F32, F64, I32, I64, isRef, isSubtype, typeText, V128, type ValType } from '../wasm/index.ts';
import type { HeapWalk } from './heap-walk.ts';
import type { ModuleInstance } from './instance.ts';
import type { RestoredReferences } from './restored-references.ts';
import type { SiteInfo, FrameValue } from './site-info.ts';
import type { Frame, Value } from './snapshot.ts';
import { type CapturedStack, stackRecords } from './stack.ts';

const mismatch = (field: string, found: string, expected: string): PluvioError =>
  new PluvioError('SNAPSHOT_MISMATCH', `${field} is ${found}; it must be ${expected}`, { field });

class RecordReader {
  readonly #view: DataView;
  readonly #instance: ModuleInstance;
  readonly #references: HeapWalk;

  constructor(stack: CapturedStack, instance: ModuleInstance, references: HeapWalk) {
    this.#view = new DataView(stack.bytes.buffer, stack.bytes.byteOffset, stack.bytes.byteLength);
    this.#instance = instance;
    this.#references = references;
  }

  read(record: number, field: RecordField, where: string): Value {
    const at = record + field.offset;
    switch (field.type) {
      case I32:
        return this.#view.getInt32(at, true);
      case I64:
        return this.#view.getBigInt64(at, true);
      case F32:
        return this.#view.getUint32(at, true);
      case F64:
        return this.#view.getBigUint64(at, true);
      case V128:
        return new Uint8Array(this.#view.buffer.slice(this.#view.byteOffset + at, this.#view.byteOffset + at + 16));
      default: {
        const kind = refKind(field.type);
        const name = EXPORTS.refs(kind);
        const slot = this.#view.getUint32(at, true);
        if (kind === 'exn') return this.#references.encodeException(name, slot, where);
        const table = this.#instance.exports[name] as WebAssembly.Table; // made by the instrumenter
        return this.#references.encode(table.get(slot), kind, where);
      }
    }
  }
}

/** Turns a captured stack into frames. @throws PluvioError `NOT_MIGRATABLE` */
export function decodeStack(instance: ModuleInstance, stack: CapturedStack, references: HeapWalk): Frame[] {
  const reader = new RecordReader(stack, instance, references);
  return stackRecords(stack).map(({ site, offset }, depth) => {
    const { func, pc, locals, stack, caught } = instance.module.site(site);
    const where = `frame ${depth} (function ${func})`;
    const read = ({ field }: FrameValue): Value => reader.read(offset, field, where);
    return {
      instance: 0,
      func,
      pc,
      locals: locals.map((value) => (value === undefined ? undefined : read(value))),
      stack: stack.map(read),
      caught: caught.map((held) => {
        const tag = Number(read(held.tag)) - 1;
        return { pc: held.pc, tag, values: (held.values.get(tag) ?? []).map(read) };
      }),
    };
  });
}

/** Lays frames out as records, checked against the module. @throws PluvioError `SNAPSHOT_MISMATCH` */
export function encodeStack(
  instance: ModuleInstance,
  frames: readonly Frame[],
  references: RestoredReferences,
  firstField: number,
): CapturedStack {
  const writer = new RecordWriter(instance, references);
  for (let depth = frames.length - 1; depth >= 0; depth--) {
    const frame = frames[depth];
    if (frame !== undefined) writer.append(frame, frames[depth + 1], `frames[${firstField + depth}]`);
  }
  return writer.finish();
}

class RecordWriter {
  readonly #instance: ModuleInstance;
  readonly #references: RestoredReferences;
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #last = 0;
  readonly #refs: Record<RefKind, number> = {
    func: FIRST_REF_SLOT,
    extern: FIRST_REF_SLOT,
    any: FIRST_REF_SLOT,
    exn: FIRST_REF_SLOT,
  };

  constructor(instance: ModuleInstance, references: RestoredReferences) {
    this.#instance = instance;
    this.#references = references;
  }

  append(frame: Frame, inner: Frame | undefined, path: string): void {
    const { module } = this.#instance.module;
    if (frame.instance !== 0) throw mismatch(`${path}.instance`, String(frame.instance), '0');
    if (frame.func >= module.funcs.length)
      throw mismatch(`${path}.func`, String(frame.func), `below ${module.funcs.length}`);
    if (frame.func < module.importedFuncs) this.#appendHostCall(frame, inner, path);
    else this.#appendGuest(frame, inner, path);
  }

  #begin(site: number, sizeBytes: number): number {
    const record = this.#length;
    const needed = record + sizeBytes;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(needed * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#view.setUint32(record + RECORD.site, site, true);
    this.#view.setUint32(record + RECORD.inner, this.#last, true);
    this.#last = record + SAVE.records;
    this.#length = needed;
    return record;
  }

  #appendHostCall(frame: Frame, inner: Frame | undefined, path: string): void {
    if (inner !== undefined) throw mismatch(path, 'a host call with a frame inside', 'the innermost frame');
    if (frame.pc !== 0) throw mismatch(`${path}.pc`, String(frame.pc), '0 for a host call');
    const { module } = this.#instance;
    const site = module.site(module.program.facts.siteBase[frame.func] ?? 0);
    if (frame.locals.length !== site.locals.length) {
      throw mismatch(`${path}.locals`, `${frame.locals.length} values`, `${site.locals.length} arguments`);
    }
    this.#appendValues(site, frame, path);
  }

  #appendGuest(frame: Frame, inner: Frame | undefined, path: string): void {
    const { module } = this.#instance;
    const site = module.siteAt(frame.func, frame.pc);
    if (site === undefined || (site.kind === 'call') !== (inner !== undefined)) {
      const expected =
        inner === undefined ? "a loop or the function's entry" : 'a call instruction that can be stopped';
      throw mismatch(`${path}.pc`, `0x${frame.pc.toString(16)}`, `the offset of ${expected}`);
    }
    if (inner !== undefined) this.#checkResults(site, inner, path);
    if (frame.locals.length !== site.locals.length) {
      throw mismatch(`${path}.locals`, `${frame.locals.length} values`, `${site.locals.length}`);
    }
    this.#appendValues(site, frame, path);
  }

  #checkResults(site: SiteInfo, inner: Frame, path: string): void {
    const { program } = this.#instance.module;
    if (inner.func >= program.module.funcs.length) return; // refused where it is appended
    const expected = site.calleeResults;
    const found = program.funcType(inner.func).results;
    const fits =
      found.length === expected.length &&
      found.every((type, at) => isSubtype(program.context, type, expected[at] ?? 0));
    if (!fits) {
      throw mismatch(
        `${path}.pc`,
        `a call that gives [${expected.map(typeText).join(' ')}]`,
        `one that gives [${found.map(typeText).join(' ')}]`,
      );
    }
  }

  /** Writes the record of a frame whose site and number of locals were checked. */
  #appendValues(site: SiteInfo, frame: Frame, path: string): void {
    if (frame.stack.length !== site.stack.length) {
      const expected = site.stack.length === 0 ? 'empty' : `${site.stack.length}`;
      throw mismatch(`${path}.stack`, `${frame.stack.length} values`, expected);
    }
    const record = this.#begin(site.id, site.sizeBytes);
    for (let local = 0; local < site.locals.length; local++) {
      const place = site.locals[local];
      if (place !== undefined) this.#write(record, place, frame.locals[local], path, 'locals', local);
    }
    for (let at = 0; at < site.stack.length; at++) {
      const place = site.stack[at];
      if (place !== undefined) this.#write(record, place, frame.stack[at], path, 'stack', at);
    }
    this.#writeCaught(record, site, frame, path);
  }

  #writeCaught(record: number, site: SiteInfo, frame: Frame, path: string): void {
    if (frame.caught.length !== site.caught.length) {
      const expected = site.caught.length === 0 ? 'empty' : `${site.caught.length}`;
      throw mismatch(`${path}.caught`, `${frame.caught.length} exceptions`, expected);
    }
    site.caught.forEach((held, index) => {
      const caught = frame.caught[index];
      const field = `${path}.caught[${index}]`;
      if (caught?.pc !== held.pc) throw mismatch(`${field}.pc`, String(caught?.pc), `${held.pc}`);
      const known = this.#instance.module.module.tags.length;
      if (caught.tag < 0 || caught.tag >= known) throw mismatch(`${field}.tag`, String(caught.tag), `below ${known}`);
      const places = held.values.get(caught.tag) ?? [];
      if (caught.values.length !== places.length) {
        throw mismatch(`${field}.values`, `${caught.values.length} values`, `${places.length}`);
      }
      this.#write(record, held.tag, caught.tag + 1, field, 'tag');
      places.forEach((place, at) => this.#write(record, place, caught.values[at], field, 'values', at));
      for (const [tag, others] of held.values) if (tag !== caught.tag) this.#writeNulls(record, others, field);
    });
  }

  /**
   * Nulls for the references in the payload of a tag that the handler does not hold: a continuation loads those of all tags, and what is
   * in slot 0 may be of another type.
   */
  #writeNulls(record: number, places: readonly FrameValue[], path: string): void {
    for (const { field } of places)
      if (isRef(field.type)) this.#writeRef(record + field.offset, field, field.type, null, path);
  }

  /** Writes a value where `place` says, if it is one of that type; `path`, `part` and `index` name it in messages. */
  #write(
    record: number,
    { field, type }: FrameValue,
    value: Value | undefined,
    path: string,
    part: string,
    index?: number,
  ): void {
    const at = record + field.offset;
    const view = this.#view;
    const named = (): string => `${path}.${part}${index === undefined ? '' : `[${index}]`}`;
    const wrong = (suffix = ''): PluvioError => mismatch(named(), describe(value), typeText(type) + suffix);
    switch (field.type) {
      case I32:
        if (typeof value !== 'number' || (value | 0) !== value) throw wrong();
        return view.setInt32(at, value, true);
      case I64:
        if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) throw wrong();
        return view.setBigInt64(at, value, true);
      case F32:
        if (typeof value !== 'number' || value >>> 0 !== value) throw wrong(', as 32 bits');
        return view.setUint32(at, value, true);
      case F64:
        if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value) throw wrong(', as 64 bits');
        return view.setBigUint64(at, value, true);
      case V128:
        if (!(value instanceof Uint8Array) || value.length !== savedBytes(V128)) throw wrong(', as 16 bytes');
        return this.#bytes.set(value, at);
      default:
        return this.#writeRef(at, field, type, value, named());
    }
  }

  #writeRef(at: number, field: RecordField, type: ValType, value: Value | undefined, named: string): void {
    const kind = refKind(field.type);
    const name = EXPORTS.refs(kind);
    const table = this.#instance.exports[name] as WebAssembly.Table; // made by the instrumenter
    let index = 0; // where null is, in the table of exceptions
    if (kind !== 'exn') {
      const reference = this.#references.decode(value, type, named);
      index = this.#refs[kind]++;
      if (index >= table.length) table.grow(64, null);
      table.set(index, reference);
    } else {
      if (value !== null) index = this.#refs.exn++;
      this.#references.putException(name, index, value, type, named);
    }
    this.#view.setUint32(at, index, true);
  }

  finish(): CapturedStack {
    return { bytes: this.#bytes.slice(0, this.#length), outermost: this.#last };
  }
}

function describe(value: Value | undefined): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (typeof value !== 'object') return `${typeof value} ${value}`;
  return value instanceof Uint8Array ? `${value.length} bytes` : `a reference of kind ${value.kind}`;
}
