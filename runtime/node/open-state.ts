/** The first stage of a start: who may use the data directory, who may do what, and the stores. */
import { join } from 'node:path';
import { type BlobStore, memoryBlobStore } from '../bundle/index.ts';
import { type ListenAddress, parseListen } from './access.ts';
import { openBlobFolder } from './blob-folder.ts';
import { type Clock, systemClock } from './clock.ts';
import { lockDataDir } from './data-dir-lock.ts';
import { type Logger, silentLogger } from './logger.ts';
import { type NodeLimits, resolveNodeLimits } from './node-limits.ts';
import { type NodeRights, openRights } from './node-rights.ts';
import { checkAtRestKeys } from './security/at-rest-check.ts';
import type { AtRestKeys } from './security/at-rest.ts';
import type { NodeOptions, Undo } from './start-options.ts';
import { type NodeStore, openStore } from './store/index.ts';

export interface NodeState {
  readonly listen: ListenAddress;
  readonly limits: NodeLimits;
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** undefined: nothing outlives the process. */
  readonly dataDir: string | undefined;
  readonly rights: NodeRights;
  readonly blobs: BlobStore;
  readonly store: NodeStore;
  /** The data directory is free for others. */
  unlock(): Promise<void>;
}

const openBlobs = async (dataDir: string | undefined, seal: AtRestKeys | undefined): Promise<BlobStore> =>
  dataDir === undefined ? memoryBlobStore() : openBlobFolder(join(dataDir, 'blobs'), seal);

/**
 * @param tenantOf The tenant of a worker; undefined: there is none of that name.
 * @throws PluvioError as `startNode`
 */
export async function openState(
  options: NodeOptions,
  tenantOf: (worker: string) => string | undefined,
  undo: Undo,
): Promise<NodeState> {
  const { clock = systemClock, logger = silentLogger, dataDir } = options;
  const listen = parseListen(options.listen ?? '127.0.0.1:7071');
  const limits = resolveNodeLimits(options.limits);
  const name = options.name ?? `node-${listen.port}`;
  const unlock = dataDir === undefined ? () => Promise.resolve() : await lockDataDir(dataDir);
  undo.push(unlock);
  const place = { listen, dataDir, nodeName: name, clock, logger, tenantOf };
  const rights = await openRights(options, place);
  undo.push(() => rights.security.close());
  const seal = rights.security.atRest;
  const blobs = await openBlobs(dataDir, seal);
  const storeLimits = options.storeLimits ? { limits: options.storeLimits } : {};
  const store = await openStore({ dataDir, clock, seal, ...storeLimits });
  undo.push(() => store.close());
  await checkAtRestKeys(store.collection('at-rest'), seal);
  return { listen, limits, name, clock, logger, dataDir, rights, blobs, store, unlock };
}
