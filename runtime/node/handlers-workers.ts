import { PluvioError } from '../errors/index.ts';
import type { WorkerManifest } from '../bundle/index.ts';
import type { JsonOutcome, WorkerInfo } from './api-types.ts';
import { readBody } from './body.ts';
import { checkBundle } from './handlers-bundles.ts';
import type { Handler, NodeServices, OperationCall } from './handlers.ts';
import type { HostedWorker } from './hosted-worker.ts';
import { numberOf, type Query } from './query.ts';
import { takeReference } from './registry/index.ts';
import { checkReach, identityOf, reaches, tenantForNew } from './security/identity.ts';
import { STACK_FRAMES } from './worker-stack.ts';
import type { CreateOptions } from './worker-table.ts';
import type { UpdateRequest } from './worker-updating.ts';

type WorkerOperation =
  | 'listWorkers'
  | 'createWorker'
  | 'getWorker'
  | 'getStack'
  | 'deleteWorker'
  | 'updateWorker'
  | 'rollbackWorker'
  | 'stopWorker'
  | 'resumeWorker'
  | 'snapshotWorker'
  | 'forkWorker'
  | 'moveWorker'
  | 'settleMove'
  | 'getOutcome'
  | 'sendStdin';

interface CreateRequest {
  readonly name?: string;
  readonly bundle?: string;
  readonly reference?: string;
  readonly start?: boolean;
  readonly stdin?: 'open' | 'closed';
  readonly tenant?: string;
}

interface ForkRequest {
  readonly name: string;
  readonly checkpoint?: number;
  readonly start?: boolean;
}

export function workerHandlers(services: NodeServices): Record<WorkerOperation, Handler> {
  const { table, shelf, outgoing, modules } = services;
  const workerOf = ({ params }: OperationCall): HostedWorker => table.get(params['name'] ?? '');
  const refuseWhileClosing = (): void => {
    if (services.closing.aborted) throw new PluvioError('NODE_CLOSING', 'the node is shutting down');
  };
  /** The bundle that a new worker is asked for from, on the shelf. */
  const bundleOf = async ({ name, bundle, reference, tenant }: CreateRequest, call: OperationCall): Promise<string> => {
    if ((bundle === undefined) === (reference === undefined)) {
      const found = bundle === undefined ? 'neither' : 'both';
      const message = `body: has ${found} of bundle and reference, must have one`;
      throw new PluvioError('REQUEST_INVALID', message, { field: 'body.bundle' });
    }
    if (reference === undefined) return bundle ?? '';
    services.admission.check();
    const identity = identityOf(call.identity);
    if (name !== undefined) tenantForNew(identity, name, tenant); // before anything is read for it
    const signal = AbortSignal.any([call.request.signal, services.closing]);
    return (await takeReference(services, reference, identity, signal)).digest;
  };
  const create = async (
    name: string,
    bundle: string,
    { start, ...options }: CreateOptions & { readonly start: boolean },
  ): Promise<WorkerInfo> => {
    services.admission.check();
    const worker = await table.create(name, bundle, options);
    if (start) await worker.begin();
    return worker.info();
  };
  const runState = async (worker: HostedWorker, call: OperationCall, fallbackMs: number): Promise<unknown> => {
    const waitMs = Math.min(numberOf(call.query, 'waitMs') ?? fallbackMs, services.limits.waitMs);
    const signal = AbortSignal.any([call.request.signal, services.closing]);
    const outcome: JsonOutcome | undefined = await worker.waitOutcome(waitMs, signal);
    return { worker: worker.info(), outcome: outcome ?? null };
  };
  /** As `runState`, for what has begun a call: it must not be sent to the worker's new place, which would begin another. */
  const begunState = async (worker: HostedWorker, call: OperationCall, fallbackMs: number): Promise<unknown> => {
    const info = worker.info();
    try {
      return await runState(worker, call, fallbackMs);
    } catch (error) {
      if (error instanceof PluvioError && error.code === 'WORKER_MOVED')
        return { worker: { ...info, status: 'moving' }, outcome: null };
      throw error;
    }
  };
  return {
    listWorkers: async ({ identity }) => {
      await services.sampler.lookIfWatched();
      const seen = table.list().filter(({ record }) => reaches(identityOf(identity), record));
      return { workers: seen.map((worker) => worker.info()) };
    },
    createWorker: async (call) => {
      const identity = identityOf(call.identity);
      if (call.json !== undefined) {
        const { start = true, stdin, ...asked } = call.json as CreateRequest; // checked by the schema
        const bundle = await bundleOf(asked, call);
        checkBundle(shelf, identity, bundle);
        const name = asked.name ?? shelf.get(bundle).name;
        const tenant = tenantForNew(identity, name, asked.tenant);
        return create(name, bundle, { start, stdinOpen: stdin === 'open', tenant });
      }
      shelf.checkUnsignedAllowed();
      const manifest = manifestOf(call.query);
      const { start, stdin, tenant: asked } = call.query;
      const tenant = tenantForNew(identity, manifest.name, typeof asked === 'string' ? asked : undefined);
      const module = await readBody(call.bytes);
      table.checkFree(manifest.name);
      await modules.load(module); // what is none leaves nothing on the shelf
      const { digest } = await shelf.keep({ manifest, module, files: new Map() }, 'held', tenant);
      return create(manifest.name, digest, { start: start !== false, stdinOpen: stdin === 'open', tenant });
    },
    getWorker: async (call) => Promise.resolve(workerOf(call).info()),
    getStack: async (call) => workerOf(call).stack(numberOf(call.query, 'frames') ?? STACK_FRAMES.default),
    updateWorker: async (call) => {
      services.admission.check();
      const asked = call.json as Pick<UpdateRequest, 'bundle'> & Partial<UpdateRequest>; // checked by the schema
      const { bundle, keep = false, storage = false } = asked;
      const { name } = workerOf(call);
      checkBundle(shelf, identityOf(call.identity), bundle);
      const { worker, state } = await table.update(name, { bundle, keep, storage });
      return { worker: worker.info(), state };
    },
    rollbackWorker: async (call) => {
      services.admission.check();
      const { worker, state } = await table.rollBack(workerOf(call).name);
      return { worker: worker.info(), state };
    },
    deleteWorker: async (call) => table.delete(call.params['name'] ?? ''),
    stopWorker: async (call) => {
      const worker = workerOf(call);
      await worker.stop();
      return worker.info();
    },
    resumeWorker: async (call) => {
      refuseWhileClosing();
      const worker = workerOf(call);
      await worker.resume();
      return begunState(worker, call, 0);
    },
    snapshotWorker: async (call) => workerOf(call).snapshot(),
    forkWorker: async (call) => {
      services.admission.check();
      const { name, checkpoint, start = true } = call.json as ForkRequest; // checked by the schema
      const worker = workerOf(call);
      checkReach(identityOf(call.identity), { name, tenant: worker.record.tenant });
      const twin = await table.fork(worker.name, name, checkpoint);
      if (start) await twin.goOn();
      return twin.info();
    },
    moveWorker: async (call) => {
      refuseWhileClosing();
      const request = call.json as { target: string; token?: string }; // checked by the schema
      return outgoing.move(call.params['name'] ?? '', { ...request, traceparent: call.traceparent });
    },
    settleMove: async (call) => {
      const worker = workerOf(call);
      outgoing.settle(worker.name, (call.json as { runs: 'here' | 'there' }).runs); // checked by the schema
      return Promise.resolve(worker.info());
    },
    getOutcome: async (call) => runState(workerOf(call), call, 0),
    sendStdin: async (call) => {
      const worker = workerOf(call);
      services.admission.check();
      const bytes = await readBody(call.bytes);
      await worker.writeStdin(bytes, call.query['end'] === true);
    },
  };
}

const textsOf = (query: Query, name: string): readonly string[] => {
  const value = query[name];
  return Array.isArray(value) ? (value as readonly string[]) : [];
};

/** The manifest of a bare module, from the query of its upload. */
function manifestOf(query: Query): WorkerManifest {
  const { name } = query;
  if (typeof name !== 'string') {
    throw new PluvioError('REQUEST_INVALID', 'query.name: is missing; a module needs a name for its worker', {
      field: 'query.name',
    });
  }
  const env = textsOf(query, 'env').map((entry) => {
    const at = entry.indexOf('=');
    return [entry.slice(0, at), entry.slice(at + 1)] as const;
  });
  const fuel = numberOf(query, 'fuel');
  const limits = {
    ...(fuel === undefined ? {} : { fuel: BigInt(fuel) }),
    ...Object.fromEntries(
      (['memoryPages', 'stackDepth', 'wallClockMs'] as const).flatMap((limit) => {
        const value = numberOf(query, limit);
        return value === undefined ? [] : [[limit, value]];
      }),
    ),
  };
  return {
    schemaVersion: 1,
    name,
    args: [name, ...textsOf(query, 'arg')],
    ...(env.length > 0 ? { env: Object.fromEntries(env) } : {}),
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
  };
}
