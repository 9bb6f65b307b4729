/**
 * A node: stores, worker table, moves and the HTTP server, put together.
 *
 *     openState ─▶ openWork ─▶ openApiServer ─▶ what it does by itself ─▶ … ─▶ close
 *
 * Invariants:
 * 1. Everything that an earlier process left is taken up before the first request is served.
 * 2. `close` ends in bounded time: no new work, streams end, workers into checkpoints, connections closed.
 */
import { stopListening } from './node-server.ts';
import { type NodeApi, openApiServer } from './open-api.ts';
import { type NodeState, openState } from './open-state.ts';
import { type NodeWork, openWork, type TableAhead } from './open-work.ts';
import { Rebalancer } from './rebalancer.ts';
import type { NodeOptions, RunningNode, Undo } from './start-options.ts';
import { WorkerSweeper } from './worker-sweeper.ts';

export type { NodeOptions, RunningNode } from './start-options.ts';

/**
 * Starts a node and listens.
 * @throws PluvioError `LISTEN_REFUSED`, `INVALID_ARGUMENT`, `LIMIT_OUT_OF_RANGE`, `STORE_FAILED`, `KEY_INVALID`, `FILE_FAILED`,
 * `AUDIT_BROKEN`, `UNSUPPORTED`
 */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const undo: Undo = [];
  try {
    return await openNode(options, undo);
  } catch (error) {
    for (const close of undo.reverse()) await close();
    throw error;
  }
}

async function openNode(options: NodeOptions, undo: Undo): Promise<RunningNode> {
  const closing = new AbortController();
  const ahead: TableAhead = { table: undefined };
  const state = await openState(options, (worker) => ahead.table?.tenantOf(worker), undo);
  const work = await openWork(options, state, ahead, undo);
  const { name, logger, store, dataDir } = state;
  void store.failed.then((error) => {
    logger.log('error', 'the store has failed', { code: error.code, error: error.message });
    options.onFatal?.(error);
  });
  const api = await openApiServer(options, state, work, closing.signal, undo);
  const { url } = api.listening;
  logger.log('info', 'the node listens', { url, name, persistent: dataDir !== undefined });
  const stop = await beginWork(options, state, work);
  let closed: Promise<void> | undefined;
  const shutDown = (): Promise<void> => {
    closing.abort();
    return closeNode(state, work, api, stop);
  };
  const { engines } = work.services;
  const enginePids = (): number[] => engines.engines.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  return { url, name, ingress: api.ingress?.url ?? null, enginePids, close: () => (closed ??= shutDown()) };
}

/** Begins what a node does by itself; gives what ends it. */
async function beginWork(
  { isolateTenants = false, hibernateAfterMs }: NodeOptions,
  { clock, logger, limits, dataDir }: NodeState,
  { services: { engines, modules, places, post }, table, outbox }: NodeWork,
): Promise<() => void> {
  if (!isolateTenants) void engines.pick(); // the first one is there when it is needed
  const sweeper = new WorkerSweeper({
    workers: () => table.all(),
    clock,
    logger,
    hibernateAfterMs: dataDir === undefined ? undefined : hibernateAfterMs,
    modules,
    unusedModuleMs: limits.unusedModuleMs,
    places,
  });
  const rebalancer = new Rebalancer({ engines, workers: () => table.all(), clock, logger });
  void sweeper.run();
  if (!isolateTenants) void rebalancer.run();
  void post.runTimers();
  void outbox.run();
  await table.resumeWhatRan();
  return () => {
    for (const one of [sweeper, rebalancer, post, outbox]) one.close();
  };
}

async function closeNode(
  { name, clock, logger, limits, store, rights, unlock }: NodeState,
  { services: { engines, tracing }, table, incoming, outgoing, outbound, registries, peerFetch }: NodeWork,
  { listening, ingress }: NodeApi,
  stop: () => void,
): Promise<void> {
  const ingressClosed = ingress?.close();
  stop();
  const over = new AbortController();
  const emptied = stopListening(listening, clock, over.signal);
  const calm = async (): Promise<void> => {
    await outgoing.close();
    await incoming.close();
    for (const worker of table.list()) {
      await worker.park().catch((error: unknown) => {
        logger.log('error', 'a worker could not be kept', { worker: worker.name, error: String(error) });
      });
    }
    await outgoing.settled();
    await emptied;
  };
  await Promise.race([calm(), clock.sleep(limits.closeMs, over.signal)]);
  over.abort();
  listening.server.closeAllConnections();
  await ingressClosed;
  for (const open of [engines, store, outbound, registries, peerFetch, rights.security, tracing]) await open.close();
  await unlock();
  logger.log('info', 'the node has closed', { name });
}
