import { describe, expect, it } from 'vitest';
import { PluvioError } from '../../errors/index.ts';
import { systemClock } from '../clock.ts';
import { EventBus } from '../event-bus.ts';
import type { NodeEvent } from '../api-types.ts';
import { NodeMetrics } from '../metrics/node-metrics.ts';
import { NodeQuotas, type QuotaOptions } from './node-quotas.ts';
import { resolveTenantLimits, TENANT_LIMITS, tenantLimitError, type TenantLimitName } from './tenant-limits.ts';

interface Opened {
  readonly quotas: NodeQuotas;
  readonly metrics: NodeMetrics;
  readonly events: NodeEvent[];
  advance(ms: number): void;
}

function open(options: QuotaOptions): Opened {
  let nowMs = 1000;
  const clock = { ...systemClock, now: () => nowMs, monotonicMs: () => nowMs };
  const bus = new EventBus(10, clock);
  const events: NodeEvent[] = [];
  bus.listen((event) => events.push(event));
  const metrics = new NodeMetrics({ process: false });
  const quotas = new NodeQuotas(options, { events: bus, metrics, clock });
  return { quotas, metrics, events, advance: (ms) => void (nowMs += ms) };
}

const WORKER = { name: 'w', tenant: 'acme' };
const OTHER = { name: 'o', tenant: 'beta' };
const refusal = (limit: TenantLimitName, max: number): Error =>
  expect.objectContaining({
    code: 'TENANT_LIMIT',
    details: expect.objectContaining({ tenant: 'acme', limit, max }) as unknown,
  }) as Error;

/** What uses up two of each limit, one after the other; the third is one too many. */
const TAKES: Readonly<
  Partial<Record<TenantLimitName, (quotas: NodeQuotas, have: number, of: typeof WORKER) => unknown>>
> = {
  workers: (quotas, have, of) => quotas.checkWorkers(of, () => have),
  liveWorkers: (quotas, _, of) => quotas.enter(of),
  bundleBytes: (quotas, have, { tenant }) => quotas.checkBundle(tenant, 1, () => have),
  callsPerSecond: (quotas, _, of) => quotas.checkCall(of),
  streams: (quotas, _, { tenant }) => quotas.takeStream(tenant),
};

describe.each(Object.entries(TAKES))('limit %s of a tenant', (name, take) => {
  const limit = name as TenantLimitName; // a key of the table
  it('holds at its edge, for that tenant alone', () => {
    const { quotas } = open({ tenants: { acme: { limits: { [limit]: 2 } } } });
    for (const have of [0, 1]) take(quotas, have, WORKER);
    expect(() => take(quotas, 2, WORKER)).toThrowError(refusal(limit, 2));
    for (const have of [0, 1, 2]) expect(() => take(quotas, have, OTHER)).not.toThrow();
  });

  it('is told by an event, at most once a second, and counted every time', async () => {
    const { quotas, events, metrics, advance } = open({ tenantLimits: { [limit]: 1 } });
    take(quotas, 0, WORKER);
    const refuse = (): void => expect(() => take(quotas, 1, WORKER)).toThrowError(refusal(limit, 1));
    refuse();
    refuse();
    const data = { scope: 'tenant', limit, action: 'refused', max: 1, tenant: 'acme' };
    expect(events).toMatchObject([{ kind: 'limited', data }]);
    advance(999);
    if (limit !== 'callsPerSecond') refuse();
    expect(events.length).toBe(1);
    advance(1);
    if (limit === 'callsPerSecond') take(quotas, 0, WORKER);
    refuse();
    expect(events.length).toBe(2);
    const count = limit === 'callsPerSecond' ? 3 : 4;
    expect(await metrics.text()).toContain(`pluvio_limits_reached_total{scope="tenant",limit="${limit}"} ${count}`);
  });
});

describe('calls of a tenant', () => {
  it('say when to come again', () => {
    const { quotas, advance } = open({ tenantLimits: { callsPerSecond: 4 } });
    for (let call = 0; call < 4; call++) quotas.checkCall(WORKER);
    expect(() => quotas.checkCall(WORKER)).toThrowError(
      expect.objectContaining({ details: expect.objectContaining({ retryAfterMs: 250 }) as unknown }),
    );
    advance(250);
    expect(() => quotas.checkCall(WORKER)).not.toThrow();
    expect(() => quotas.checkCall(WORKER)).toThrowError(refusal('callsPerSecond', 4));
  });
});

describe('streams of a tenant', () => {
  it('give their place back, once', () => {
    const { quotas } = open({ tenantLimits: { streams: 1 } });
    const close = quotas.takeStream('acme');
    close();
    close();
    quotas.takeStream('acme');
    expect(() => quotas.takeStream('acme')).toThrowError(refusal('streams', 1));
    expect(() => quotas.takeStream(undefined)).not.toThrow();
  });
});

describe('places in memory', () => {
  const refusalOf = (act: () => unknown): PluvioError => {
    try {
      act();
    } catch (error) {
      if (error instanceof PluvioError) return error;
    }
    throw new Error('it was not refused');
  };
  const workerOf = (name: string) => ({ name, tenant: 'acme' });

  it('are offered to those who wait when one is free, past those who want none any more', () => {
    const { quotas } = open({ tenantLimits: { liveWorkers: 1 } });
    const offered: string[] = [];
    const place = quotas.enter(WORKER);
    const wait = (name: string, wants: boolean): void => {
      const refused = refusalOf(() => quotas.enter(workerOf(name)));
      quotas.tryAgain(workerOf(name), refused, () => offered.push(name) > 0 && wants);
    };
    refusalOf(() => quotas.enter(workerOf('asked-once')));
    wait('gone', false);
    wait('b', true);
    wait('b', true);
    wait('c', true);
    place?.left(0);
    place?.left(0);
    expect(offered).toEqual(['gone', 'b']);
    const taken = quotas.enter(workerOf('b'));
    taken?.failed();
    expect(offered).toEqual(['gone', 'b', 'c']);
  });

  it('are offered at once when one has become free meanwhile', () => {
    const { quotas } = open({ tenantLimits: { liveWorkers: 1 } });
    const place = quotas.enter(WORKER);
    const refused = refusalOf(() => quotas.enter(workerOf('b')));
    place?.left(0);
    let offers = 0;
    quotas.tryAgain(workerOf('b'), refused, () => ++offers > 0);
    expect(offers).toBe(1);
  });

  it('that lack memory are tried again after a while', async () => {
    const { quotas } = open({});
    const offered = Promise.withResolvers<string>();
    const refused = tenantLimitError('acme', 'memoryBytes', 1, 0);
    quotas.tryAgain(WORKER, refused, () => (offered.resolve('offered'), true));
    expect(await offered.promise).toBe('offered');
  });

  it('are nobody’s where there is no limit', () => {
    expect(open({}).quotas.enter(WORKER)).toBeUndefined();
  });
});

describe('the manifest of a worker', () => {
  it('is refused beyond a maximum, with limit, value and maximum', () => {
    const { quotas, events } = open({ workerMaximums: { memoryPages: 7 } });
    const manifest = (memoryPages: number) => ({ schemaVersion: 1, name: 'w', limits: { memoryPages } }) as const;
    quotas.checkManifest(WORKER, manifest(7), 0);
    expect(events).toEqual([]);
    expect(() => quotas.checkManifest(WORKER, manifest(8), 0)).toThrowError(
      expect.objectContaining({
        code: 'LIMIT_OUT_OF_RANGE',
        message: 'worker "w" asks for 8 of limit memoryPages; it must be at most 7, the maximum of this node',
        details: { limit: 'memoryPages', asked: 8, max: 7 },
      }),
    );
    expect(events).toMatchObject([{ kind: 'limited', worker: 'w', data: { scope: 'worker', limit: 'memoryPages' } }]);
  });
});

describe('limits of a tenant', () => {
  it('are its own, else those of the node, else the defaults', () => {
    const { quotas } = open({
      tenants: { acme: { limits: { workers: 5 } }, beta: {} },
      tenantLimits: { workers: 7, streams: 9 },
    });
    const of = (tenant: string): unknown[] => {
      const { workers, streams, bundleBytes } = quotas.limitsOf(tenant);
      return [workers, streams, bundleBytes];
    };
    const usual = TENANT_LIMITS.bundleBytes.default;
    expect([of('acme'), of('beta'), of('nobody')]).toEqual([
      [5, 9, usual],
      [7, 9, usual],
      [7, 9, usual],
    ]);
  });

  it.each(Object.entries(TENANT_LIMITS))('%s has a range', (name, { min, max }) => {
    for (const value of [min, max]) expect(resolveTenantLimits({ [name]: value })).toMatchObject({ [name]: value });
    for (const value of [min - 1, max + 1, min + 0.5]) {
      expect(() => resolveTenantLimits({ [name]: value })).toThrowError(/^tenant limit \w+ is /);
    }
  });

  it('begin with what the node has', () => {
    for (const row of Object.values(TENANT_LIMITS)) expect(row.default).toBe(row.max);
  });
});
