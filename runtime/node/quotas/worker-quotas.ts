/**
 * The limits of one worker: what holds where its manifest says nothing, and the most that it may ask for.
 *
 * Boundary: numbers alone. The engine and the host ABI keep to them; what they do then is told in the rows.
 */
import type { WorkerManifest } from '../../bundle/index.ts';
import { LIMITS, type WorkerLimits } from '../../engine/index.ts';
import { PluvioError } from '../../errors/index.ts';
import { ABI_LIMITS, type AbiLimitName, type AbiLimits } from '../../host/abi/index.ts';
import { type AskedLimits, type LimitRow, resolveLimits } from '../../limits/index.ts';

const GIB = 2 ** 30;

export interface WorkerQuotaRow extends LimitRow {
  /** Field of the manifest that asks for it; `bundle`: it is the bundle's own size, and has a maximum alone. */
  readonly field: 'limits' | 'hostLimits' | 'bundle';
  /** What happens when it is reached. */
  readonly reached: string;
  /** The event that tells; null: the guest alone is told. */
  readonly event: 'limit' | 'limited' | null;
}

type EngineLimitName = keyof typeof LIMITS;
export type WorkerQuotaName = EngineLimitName | AbiLimitName | 'bundleBytes';

const ENDS = 'the call ends with the outcome `limit`; it can be resumed when there is more';

const REACHED_IN_ENGINE: Readonly<Record<EngineLimitName, Pick<WorkerQuotaRow, 'reached' | 'event'>>> = {
  fuel: { reached: ENDS, event: 'limit' },
  memoryPages: { reached: '`memory.grow` gives -1', event: 'limited' },
  tableElements: { reached: '`table.grow` gives -1', event: null },
  heapBytes: { reached: 'no snapshot is taken, or taken up', event: null },
  stackDepth: { reached: ENDS, event: 'limit' },
  wallClockMs: { reached: ENDS, event: 'limit' },
  fuelPerSecond: { reached: 'its next turn comes later', event: 'limited' },
};

/** Those of the host ABI that are told of; the guest gets the code of its call in any case. */
const TOLD: ReadonlySet<AbiLimitName> = new Set<AbiLimitName>([
  'storageBytes',
  'logBytesPerSecond',
  'hostCallsPerSecond',
  'fetchesPerSecond',
]);

const BUNDLE_ROW: WorkerQuotaRow = {
  default: 64 * GIB,
  max: 64 * GIB,
  unit: 'bytes of the bundle that it is made of',
  field: 'bundle',
  reached: 'the worker is not made',
  event: 'limited',
};

/** Every limit of a worker. */
export const WORKER_QUOTAS = {
  ...Object.fromEntries(
    Object.entries(LIMITS).map(([name, row]) => [
      name,
      { ...row, field: 'limits', ...REACHED_IN_ENGINE[name as EngineLimitName] },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(ABI_LIMITS).map(([name, row]) => [
      name,
      { ...row, field: 'hostLimits', event: TOLD.has(name as AbiLimitName) ? 'limited' : null },
    ]),
  ),
  bundleBytes: BUNDLE_ROW,
} as Readonly<Record<WorkerQuotaName, WorkerQuotaRow>>; // a row for each key of the two tables, and that of bundles

const NAMES = Object.keys(WORKER_QUOTAS) as readonly WorkerQuotaName[]; // keys of the table

/** Rows of what an operator may set: any value of a limit, to begin with its largest. */
export const WORKER_MAXIMUMS = Object.fromEntries(
  NAMES.map((name) => [name, { ...WORKER_QUOTAS[name], default: WORKER_QUOTAS[name].max }]),
) as Readonly<Record<WorkerQuotaName, WorkerQuotaRow>>; // one per name

/** Limits that a manifest may name. */
export const WORKER_DEFAULTS = Object.fromEntries(
  NAMES.filter((name) => WORKER_QUOTAS[name].field !== 'bundle').map((name) => [name, WORKER_QUOTAS[name]]),
) as Readonly<Record<Exclude<WorkerQuotaName, 'bundleBytes'>, WorkerQuotaRow>>; // one per name but that

/** What a manifest asks for beyond what it may. */
export interface Excess {
  readonly limit: WorkerQuotaName;
  readonly asked: number;
  readonly max: number;
}

export class WorkerQuotas {
  readonly #maximums: Readonly<Record<WorkerQuotaName, number>>;
  readonly #limits: WorkerLimits;
  readonly #hostLimits: AbiLimits;

  /**
   * @param defaults Where a manifest says nothing; what is left out has the default of its row, or the maximum where that is less.
   * @param maximums What a manifest may ask for at most.
   * @throws PluvioError `LIMIT_OUT_OF_RANGE`
   */
  constructor(defaults: AskedLimits<WorkerQuotaName> = {}, maximums: AskedLimits<WorkerQuotaName> = {}) {
    resolveLimits(WORKER_DEFAULTS, defaults, 'default of worker limit');
    this.#maximums = resolveLimits(WORKER_MAXIMUMS, maximums, 'maximum of worker limit');
    const limits: Record<string, number> = {};
    const hostLimits: Record<string, number> = {};
    for (const name of NAMES) {
      const { field, default: usual } = WORKER_QUOTAS[name];
      const max = this.#maximums[name];
      const value = defaults[name] ?? Math.min(usual, max);
      if (value > max) {
        const message = `default of worker limit ${name} is ${value}; it must be at most ${max}, the maximum that is set`;
        throw new PluvioError('LIMIT_OUT_OF_RANGE', message, { limit: name, max });
      }
      // What is as in the tables need not be said again to every worker.
      if (value !== usual) (field === 'limits' ? limits : hostLimits)[name] = value;
    }
    const { fuel, ...rest } = limits;
    this.#limits = { ...rest, ...(fuel === undefined ? {} : { fuel: BigInt(fuel) }) };
    this.#hostLimits = hostLimits;
  }

  /** What a manifest, or its bundle, has beyond the maximum; undefined: nothing. */
  excessOf({ limits = {}, hostLimits = {} }: WorkerManifest, bundleBytes: number): Excess | undefined {
    const asked: Readonly<Record<string, number | bigint | undefined>> = { ...limits, ...hostLimits, bundleBytes };
    for (const limit of NAMES) {
      const value = Number(asked[limit] ?? 0);
      const max = this.#maximums[limit];
      if (value > max) return { limit, asked: value, max };
    }
    return undefined;
  }

  /** The value of a limit for a worker with that manifest. */
  valueOf(manifest: WorkerManifest, limit: string): number {
    const values: Readonly<Record<string, number | bigint | undefined>> = {
      ...this.limitsOf(manifest),
      ...this.hostLimitsOf(manifest),
    };
    return Number(values[limit] ?? WORKER_QUOTAS[limit as WorkerQuotaName].default); // a name that the engine has
  }

  /** The engine's limits of a worker with that manifest. */
  limitsOf({ limits }: WorkerManifest): WorkerLimits {
    return { ...this.#limits, ...limits };
  }

  /** The limits of its host ABI. */
  hostLimitsOf({ hostLimits }: WorkerManifest): AbiLimits {
    return { ...this.#hostLimits, ...hostLimits };
  }
}
