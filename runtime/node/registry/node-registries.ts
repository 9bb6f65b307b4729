/** Bundles that a node reads from registries by itself: from those that its config lists, at public or allowed addresses. */
import type { BundleCodecs, BundleLimits, TrustPolicy } from '../../bundle/index.ts';
import {
  type CredentialSource,
  parseReference,
  pullBundle,
  type Pulled,
  type PullOptions,
} from '../../bundle/registry/index.ts';
import { PluvioError } from '../../errors/index.ts';
import { type LimitRow, resolveLimits } from '../../limits/index.ts';
import type { Resolve } from '../outbound-lookup.ts';
import { openRegistryFetch, type OpenRegistryFetch } from './registry-fetch.ts';
import { RegistryRules } from './registry-rules.ts';

export interface RegistrySettings {
  /** Registries, or repositories of them, that bundles are pulled from. Default: none. */
  readonly allow?: readonly string[];
  /** Addresses and networks that may be connected to although they are not public. */
  readonly allowPrivate?: readonly string[];
  readonly credentials?: CredentialSource;
  /** A pull as a whole. Default: 600,000. */
  readonly timeoutMs?: number;
  /** Pulls at the same time; more are refused. Default: 4. */
  readonly pulls?: number;
  /** Gives the addresses of a name. Default: the system's resolver. */
  readonly resolve?: Resolve;
}

export interface NodeRegistriesOptions extends RegistrySettings {
  readonly codecs: BundleCodecs;
  readonly bundleLimits: BundleLimits;
  readonly trust: TrustPolicy;
}

/** Limits of what a node pulls. */
export const PULL_LIMITS = {
  timeoutMs: { default: 600_000, min: 1000, max: 86_400_000, unit: 'ms' },
  pulls: { default: 4, min: 1, max: 256, unit: 'pulls' },
} as const satisfies Record<string, LimitRow>;

export class NodeRegistries {
  readonly #options: NodeRegistriesOptions;
  readonly #rules: RegistryRules;
  readonly #opened: OpenRegistryFetch;
  readonly #limits: Readonly<Record<keyof typeof PULL_LIMITS, number>>;
  #underWay = 0;

  /** @throws PluvioError `INVALID_ARGUMENT`, `LIMIT_OUT_OF_RANGE` */
  constructor(options: NodeRegistriesOptions) {
    this.#options = options;
    this.#limits = resolveLimits(PULL_LIMITS, { timeoutMs: options.timeoutMs, pulls: options.pulls }, 'registry limit');
    this.#rules = new RegistryRules(options.allow ?? []);
    const { allowPrivate = [], resolve } = options;
    this.#opened = openRegistryFetch(resolve === undefined ? { allowPrivate } : { allowPrivate, resolve });
  }

  /**
   * Pulls a bundle; its signature is what the node asks for.
   * @throws PluvioError `INVALID_ARGUMENT`, `REGISTRY_…`, `BUNDLE_…`, `CREDENTIALS_FAILED`, `ABORTED`
   */
  async pull(text: string, { known, signal }: Pick<PullOptions, 'known' | 'signal'>): Promise<Pulled> {
    const { codecs, bundleLimits, trust, credentials } = this.#options;
    const { timeoutMs, pulls } = this.#limits;
    const reference = parseReference(text);
    const { plainHttp } = this.#rules.check(reference);
    if (this.#underWay >= pulls)
      throw new PluvioError(
        'REGISTRY_BUSY',
        `cannot pull ${text}: ${this.#underWay} pulls are under way; limit is ${pulls}`,
      );
    this.#underWay++;
    try {
      return await pullBundle(reference, {
        codecs,
        bundleLimits,
        trust,
        plainHttp,
        fetch: this.#opened.fetch,
        limits: { operationMs: timeoutMs },
        ...(credentials === undefined ? {} : { credentials }),
        ...(known === undefined ? {} : { known }),
        ...(signal === undefined ? {} : { signal }),
      });
    } finally {
      this.#underWay--;
    }
  }

  /** Ends all connections. */
  close(): Promise<void> {
    return this.#opened.close();
  }
}
