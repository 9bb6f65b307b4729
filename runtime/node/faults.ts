/**
 * Places where a test makes a move or an update fail.
 *
 * `transfer`: source, before each chunk of a blob stream. `offer`, `prepare`: target, before it answers. `commit-send`: source,
 * after its journal entry, before the request. `commit-receive`: target, before the point of no return. `commit-apply`: target,
 * when the worker runs, before the answer. `commit-answer`: source, when the answer is there. `update-kept`: the state before an update is
 * kept, and the worker is still what it was.
 */
export type FaultPoint =
  | 'transfer'
  | 'offer'
  | 'prepare'
  | 'commit-send'
  | 'commit-receive'
  | 'commit-apply'
  | 'commit-answer'
  | 'update-kept';

/** Called at each point, outside of a move with no facts of one; what it throws happens there, and while its promise is open the move stands still. */
export type FaultHook = (
  point: FaultPoint,
  facts: { readonly moveId: string; readonly sentBytes: number },
) => void | Promise<void>;

export const NO_MOVE = { moveId: '', sentBytes: 0 } as const;

export const noFaults: FaultHook = () => undefined;
