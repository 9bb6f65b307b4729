/** The third stage of a start: what the node answers, by the API and by the routes of its workers. */
import type { NodeInfo } from './api-types.ts';
import { BackupStreams } from './backup-stream.ts';
import { CallDesk } from './call-desk.ts';
import { CallLane } from './call-lane.ts';
import { StreamRoom } from './event-stream.ts';
import { createHandlers } from './handlers.ts';
import type { HttpServer } from './http-server.ts';
import { observe, requestEnded } from './metrics/observed-node.ts';
import { WorkerSampler } from './metrics/worker-sampler.ts';
import { NodeAdmission } from './node-admission.ts';
import { NodeDrain } from './node-drain.ts';
import { type Listening, listenOn } from './node-server.ts';
import { openIngress } from './open-ingress.ts';
import type { NodeState } from './open-state.ts';
import type { NodeWork } from './open-work.ts';
import type { RequestEnded } from './operation-run.ts';
import { createRouter } from './router.ts';
import type { NodeOptions, Undo } from './start-options.ts';
import { NODE_VERSION } from './version.ts';
import { Waits } from './waits.ts';

export interface NodeApi {
  readonly listening: Listening;
  readonly ingress: HttpServer | undefined;
}

/** @param closing Aborts when the node shuts down. @throws PluvioError `LISTEN_REFUSED`, `INVALID_ARGUMENT` */
export async function openApiServer(
  options: NodeOptions,
  state: NodeState,
  work: NodeWork,
  closing: AbortSignal,
  undo: Undo,
): Promise<NodeApi> {
  const { store, clock, logger, limits, dataDir, blobs, rights } = state;
  const { security } = rights;
  const { services, table, incoming, outgoing, registries } = work;
  const { post, quotas, shelf, modules, events, metrics, tracing, engines } = services;
  const admission = new NodeAdmission(closing);
  const drain = new NodeDrain({ table, outgoing, admission, events, clock, logger, closing });
  const stalled = (): void => metrics.limitReached({ scope: 'node', limit: 'stallMs' });
  const pulling = { clock, stallMs: limits.stallMs, stalled };
  const backups = new BackupStreams({ store, blobs, dataDir, hold: () => shelf.hold(), pulling });
  await backups.recover();
  const { ingress: ingressListen, ingressUrl } = options;
  const inward = { table, post, admission, quotas, limits, clock, logger };
  const ingress = await openIngress({ listen: ingressListen, publicUrl: ingressUrl, ...inward });
  const info = infoOf(state, work, { ingress, drain });
  const streams = new StreamRoom(limits.streams, pulling, closing, (tenant) => quotas.takeStream(tenant));
  const waits = new Waits(clock, closing);
  const desk = new CallDesk({ table, post, limits, admission, quotas, waits, clock });
  const moves = { incoming, outgoing, seal: security.moveSeal };
  const sampler = new WorkerSampler(() => table.all(), clock);
  const answers = {
    ...inward,
    ...moves,
    waits,
    desk,
    shelf,
    modules,
    registries,
    events,
    streams,
    pulling,
    drain,
    backups,
  };
  const handlers = createHandlers({ ...answers, info, revoke: security.revoke, metrics, sampler, closing });
  observe(metrics, {
    workers: () => table.all(),
    engines,
    store,
    events,
    bundles: () => shelf.list().length,
    modules: () => modules.size,
    streams: () => streams.open,
  });
  const onEnd = (ended: RequestEnded): void => {
    requestEnded(metrics, ended);
    security.onRequestEnd(ended);
  };
  const entrance = { access: security.access, onEnd, tracing };
  const app = createRouter({ ...entrance, handlers, limits, logger });
  const lane = new CallLane({ ...entrance, desk, limits, logger });
  const listening = await listenOn({
    fetch: app.fetch,
    take: (request, response) => lane.take(request, response),
    listen: state.listen,
    tls: security.tls,
    requestMs: limits.requestMs,
  });
  undo.push(() => Promise.resolve(listening.server.close()));
  return { listening, ingress };
}

function infoOf(
  { name, clock, dataDir, limits, rights: { security } }: NodeState,
  { services: { engines }, table }: NodeWork,
  { ingress, drain }: { readonly ingress: HttpServer | undefined; readonly drain: NodeDrain },
): () => NodeInfo {
  const startedMs = clock.now();
  return () => ({
    name,
    version: NODE_VERSION,
    api: 'v1',
    platform: `node ${process.versions.node}`,
    startedMs,
    persistent: dataDir !== undefined,
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
}
