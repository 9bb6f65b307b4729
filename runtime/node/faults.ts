/**
 * Places where a test makes a move fail.
 *
 * `transfer`: source, before each chunk of a blob stream. `offer`, `prepare`: target, before it answers. `commit-send`: source,
 * after its journal entry, before the request. `commit-receive`: target, before the point of no return. `commit-apply`: target,
 * when the worker runs, before the answer. `commit-answer`: source, when the answer is there.
 */
export type FaultPoint =
  'transfer' | 'offer' | 'prepare' | 'commit-send' | 'commit-receive' | 'commit-apply' | 'commit-answer';

/** Called at each point; what it throws happens there, and while its promise is open the move stands still. */
export type FaultHook = (
  point: FaultPoint,
  facts: { readonly moveId: string; readonly sentBytes: number },
) => void | Promise<void>;

export const noFaults: FaultHook = () => undefined;
