/** Stacks as text for people. */
import type { WorkerStack } from '../client/index.ts';
import { printLine } from './terminal.ts';

type Frame = WorkerStack['frames'][number];

/** As many frames as are shown at each end of a deep stack, unless all are asked for. */
const FRAMES_SHOWN = 20;

/** Prints the frames at both ends; `more`: all of them, and after each what it prints. */
export function printFrames<Each extends Frame>(frames: readonly Each[], more?: (frame: Each) => void): void {
  frames.forEach((frame, position) => {
    const isHidden = more === undefined && position >= FRAMES_SHOWN && position < frames.length - FRAMES_SHOWN;
    if (isHidden && position === FRAMES_SHOWN) printLine(`      … ${frames.length - 2 * FRAMES_SHOWN} more`);
    if (isHidden) return;
    printLine(frameLine(position, frame));
    more?.(frame);
  });
}

function frameLine(position: number, { name, func, pc, fileOffset, place }: Frame): string {
  const at = fileOffset === null ? '' : ` at pc 0x${pc.toString(16)}, file offset 0x${fileOffset.toString(16)}`;
  return `  ${String(position).padStart(2)}: ${name ?? `function ${func}`}${name === null ? '' : ` (function ${func})`}${at}, ${place}`;
}

/** What is above the frames. */
export const stackTitle = (depth: number): string =>
  depth === 0 ? 'stack: empty, no call is in progress' : 'stack, innermost first:';

/** The stack of a worker. */
export function printStack({ status, depth, frames }: WorkerStack): void {
  printLine(`status: ${status}`);
  printLine(stackTitle(depth));
  printFrames(frames);
  if (depth > frames.length) printLine(`      … ${depth - frames.length} more`);
}
