/** The history of a worker: listed, added to, gone back to. */
import { assert, PluvioError } from '../errors/index.ts';
import type { CheckpointInfo, Reverted } from './api-types.ts';
import type { Handler, NodeServices, OperationCall } from './handlers.ts';
import type { HostedWorker } from './hosted-worker.ts';
import type { CheckpointInfo as StoredInfo } from './store/index.ts';

type HistoryOperation = 'checkpointWorker' | 'getHistory' | 'pinCheckpoint' | 'revertWorker';

interface RevertBody {
  readonly checkpoint: number;
  readonly replay?: boolean;
  readonly start?: boolean;
}

export function historyHandlers({ table, post, closing }: NodeServices): Record<HistoryOperation, Handler> {
  const workerOf = ({ params }: OperationCall): HostedWorker => table.get(params['name'] ?? '');
  const historyOf = async (name: string): Promise<readonly CheckpointInfo[]> =>
    (await post.store.history(name)).map(checkpointInfo);
  return {
    checkpointWorker: async (call) => {
      const worker = workerOf(call);
      const { pin = false } = (call.json ?? {}) as { pin?: boolean }; // checked by the schema
      const id = await worker.checkpointNow(pin);
      const taken = (await historyOf(worker.name)).find((checkpoint) => checkpoint.id === id);
      assert(taken !== undefined, `checkpoint ${id} is not in the history`);
      return taken;
    },
    getHistory: async (call) => ({ checkpoints: await historyOf(workerOf(call).name) }),
    pinCheckpoint: async (call) => {
      const { pinned } = call.json as { pinned: boolean }; // checked by the schema
      await post.store.pinCheckpoint(workerOf(call).name, Number(call.params['checkpoint']), pinned);
    },
    revertWorker: async (call): Promise<Reverted> => {
      if (closing.aborted) throw new PluvioError('NODE_CLOSING', 'the node is shutting down');
      const { checkpoint, replay = false, start = true } = call.json as RevertBody; // checked by the schema
      const { worker, inputs } = await table.revert(workerOf(call).name, { checkpoint, replay }, start);
      return { worker: worker.info(), checkpoint, inputs };
    },
  };
}

const checkpointInfo = ({ base, ...rest }: StoredInfo): CheckpointInfo => ({ ...rest, bundle: base });
