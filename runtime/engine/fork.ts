/** What a worker passes on to one that is forked from it: state of its own, without a way through the bytes of a snapshot. */
import { decodePlain, encodePlain } from './messagepack.ts';
import type { Snapshot } from './snapshot.ts';
import type { WorkerOptions } from './types.ts';

/**
 * A captured state whose host state is a copy: host modules may have given, and may take up, what they go on using.
 * @throws PluvioError `INVALID_ARGUMENT` the state of a host is not plain data
 */
export function forkedState(snapshot: Snapshot): Snapshot {
  const { hosts, restartState } = snapshot;
  if (restartState === undefined && Object.keys(hosts).length === 0) return snapshot;
  const copy = decodePlain(encodePlain({ hosts, restartState }, 'snapshot')) as Pick<
    Snapshot,
    'hosts' | 'restartState'
  >; // encoded here
  return { ...snapshot, hosts: copy.hosts, restartState: copy.restartState };
}

/** Options of a fork: what its parent was made with where it has none. Host modules belong to one worker, and so do names. */
export function forkedOptions({ imports, handles }: WorkerOptions, own: WorkerOptions): WorkerOptions {
  if (imports === undefined && handles === undefined) return own;
  return { ...(imports === undefined ? {} : { imports }), ...(handles === undefined ? {} : { handles }), ...own };
}
