/**
 * Where a stack is, in terms of its module.
 *
 * Boundary: functions and positions alone. The values of a frame are the snapshot's.
 */
import type { Module } from '../wasm/index.ts';
import { funcNames } from './func-names.ts';

/** Of a frame: where it is. */
export interface FramePlace {
  readonly func: number;
  readonly pc: number;
}

export interface StackFrame extends FramePlace {
  readonly name: string | null;
  /** Offset in the module's file; null for a function that the module imports. */
  readonly fileOffset: number | null;
  readonly place: 'host call' | 'function entry' | 'loop' | 'call';
}

/** A stack as it is told: whole, or its innermost part. */
export interface StackView {
  /** Frames of the whole stack; 0: no call is in progress. */
  readonly depth: number;
  /** Innermost first. */
  readonly frames: readonly StackFrame[];
}

/**
 * Describes the frames of a stack, innermost first.
 * @param places Of all frames, outermost first, as a snapshot has them.
 * @param most Frames that are described at most.
 */
export function describeStack(
  places: readonly FramePlace[],
  module: Module,
  { most = places.length, names = funcNames(module) }: { most?: number; names?: ReadonlyMap<number, string> } = {},
): StackView {
  const depth = places.length;
  const frames = places.slice(Math.max(0, depth - most)).map(({ func, pc }, index, shown): StackFrame => {
    const body = module.funcs[func]?.body;
    return {
      func,
      name: names.get(func) ?? null,
      pc,
      fileOffset: body === undefined ? null : body.start + pc,
      place: placeOf(pc, body !== undefined, index === shown.length - 1),
    };
  });
  return { depth, frames: frames.reverse() };
}

function placeOf(pc: number, hasBody: boolean, isInnermost: boolean): StackFrame['place'] {
  if (!hasBody) return 'host call';
  if (!isInnermost) return 'call';
  return pc === 0 ? 'function entry' : 'loop';
}
