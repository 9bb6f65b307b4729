import { stackRecords } from './stack.ts';
import { describeStack, type FramePlace, type StackView } from './stack-frames.ts';
import type { Worker } from './worker.ts';

/**
 * Where the call in progress of a worker is: its innermost frames, at most so many.
 * @throws PluvioError `WORKER_NOT_STOPPED`, `WORKER_CLOSED`
 */
export function stackViewOf(worker: Worker, most: number): StackView {
  const { module } = worker;
  const { stack, waitingCall } = worker.stateAtRest();
  const places: FramePlace[] = waitingCall === undefined ? [] : [{ func: waitingCall.func, pc: 0 }];
  if (stack !== undefined) {
    for (const { site } of stackRecords(stack)) {
      const { func, pc } = module.site(site);
      places.push({ func, pc });
    }
  }
  return describeStack(places, module.module, { most, names: module.funcNames });
}
