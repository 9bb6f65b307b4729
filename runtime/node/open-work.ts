/** The second stage of a start: everything that workers need, the workers of an earlier process, and moves that were under way. */
import { BundleShelf } from './bundle-shelf.ts';
import { nodeCodecs } from './codecs.ts';
import { EventBus } from './event-bus.ts';
import { noFaults } from './faults.ts';
import { IncomingMoves } from './incoming-moves.ts';
import { LoadedModules } from './loaded-modules.ts';
import { NodeMetrics } from './metrics/node-metrics.ts';
import { noTracing, openTracing } from './metrics/tracing.ts';
import { openEngines } from './open-engines.ts';
import type { NodeState } from './open-state.ts';
import { OutboundHttp } from './outbound-http.ts';
import { Outbox } from './outbox.ts';
import { OutgoingMoves } from './outgoing-moves.ts';
import { messageToken, openPeerFetch, type PeerFetch, type PeerRules } from './peer-rules.ts';
import { PostOffice } from './post-office.ts';
import { NodeRegistries } from './registry/index.ts';
import type { NodeOptions, Undo } from './start-options.ts';
import { WORKERS } from './store/index.ts';
import { tenantBoundary } from './tenant-boundary.ts';
import { FixedBudget } from './threads/page-budget.ts';
import { NODE_VERSION } from './version.ts';
import type { WorkerServices } from './worker-services.ts';
import { WorkerTable } from './worker-table.ts';

const PAGE_BYTES = 65_536;

export interface NodeWork {
  readonly services: WorkerServices;
  readonly table: WorkerTable;
  readonly incoming: IncomingMoves;
  readonly outgoing: OutgoingMoves;
  readonly outbox: Outbox;
  readonly registries: NodeRegistries;
  readonly outbound: OutboundHttp;
  readonly peerFetch: PeerFetch;
}

/** The table of workers, for what is there before it is. */
export interface TableAhead {
  table: WorkerTable | undefined;
}

/** @throws PluvioError as `startNode` */
export async function openWork(
  options: NodeOptions,
  state: NodeState,
  ahead: TableAhead,
  undo: Undo,
): Promise<NodeWork> {
  const { store, clock, logger, rights } = state;
  const { security } = rights;
  const outbound = new OutboundHttp(options.outbound);
  const peers: PeerRules = {
    connect: security.peerConnect,
    pinned: security.peersPinned,
    sign: (manifestBytes) => security.identity.sign(manifestBytes),
    trust: security.peerTrust,
    seal: security.moveSeal,
  };
  const peerFetch = openPeerFetch(peers);
  const reaches = tenantBoundary(rights.grants, (worker) => ahead.table?.tenantOf(worker));
  const outbox = new Outbox({
    store,
    find: (worker) => ahead.table?.find(worker),
    movedTo: (worker) => ahead.table?.movedTo(worker),
    clock,
    logger,
    fetch: peerFetch.fetch,
    tokenFor: (worker) => messageToken(security.identity, worker, clock.now()),
    reaches,
  });
  const made = await openServices(options, state, { ahead, peers, reaches, outbox, outbound }, undo);
  const { services, registries } = made;
  const { fault = noFaults } = options;
  const table = new WorkerTable(services);
  ahead.table = table;
  const incoming = new IncomingMoves(services, table, store.collection('moves-in'), fault);
  const outgoing = new OutgoingMoves(services, table, store.collection('moves-out'), fault);
  await recover(state, { services, table, incoming, outgoing });
  return { services, table, incoming, outgoing, outbox, registries, outbound, peerFetch };
}

type Ways = Pick<WorkerServices, 'peers' | 'reaches'> & {
  readonly ahead: TableAhead;
  readonly outbox: Outbox;
  readonly outbound: OutboundHttp;
};

async function openServices(
  options: NodeOptions,
  state: NodeState,
  { ahead, peers, reaches, outbox, outbound }: Ways,
  undo: Undo,
): Promise<{ services: WorkerServices; registries: NodeRegistries }> {
  const { store, clock, logger, limits, name, dataDir, blobs } = state;
  const { security, trust, grants, secrets } = state.rights;
  const { metricSeries: workerSeries } = options;
  const events = new EventBus(limits.eventHistory, clock, (worker) => ahead.table?.tenantOf(worker));
  const metrics = new NodeMetrics({ version: NODE_VERSION, ...(workerSeries === undefined ? {} : { workerSeries }) });
  const { engines, quotas, places } = await openEngines(options, state, { events, metrics }, undo);
  const bundleLimits = { moduleBytes: limits.moduleBytes, blobBytes: limits.blobBytes, totalBytes: limits.bundleBytes };
  const shelf = new BundleShelf({
    blobs,
    records: store.collection('bundles'),
    codecs: nodeCodecs,
    limits: bundleLimits,
    clock,
    trust,
    checkRoom: (tenant, addedBytes, have) => quotas.checkBundle(tenant, addedBytes, have),
  });
  const registries = new NodeRegistries({ ...options.registries, codecs: nodeCodecs, bundleLimits, trust });
  undo.push(() => registries.close());
  const tracing = options.tracing
    ? await openTracing({ ...options.tracing, nodeName: name, version: NODE_VERSION })
    : noTracing;
  undo.push(() => tracing.close());
  const find: WorkerServices['find'] = (worker) => ahead.table?.find(worker);
  const post = new PostOffice({ store, find, clock, logger, metrics, tracing, outboxed: () => outbox.ring() });
  const services: WorkerServices = {
    post,
    find,
    nodeName: name,
    secrets,
    grants,
    quotas,
    places,
    publishers: security.publishers,
    peers,
    reaches,
    checkpointPolicy: options.checkpointPolicy ?? 'never',
    fetchOutbound: (request, body, asked) => outbound.fetch({ request, body, ...asked }),
    engines,
    modules: new LoadedModules(engines, () => clock.monotonicMs()),
    shelf,
    records: store.collection(WORKERS),
    events,
    metrics,
    tracing,
    clock,
    logger,
    limits,
    fault: options.fault ?? noFaults,
    remembered: new FixedBudget(Math.floor(limits.rememberedBytes / PAGE_BYTES)),
    persistent: dataDir !== undefined,
  };
  return { services, registries };
}

/** Takes up what an earlier process left. */
async function recover(
  { store, logger }: NodeState,
  { services: { shelf }, table, incoming, outgoing }: Pick<NodeWork, 'services' | 'table' | 'incoming' | 'outgoing'>,
): Promise<void> {
  await shelf.load(
    () => [...table.roots(), ...incoming.roots(), ...outgoing.roots()],
    () => store.roots(),
  );
  await table.recover();
  for (const { worker, reason } of await store.damaged())
    logger.log('error', 'a worker is damaged', { worker, reason });
  await incoming.recover();
  await outgoing.recover();
  shelf.collect();
}
