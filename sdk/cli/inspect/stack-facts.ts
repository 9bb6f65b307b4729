/** The stack of a snapshot in terms of its module: names, pcs, values. */
import { frameTypesOf } from '../../../runtime/bundle/frame-types.ts';
import type { Frame, Snapshot, Value } from '../../../runtime/engine/snapshot.ts';
import type { LoadedModule } from '../../../runtime/index.ts';
import { decodeNames, F32, F64, typeText, type ValType } from '../../../runtime/wasm/index.ts';

export interface ValueFact {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

export interface FrameFact {
  readonly func: number;
  readonly name: string | null;
  /** Offset in the function's body. */
  readonly pc: number;
  /** Offset in the module's file; null for a function that the module imports. */
  readonly fileOffset: number | null;
  readonly place: 'host call' | 'function entry' | 'loop' | 'call';
  /** Locals that are still needed. */
  readonly locals: readonly ValueFact[];
  readonly stack: readonly ValueFact[];
}

/** Frames innermost first. @throws PluvioError `SNAPSHOT_MISMATCH` */
export function stackFacts(snapshot: Snapshot, loaded: LoadedModule): FrameFact[] {
  const { module } = loaded;
  const typesOf = frameTypesOf([module]);
  const names = decodeNames(module).locals;
  const innermost = snapshot.frames.length - 1;
  const facts = snapshot.frames.map((frame, position): FrameFact => {
    const types = typesOf(frame);
    const body = module.funcs[frame.func]?.body;
    return {
      func: frame.func,
      name: loaded.funcName(frame.func) ?? null,
      pc: frame.pc,
      fileOffset: body === undefined ? null : body.start + frame.pc,
      place: placeOf(frame, body !== undefined, position === innermost),
      locals: frame.locals.flatMap((value, index) => {
        if (value === undefined) return [];
        const type = types.locals[index];
        return [
          { name: names.get(frame.func)?.get(index) ?? `${index}`, type: typeName(type), value: bitsText(value, type) },
        ];
      }),
      stack: frame.stack.map((value, index) => {
        const type = types.stack[index];
        return { name: `${index}`, type: typeName(type), value: bitsText(value, type) };
      }),
    };
  });
  return facts.reverse();
}

function placeOf(frame: Frame, hasBody: boolean, isInnermost: boolean): FrameFact['place'] {
  if (!hasBody) return 'host call';
  if (!isInnermost) return 'call';
  return frame.pc === 0 ? 'function entry' : 'loop';
}

const typeName = (type: ValType | undefined): string => (type === undefined ? 'unknown' : typeText(type));

/** A value of a snapshot, which is bits, as its type reads it. */
function bitsText(value: Value, type: ValType | undefined): string {
  const view = new DataView(new ArrayBuffer(8));
  if (type === F32 && typeof value === 'number') {
    view.setUint32(0, value);
    return String(view.getFloat32(0));
  }
  if (type === F64 && typeof value === 'bigint') {
    view.setBigUint64(0, value);
    return String(view.getFloat64(0));
  }
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  if (value === null) return 'null';
  switch (value.kind) {
    case 'func':
      return `function ${value.index}`;
    case 'extern':
      return `handle ${JSON.stringify(value.handle)}`;
    case 'i31':
      return `i31 ${value.value}`;
    case 'exn':
      return `exception of tag ${value.tag}`;
    case 'object':
      return `object ${value.index}`;
  }
}
