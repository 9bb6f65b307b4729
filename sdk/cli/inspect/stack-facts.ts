/** The stack of a snapshot in terms of its module: names, pcs, values. */
import { frameTypesOf } from '../../../runtime/bundle/frame-types.ts';
import { describeStack, type StackFrame } from '../../../runtime/engine/index.ts';
import type { Snapshot, Value } from '../../../runtime/engine/snapshot.ts';
import type { LoadedModule } from '../../../runtime/index.ts';
import { decodeNames, F32, F64, typeText, type ValType } from '../../../runtime/wasm/index.ts';

export interface ValueFact {
  readonly name: string;
  readonly type: string;
  readonly value: string;
}

export interface FrameFact extends StackFrame {
  /** Locals that are still needed. */
  readonly locals: readonly ValueFact[];
  readonly stack: readonly ValueFact[];
}

/** Frames innermost first. @throws PluvioError `SNAPSHOT_MISMATCH` */
export function stackFacts(snapshot: Snapshot, { module, funcNames }: LoadedModule): FrameFact[] {
  const typesOf = frameTypesOf([module]);
  const names = decodeNames(module).locals;
  const { frames } = describeStack(snapshot.frames, module, { names: funcNames });
  return snapshot.frames.toReversed().flatMap((frame, position): FrameFact[] => {
    const described = frames[position];
    if (described === undefined) return [];
    const types = typesOf(frame);
    const locals = frame.locals.flatMap((value, index) => {
      if (value === undefined) return [];
      const type = types.locals[index];
      return [
        { name: names.get(frame.func)?.get(index) ?? `${index}`, type: typeName(type), value: bitsText(value, type) },
      ];
    });
    const stack = frame.stack.map((value, index) => {
      const type = types.stack[index];
      return { name: `${index}`, type: typeName(type), value: bitsText(value, type) };
    });
    return [{ ...described, locals, stack }];
  });
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
