/**
 * Who may deploy what where: a row per publisher's key.
 *
 * Invariants:
 * 1. With at least one publisher every bundle needs a signature of one of them; a bare module has none and is refused.
 * 2. A key may stand in several rows; what one of them allows whole is allowed. Rows do not add up.
 */
import type { TrustPolicy } from '../../bundle/index.ts';
import { PluvioError } from '../../errors/index.ts';
import { parsePublicKey, publicKeyText } from './ed25519-keys.ts';
import { matchesAny } from './patterns.ts';

/** A publisher, and patterns of what it may deploy; what is left out is not narrowed. */
export interface Publisher {
  /** Ed25519 public key, base64url. */
  readonly key: string;
  /** Names of workers. */
  readonly names?: readonly string[];
  readonly tenants?: readonly string[];
  /** Capabilities that a manifest may ask for. */
  readonly capabilities?: readonly string[];
}

/** What is to be deployed. */
export interface Deployment {
  /** Of whoever signed the bundle; undefined: nobody. The signature itself was verified. */
  readonly publicKey: Uint8Array | undefined;
  readonly name: string;
  readonly tenant: string;
  readonly capabilities: readonly string[];
}

/** Each part of a deployment that a row can narrow: the first value that the row does not allow. */
const OUTSIDE: Readonly<Record<string, (row: Publisher, deployment: Deployment) => string | undefined>> = {
  worker: ({ names }, { name }) => (matchesAny(names, name) ? undefined : name),
  tenant: ({ tenants }, { tenant }) => (matchesAny(tenants, tenant) ? undefined : tenant),
  capability: (row, { capabilities }) => capabilities.find((asked) => !matchesAny(row.capabilities, asked)),
};

function outside(row: Publisher, deployment: Deployment): string | undefined {
  for (const [what, find] of Object.entries(OUTSIDE)) {
    const found = find(row, deployment);
    if (found !== undefined) return `${what} "${found}"`;
  }
  return undefined;
}

export class PublisherPolicy {
  readonly #publishers: ReadonlyMap<string, readonly Publisher[]>;
  readonly #signatureRequired: boolean;

  /** @throws PluvioError `KEY_INVALID` */
  constructor(publishers: readonly Publisher[], signatureRequired = false) {
    for (const { key } of publishers) parsePublicKey(key);
    this.#publishers = Map.groupBy(publishers, ({ key }) => key);
    this.#signatureRequired = signatureRequired || publishers.length > 0;
  }

  /** What the bundle layer checks of every upload. */
  get trustPolicy(): TrustPolicy {
    const signatureRequired = this.#signatureRequired;
    if (this.#publishers.size === 0) return { signatureRequired };
    return { signatureRequired, keys: [...this.#publishers.keys()].map(parsePublicKey) };
  }

  /**
   * Decides on a deployment.
   * @throws PluvioError `BUNDLE_UNSIGNED`, `BUNDLE_UNTRUSTED`
   */
  check(deployment: Deployment): void {
    if (deployment.publicKey === undefined) {
      if (!this.#signatureRequired) return;
      throw new PluvioError(
        'BUNDLE_UNSIGNED',
        `cannot deploy "${deployment.name}": it has no signature; this node asks for one`,
      );
    }
    if (this.#publishers.size === 0) return;
    const publicKey = publicKeyText(deployment.publicKey);
    const faults = (this.#publishers.get(publicKey) ?? []).map((row) => outside(row, deployment));
    if (faults.includes(undefined)) return;
    const reason = faults[0] === undefined ? 'is not trusted here' : `may not deploy ${faults[0]}`;
    throw new PluvioError('BUNDLE_UNTRUSTED', `cannot deploy "${deployment.name}": the key ${publicKey} ${reason}`, {
      publicKey,
    });
  }
}
