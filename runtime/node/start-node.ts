/**
 * A node: stores, worker table, moves and the HTTP server, put together.
 *
 * Invariants:
 * 1. Everything that an earlier process left is taken up before the first request is served.
 * 2. `close` ends in bounded time: no new work, streams end, workers into checkpoints, connections closed.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type BlobStore, type CheckpointPolicy, memoryBlobStore } from '../bundle/index.ts';
import { PluvioError } from '../errors/index.ts';
import { parseListen } from './access.ts';
import type { NodeInfo } from './api-types.ts';
import { openBlobFolder } from './blob-folder.ts';
import { BackupStreams } from './backup-stream.ts';
import { BundleShelf } from './bundle-shelf.ts';
import { CallDesk } from './call-desk.ts';
import { CallLane } from './call-lane.ts';
import { type Clock, systemClock } from './clock.ts';
import { nodeCodecs } from './codecs.ts';
import { EventBus } from './event-bus.ts';
import { StreamRoom } from './event-stream.ts';
import { type FaultHook, noFaults } from './faults.ts';
import { createHandlers } from './handlers.ts';
import { IncomingMoves } from './incoming-moves.ts';
import { LoadedModules } from './loaded-modules.ts';
import { type Logger, silentLogger } from './logger.ts';
import { MemoryPlaces } from './memory-places.ts';
import { type NodeLimits, resolveNodeLimits } from './node-limits.ts';
import { listenOn, stopListening } from './node-server.ts';
import { messageToken, openPeerFetch, type PeerRules } from './peer-rules.ts';
import { openRights, type RightsOptions } from './node-rights.ts';
import { OutgoingMoves } from './outgoing-moves.ts';
import type { HostedWorker } from './hosted-worker.ts';
import { Outbox } from './outbox.ts';
import { OutboundHttp, type OutboundHttpOptions } from './outbound-http.ts';
import { PostOffice } from './post-office.ts';
import { tenantBoundary } from './tenant-boundary.ts';
import type { AtRestKeys } from './security/at-rest.ts';
import { checkAtRestKeys } from './security/at-rest-check.ts';
import { openStore, type StoreLimits, WORKERS } from './store/index.ts';
import { lockDataDir } from './data-dir-lock.ts';
import { NodeQuotas, type QuotaOptions } from './quotas/index.ts';
import { Rebalancer } from './rebalancer.ts';
import type { RequestEnded } from './operation-run.ts';
import { createRouter } from './router.ts';
import { NodeRegistries, type RegistrySettings } from './registry/index.ts';
import { NodeMetrics } from './metrics/node-metrics.ts';
import { observe, requestEnded } from './metrics/observed-node.ts';
import { noTracing, openTracing, type TracingOptions } from './metrics/tracing.ts';
import { WorkerSampler } from './metrics/worker-sampler.ts';
import { NodeAdmission } from './node-admission.ts';
import { NodeDrain } from './node-drain.ts';
import { openIngress } from './open-ingress.ts';
import { NODE_VERSION } from './version.ts';
import { EnginePool } from './threads/engine-pool.ts';
import { checkPermissionModel, type EngineUser, openEngineUser } from './threads/engine-launch.ts';
import { FixedBudget } from './threads/page-budget.ts';
import type { EngineKind } from './threads/engine-start.ts';
import { Waits } from './waits.ts';
import type { WorkerServices } from './worker-services.ts';
import { WorkerSweeper } from './worker-sweeper.ts';
import { WorkerTable } from './worker-table.ts';

export interface NodeOptions extends RightsOptions {
  /** `host:port`; port 0 takes a free one. Default: 127.0.0.1:7071. */
  readonly listen?: string;
  /** `host:port` where HTTP requests are answered by workers, by the routes of their manifests; default: nowhere. */
  readonly ingress?: string;
  /** The address at which other nodes reach that; default: the one that it listens on. */
  readonly ingressUrl?: string;
  /** Workers with metrics of their own; all others are told as one. */
  readonly metricSeries?: number;
  /** Where traces are sent to; default: nowhere. */
  readonly tracing?: Pick<TracingOptions, 'endpoint' | 'sampleRatio'>;
  /** Where state is kept; without it nothing outlives the process. One node at a time may use it. */
  readonly dataDir?: string;
  readonly limits?: Partial<NodeLimits>;
  /** When the state of workers is kept whose manifest says nothing; default: never. */
  readonly checkpointPolicy?: CheckpointPolicy;
  /** Time without work after which workers leave memory whose manifest says nothing; default: never. */
  readonly hibernateAfterMs?: number;
  /** How requests of workers are sent. */
  readonly outbound?: OutboundHttpOptions;
  /** What workers and tenants may have, within what the node has. */
  readonly quotas?: QuotaOptions;
  /** Registries that the node pulls bundles from; default: none. */
  readonly registries?: RegistrySettings;
  readonly storeLimits?: Partial<StoreLimits>;
  /** Where workers run: in threads (default), in processes, or on the thread of the caller. */
  readonly isolation?: EngineKind;
  /** Most threads or processes that run workers; default: one per core, 16 where tenants are kept apart. */
  readonly engines?: number;
  /** No two tenants share a thread or process. */
  readonly isolateTenants?: boolean;
  /** User, by name or number, that processes which run workers run as; the node must be root. Default: that of the node. */
  readonly engineUser?: string;
  /** MiB of JavaScript memory of one thread or process; objects of guests are in it. Default: 2048. */
  readonly engineHeapMib?: number;
  readonly name?: string;
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** Told when the node cannot go on; whoever started it should end the process. */
  readonly onFatal?: (error: PluvioError) => void;
  /** For tests: makes moves fail at named places. */
  readonly fault?: FaultHook;
}

export interface RunningNode {
  /** Base address of the API. */
  readonly url: string;
  readonly name: string;
  /** Where workers answer HTTP requests. */
  readonly ingress: string | null;
  /** Processes that run workers. */
  enginePids(): number[];
  /** Ends the node; workers go into checkpoints where there is a data directory. */
  close(): Promise<void>;
}

const PAGE_BYTES = 65_536;
const ENGINE_HEAP_MIB = 2048;
const TENANT_ENGINES = 16;

const openBlobs = async (dataDir: string | undefined, seal: AtRestKeys | undefined): Promise<BlobStore> =>
  dataDir === undefined ? memoryBlobStore() : openBlobFolder(join(dataDir, 'blobs'), seal);

/** Takes back what a start that fails has opened. */
type Undo = (() => Promise<unknown>)[];

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

/** @throws PluvioError as `checkPermissionModel` and `openEngineUser` */
async function engineUserOf({ engineUser, isolation = 'thread' }: NodeOptions): Promise<EngineUser | undefined> {
  if (isolation === 'process') checkPermissionModel();
  if (engineUser === undefined) return undefined;
  if (isolation === 'process') return openEngineUser(engineUser);
  const message = `cannot run engines as "${engineUser}": engines are no processes; engine.isolation must have them so`;
  throw new PluvioError('UNSUPPORTED', message);
}

function openPlaces(limits: NodeLimits, quotas: NodeQuotas, clock: Clock): MemoryPlaces {
  return new MemoryPlaces({
    limit: limits.liveWorkers,
    pages: Math.floor(limits.guestMemoryBytes / PAGE_BYTES),
    waitMs: limits.placeWaitMs,
    clock,
    reached: (worker, limit, action) => quotas.nodeReached(worker, limit, action, limits[limit]),
  });
}

async function openNode(options: NodeOptions, undo: Undo): Promise<RunningNode> {
  const { clock = systemClock, logger = silentLogger, dataDir, fault = noFaults } = options;
  const listen = parseListen(options.listen ?? '127.0.0.1:7071');
  const limits = resolveNodeLimits(options.limits);
  const name = options.name ?? `node-${listen.port}`;
  const persistent = dataDir !== undefined;
  const closing = new AbortController();

  const unlock = dataDir === undefined ? undefined : await lockDataDir(dataDir);
  if (unlock) undo.push(unlock);
  const find = (worker: string): HostedWorker | undefined => table.find(worker);
  const tenantOf = (worker: string): string | undefined => table.tenantOf(worker);
  const { security, trust, grants, secrets } = await openRights(options, {
    listen,
    dataDir,
    nodeName: name,
    clock,
    logger,
    tenantOf,
  });
  undo.push(() => security.close());
  const seal = security.atRest;
  const blobs = await openBlobs(dataDir, seal);
  const storeLimits = options.storeLimits ? { limits: options.storeLimits } : {};
  const store = await openStore({ dataDir, clock, seal, ...storeLimits });
  undo.push(() => store.close());
  await checkAtRestKeys(store.collection('at-rest'), seal);
  const events = new EventBus(limits.eventHistory, clock, tenantOf);
  const { metricSeries: workerSeries } = options;
  const metrics = new NodeMetrics({ version: NODE_VERSION, ...(workerSeries === undefined ? {} : { workerSeries }) });
  const kind = options.isolation ?? 'thread';
  const engineUser = await engineUserOf(options);
  const engineCount = options.engines ?? (options.isolateTenants ? TENANT_ENGINES : availableParallelism());
  const counting = { sharesMemory: kind !== 'process', engines: engineCount };
  const quotas = new NodeQuotas(options.quotas ?? {}, { events, metrics, clock, ...counting });
  const places = openPlaces(limits, quotas, clock);
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
  const engines = new EnginePool({
    kind,
    engines: engineCount,
    slotEnded: (slot) => quotas.ledger.engineEnded(slot),
    heapMib: options.engineHeapMib ?? ENGINE_HEAP_MIB,
    isolatesTenants: options.isolateTenants ?? false,
    memoryPages: Math.floor(limits.guestMemoryBytes / PAGE_BYTES),
    user: engineUser,
    // What one engine writes there runs in the others: none is trusted with it that is not trusted with the node's files.
    moduleFolder: dataDir === undefined || engineUser ? undefined : join(dataDir, 'modules'),
    logger,
  });
  undo.push(() => engines.close());
  const modules = new LoadedModules(engines, () => clock.monotonicMs());
  const outbound = new OutboundHttp(options.outbound);
  const peers: PeerRules = {
    connect: security.peerConnect,
    pinned: security.peersPinned,
    sign: (manifestBytes) => security.identity.sign(manifestBytes),
    trust: security.peerTrust,
    seal: security.moveSeal,
  };
  const peerFetch = openPeerFetch(peers);
  const reaches = tenantBoundary(grants, tenantOf);
  const outbox = new Outbox({
    store,
    find,
    movedTo: (worker) => table.movedTo(worker),
    clock,
    logger,
    fetch: peerFetch.fetch,
    tokenFor: (worker) => messageToken(security.identity, worker, clock.now()),
    reaches,
  });
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
    modules,
    shelf,
    records: store.collection(WORKERS),
    events,
    metrics,
    tracing,
    clock,
    logger,
    limits,
    remembered: new FixedBudget(Math.floor(limits.rememberedBytes / PAGE_BYTES)),
    persistent,
  };
  const table = new WorkerTable(services);
  const incoming = new IncomingMoves(services, table, store.collection('moves-in'), fault);
  const outgoing = new OutgoingMoves(services, table, store.collection('moves-out'), fault);
  await shelf.load(
    () => [...table.roots(), ...incoming.roots(), ...outgoing.roots()],
    () => store.roots(),
  );
  await table.recover();
  for (const { worker, reason } of await store.damaged())
    logger.log('error', 'a worker is damaged', { worker, reason });
  void store.failed.then((error) => {
    logger.log('error', 'the store has failed', { code: error.code, error: error.message });
    options.onFatal?.(error);
  });
  await incoming.recover();
  await outgoing.recover();
  shelf.collect();

  const admission = new NodeAdmission(closing.signal);
  const drain = new NodeDrain({ table, outgoing, admission, events, clock, logger, closing: closing.signal });
  const pulling = {
    clock,
    stallMs: limits.stallMs,
    stalled: () => metrics.limitReached({ scope: 'node', limit: 'stallMs' }),
  };
  const backups = new BackupStreams({ store, blobs, dataDir, hold: () => shelf.hold(), pulling });
  await backups.recover();
  const { ingress: ingressListen, ingressUrl } = options;
  const inward = { table, post, admission, quotas, limits, clock, logger };
  const ingress = await openIngress({ listen: ingressListen, publicUrl: ingressUrl, ...inward });
  const startedMs = clock.now();
  const info = (): NodeInfo => ({
    name,
    version: NODE_VERSION,
    api: 'v1',
    platform: `node ${process.versions.node}`,
    startedMs,
    persistent,
    identity: security.identity.shown,
    sealingKey: security.sealingKey,
    workers: table.size,
    engines: engines.engines.map(({ load, running, utilization, pid }) => ({
      workers: load,
      running,
      utilization,
      pid: pid ?? null,
    })),
    ingress: ingress?.url ?? null,
    drain: drain.state,
    limits,
  });
  const streams = new StreamRoom(limits.streams, pulling, closing.signal, (tenant) => quotas.takeStream(tenant));
  const waits = new Waits(clock, closing.signal);
  const desk = new CallDesk({ table, post, limits, admission, quotas, waits, clock });
  const handlers = createHandlers({
    table,
    waits,
    desk,
    shelf,
    modules,
    registries,
    incoming,
    outgoing,
    seal: security.moveSeal,
    events,
    streams,
    pulling,
    post,
    clock,
    limits,
    admission,
    quotas,
    drain,
    backups,
    info,
    revoke: security.revoke,
    metrics,
    sampler: new WorkerSampler(() => table.all(), clock),
    closing: closing.signal,
  });
  observe(metrics, {
    workers: () => table.all(),
    engines,
    store,
    events,
    bundles: () => shelf.list().length,
    modules: () => modules.size,
    streams: () => streams.open,
  });
  const { access } = security;
  const onEnd = (ended: RequestEnded): void => {
    requestEnded(metrics, ended);
    security.onRequestEnd(ended);
  };
  const entrance = { access, onEnd, tracing };
  const app = createRouter({ ...entrance, handlers, limits, logger });
  const lane = new CallLane({ ...entrance, desk, limits, logger });
  const listening = await listenOn({
    fetch: app.fetch,
    take: (request, response) => lane.take(request, response),
    listen,
    tls: security.tls,
    requestMs: limits.requestMs,
  });
  const { server, url } = listening;
  undo.push(() => Promise.resolve(server.close()));
  logger.log('info', 'the node listens', { url, name, persistent });
  if (options.isolateTenants !== true) void engines.pick(); // the first one is there when it is needed
  const sweeper = new WorkerSweeper({
    workers: () => table.all(),
    clock,
    logger,
    hibernateAfterMs: persistent ? options.hibernateAfterMs : undefined,
    modules,
    unusedModuleMs: limits.unusedModuleMs,
    places,
  });
  const rebalancer = new Rebalancer({ engines, workers: () => table.all(), clock, logger });
  void sweeper.run();
  if (options.isolateTenants !== true) void rebalancer.run();
  void post.runTimers();
  void outbox.run();
  await table.resumeWhatRan();

  let closed: Promise<void> | undefined;
  const shutDown = async (): Promise<void> => {
    closing.abort();
    const ingressClosed = ingress?.close();
    sweeper.close();
    rebalancer.close();
    post.close();
    outbox.close();
    const over = new AbortController();
    const emptied = stopListening(listening, clock, over.signal);
    const calm = (async () => {
      await outgoing.close();
      await incoming.close();
      for (const worker of table.list()) {
        await worker.park().catch((error: unknown) => {
          logger.log('error', 'a worker could not be kept', { worker: worker.name, error: String(error) });
        });
      }
      await outgoing.settled();
      await emptied;
    })();
    await Promise.race([calm, clock.sleep(limits.closeMs, over.signal)]);
    over.abort();
    server.closeAllConnections();
    await ingressClosed;
    await engines.close();
    await store.close();
    await outbound.close();
    await registries.close();
    await peerFetch.close();
    await security.close();
    await tracing.close();
    await unlock?.();
    logger.log('info', 'the node has closed', { name });
  };
  const enginePids = (): number[] => engines.engines.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  return { url, name, ingress: ingress?.url ?? null, enginePids, close: () => (closed ??= shutDown()) };
}
