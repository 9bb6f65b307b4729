/** Which registries a node pulls from: entries of its config, as `registry.example.org`, `registry.example.org/team`, `http://10.1.2.3:5000`. */
import { parseReference, type RegistryReference, referenceText } from '../../bundle/registry/index.ts';
import { PluvioError } from '../../errors/index.ts';

interface Rule {
  readonly registry: string;
  /** The repository of that name and those below it; undefined: all. */
  readonly repository: string | undefined;
  readonly plainHttp: boolean;
}

const PLAIN = 'http://';
const TLS = 'https://';

/** @throws PluvioError `INVALID_ARGUMENT` */
function parseRule(text: string): Rule {
  const plainHttp = text.startsWith(PLAIN);
  const place = plainHttp ? text.slice(PLAIN.length) : text.startsWith(TLS) ? text.slice(TLS.length) : text;
  const isWhole = !place.includes('/');
  try {
    const { registry, repository, tag, digest } = parseReference(isWhole ? `${place}/any` : place);
    const isPlace = digest === undefined && tag === 'latest' && !place.endsWith(':latest');
    if (isPlace) return { registry, repository: isWhole ? undefined : repository, plainHttp };
  } catch (cause) {
    if (!(cause instanceof PluvioError)) throw cause;
  }
  throw new PluvioError(
    'INVALID_ARGUMENT',
    `cannot allow registry ${JSON.stringify(text.slice(0, 100))}: it must be host[:port], or host[:port]/repository`,
  );
}

/** What is wrong with an entry; undefined: nothing. */
export function ruleFault(text: string): string | undefined {
  try {
    parseRule(text);
    return undefined;
  } catch (error) {
    return (error as Error).message; // parseRule throws PluvioError alone
  }
}

export class RegistryRules {
  readonly #rules: readonly Rule[];

  /** @throws PluvioError `INVALID_ARGUMENT` */
  constructor(allow: readonly string[]) {
    this.#rules = allow.map(parseRule);
  }

  /**
   * How a listed registry is spoken to.
   * @throws PluvioError `REGISTRY_REFUSED`
   */
  check(reference: RegistryReference): { readonly plainHttp: boolean } {
    const rule = this.#rules.find(({ registry, repository }) => {
      const isBelow = repository === undefined || `${reference.repository}/`.startsWith(`${repository}/`);
      return registry === reference.registry && isBelow;
    });
    if (rule !== undefined) return rule;
    throw new PluvioError(
      'REGISTRY_REFUSED',
      `cannot pull ${referenceText(reference)}: this node pulls from ${this.#rules.length} registries or repositories, and from no other; it must be listed in registries.allow`,
      { registry: reference.registry },
    );
  }
}
