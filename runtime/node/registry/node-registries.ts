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

export const PULL_DEFAULTS = { timeoutMs: 600_000, pulls: 4 } as const;

export class NodeRegistries {
  readonly #options: NodeRegistriesOptions;
  readonly #rules: RegistryRules;
  readonly #opened: OpenRegistryFetch;
  #underWay = 0;

  /** @throws PluvioError `INVALID_ARGUMENT` */
  constructor(options: NodeRegistriesOptions) {
    this.#options = options;
    this.#rules = new RegistryRules(options.allow ?? []);
    const { allowPrivate = [], resolve } = options;
    this.#opened = openRegistryFetch(resolve === undefined ? { allowPrivate } : { allowPrivate, resolve });
  }

  /**
   * Pulls a bundle; its signature is what the node asks for.
   * @throws PluvioError `INVALID_ARGUMENT`, `REGISTRY_…`, `BUNDLE_…`, `CREDENTIALS_FAILED`, `ABORTED`
   */
  async pull(text: string, { known, signal }: Pick<PullOptions, 'known' | 'signal'>): Promise<Pulled> {
    const { codecs, bundleLimits, trust, credentials, timeoutMs, pulls } = this.#options;
    const reference = parseReference(text);
    const { plainHttp } = this.#rules.check(reference);
    const most = pulls ?? PULL_DEFAULTS.pulls;
    if (this.#underWay >= most)
      throw new PluvioError(
        'REGISTRY_BUSY',
        `cannot pull ${text}: ${this.#underWay} pulls are under way; limit is ${most}`,
      );
    this.#underWay++;
    try {
      return await pullBundle(reference, {
        codecs,
        bundleLimits,
        trust,
        plainHttp,
        fetch: this.#opened.fetch,
        limits: { operationMs: timeoutMs ?? PULL_DEFAULTS.timeoutMs },
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
