/** What ends a worker while something else wants its name or its state. */
import { expect, it } from 'vitest';
import { memoryBlobStore } from '../../runtime/bundle/index.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { noFaults } from '../../runtime/node/faults.ts';
import { BundleShelf } from '../../runtime/node/bundle-shelf.ts';
import { systemClock as clock } from '../../runtime/node/clock.ts';
import { nodeCodecs as codecs } from '../../runtime/node/codecs.ts';
import { EventBus } from '../../runtime/node/event-bus.ts';
import { HostedWorker } from '../../runtime/node/hosted-worker.ts';
import { LoadedModules } from '../../runtime/node/loaded-modules.ts';
import { silentLogger as logger } from '../../runtime/node/logger.ts';
import { MemoryPlaces } from '../../runtime/node/memory-places.ts';
import { resolveNodeLimits } from '../../runtime/node/node-limits.ts';
import { PostOffice } from '../../runtime/node/post-office.ts';
import { programOf, recordOf } from '../../runtime/node/program.ts';
import { MemoryRecords } from '../../runtime/node/record-store.ts';
import { NodeMetrics, noTracing } from '../../runtime/node/metrics/index.ts';
import { generateSealingKey, MoveSeal, PublisherPolicy } from '../../runtime/node/security/index.ts';
import { NodeQuotas } from '../../runtime/node/quotas/index.ts';
import { openStore, WORKERS } from '../../runtime/node/store/index.ts';
import { EnginePool } from '../../runtime/node/threads/engine-pool.ts';
import { FixedBudget } from '../../runtime/node/threads/page-budget.ts';
import type { WorkerServices } from '../../runtime/node/worker-services.ts';
import { WorkerTable } from '../../runtime/node/worker-table.ts';
import { afterTest, counterModule } from './open-nodes.ts';

async function openTable() {
  const shelf = new BundleShelf({ blobs: memoryBlobStore(), records: new MemoryRecords(), codecs, limits: {}, clock });
  const events = new EventBus(10, clock);
  const limits = resolveNodeLimits();
  const metrics = new NodeMetrics();
  const engines = new EnginePool({
    kind: 'local',
    engines: 1,
    memoryPages: 100,
    heapMib: 256,
    moduleFolder: undefined,
    logger,
  });
  afterTest(() => engines.close());
  const modules = new LoadedModules(engines, () => clock.monotonicMs());
  const store = await openStore();
  afterTest(() => store.close());
  const post = new PostOffice({ store, find: () => undefined, clock, logger });
  const services: WorkerServices = {
    engines,
    modules,
    shelf,
    post,
    records: store.collection(WORKERS),
    events,
    clock,
    logger,
    limits,
    remembered: new FixedBudget(0),
    fault: noFaults,
    persistent: false,
    find: () => undefined,
    nodeName: 'test',
    secrets: () => undefined,
    grants: { all: {}, tenants: {} },
    metrics,
    quotas: new NodeQuotas({}, { events, metrics, clock }),
    places: new MemoryPlaces({ limit: 100, pages: 100, waitMs: 0, clock, reached: () => undefined }),
    tracing: noTracing,
    publishers: new PublisherPolicy([]),
    peers: {
      connect: {},
      pinned: false,
      sign: () => Promise.reject(new Error('nothing moves')),
      trust: {},
      seal: new MoveSeal({
        policy: 'never',
        key: generateSealingKey(),
        shown: { publicKey: '', signature: '' },
        identity: '',
        peers: [],
        pinned: false,
      }),
    },
    reaches: () => true,
    checkpointPolicy: 'never',
    fetchOutbound: () => Promise.resolve({ ok: false, code: 'DENIED' }),
  };
  const bytes = await counterModule();
  const bundle = { manifest: { schemaVersion: 1 as const, name: 'a' }, module: bytes, files: new Map() };
  const digest = `sha256:${'0'.repeat(64)}`;
  const program = await programOf(services, bundle, digest);
  const worker = new HostedWorker(services, recordOf(program, 'a', digest, 0, 'never'));
  const table = new WorkerTable(services);
  table.reserve('a', 'test');
  await table.settle(worker, 'test');
  return { table, worker, program };
}

it.each([
  ['deleted', (table: WorkerTable) => table.delete('a')],
  ['buried', (table: WorkerTable) => table.bury('a', { movedTo: 'http://b/v1/workers/a', moveId: 'm', ingress: null })],
])('the name of a worker is free when it is %s on disk, not before', async (_, end) => {
  const { table } = await openTable();
  const ended = end(table);
  expect(() => table.reserve('a', 'other')).toThrow(expect.objectContaining({ code: 'WORKER_EXISTS' }));
  await ended;
  expect(() => table.reserve('a', 'other')).not.toThrow();
});

it('a worker that is closed while its state is brought into the engine does not come alive', async () => {
  const { worker, program } = await openTable();
  const loading = worker.load(program);
  await Promise.resolve(); // its turn begins
  const closed = worker.close(new PluvioError('WORKER_NOT_FOUND', 'deleted'));
  await expect(loading).rejects.toMatchObject({ code: 'WORKER_NOT_FOUND' });
  await closed;
  expect(worker.status).toBe('ended');
});
