/** Who asks, and what they may do. */
import { assert, PluvioError } from '../../errors/index.ts';
import { DEFAULT_TENANT } from '../worker-record.ts';
import { matchesAny } from './patterns.ts';
import type { Verb } from './verbs.ts';

export interface Identity {
  /** Who the right was given to, with those who narrowed it: `alice/ci`. */
  readonly subject: string;
  /** The only tenant; undefined: all. */
  readonly tenant: string | undefined;
  readonly verbs: ReadonlySet<Verb>;
  /** Patterns of names of workers; undefined: all. */
  readonly workers: readonly string[] | undefined;
}

/** Whether the right is one to the node as a whole. */
export const isNarrowed = ({ tenant, workers }: Identity): boolean => tenant !== undefined || workers !== undefined;

/** Who asks for an operation that is not public. */
export function identityOf(identity: Identity | undefined): Identity {
  assert(identity !== undefined, 'only public operations are asked for by nobody');
  return identity;
}

/** A worker as rights see it. */
export interface WorkerOfTenant {
  readonly name: string;
  readonly tenant: string;
}

/** Whether a worker is one that the right reaches, whatever the verb. For lists and events. */
export const reaches = ({ tenant, workers }: Identity, worker: WorkerOfTenant): boolean =>
  (tenant === undefined || tenant === worker.tenant) && matchesAny(workers, worker.name);

/** @throws PluvioError `FORBIDDEN` */
export function checkVerb({ verbs }: Identity, verb: Verb): void {
  if (!verbs.has(verb)) throw new PluvioError('FORBIDDEN', `the token does not cover the verb ${verb}`, { verb });
}

/** @throws PluvioError `FORBIDDEN` */
export function checkReach(identity: Identity, worker: WorkerOfTenant): void {
  if (reaches(identity, worker)) return;
  throw new PluvioError('FORBIDDEN', `the token does not cover worker "${worker.name}"`, { worker: worker.name });
}

/**
 * The tenant of a worker that somebody makes: the caller's own, or one that somebody with the verb `admin` names.
 * @throws PluvioError `FORBIDDEN`
 */
export function tenantForNew(identity: Identity, name: string, asked: string | undefined): string {
  const { tenant: own, verbs } = identity;
  if (asked !== undefined && asked !== own && (own !== undefined || !verbs.has('admin'))) {
    const message = `the token does not cover workers of tenant "${asked}"`;
    throw new PluvioError('FORBIDDEN', message, { tenant: asked });
  }
  const tenant = asked ?? own ?? DEFAULT_TENANT;
  checkReach(identity, { name, tenant });
  return tenant;
}

/** The tenant whose bundles a narrowed right reaches; undefined: those of all. */
export const bundleTenantOf = (identity: Identity): string | undefined =>
  isNarrowed(identity) ? (identity.tenant ?? DEFAULT_TENANT) : undefined;
