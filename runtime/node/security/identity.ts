/** Who asks, and what they may do. */
import { PluvioError } from '../../errors/index.ts';
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
