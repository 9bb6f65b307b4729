/** Rights that a manifest asks for and a node grants, and how their scopes restrict them. */
import { PluvioError } from '../../errors/index.ts';
import { HOST_CALLS, type HostCallRow } from './host-call-table.ts';
import { coversUrl, isUrlScope } from './url-scopes.ts';

/** How a scope is compared with what a call names. */
interface ScopeRule {
  /** For docs/abi.md. */
  readonly meaning: string;
  isScope(scope: string): boolean;
  covers(scope: string, name: string): boolean;
}

const SCOPE_RULES = {
  none: { meaning: 'none', isScope: () => false, covers: () => false },
  name: {
    meaning: 'a name, or `*` for all',
    isScope: (scope) => scope.length > 0,
    covers: (scope, name) => scope === name || scope === '*',
  },
  prefix: {
    meaning: 'a name; with `*` at its end, all that begin so',
    isScope: (scope) => scope.length > 0 && !scope.slice(0, -1).includes('*'),
    covers: (scope, name) => (scope.endsWith('*') ? name.startsWith(scope.slice(0, -1)) : scope === name),
  },
  url: {
    meaning:
      'origin and path prefix (`https://api.example.com/v1/`); `https://*.example.com` for all hosts below that one; `*` for all',
    isScope: isUrlScope,
    covers: coversUrl,
  },
} as const satisfies Record<string, ScopeRule>;

interface CapabilityRow {
  readonly scopes: keyof typeof SCOPE_RULES;
  readonly summary: string;
}

export const CAPABILITIES = {
  config: { scopes: 'name', summary: 'read these keys of the configuration' },
  secrets: { scopes: 'name', summary: 'read these secrets' },
  kv: { scopes: 'none', summary: 'keep keys and values of its own' },
  blob: { scopes: 'none', summary: 'keep blobs of its own' },
  timers: { scopes: 'none', summary: 'be called at times that it sets' },
  'mailbox.receive': { scopes: 'none', summary: 'take and answer messages' },
  'mailbox.send': { scopes: 'name', summary: 'send messages to these workers, and call them' },
  'topics.publish': { scopes: 'prefix', summary: 'publish to these topics' },
  'topics.subscribe': { scopes: 'prefix', summary: 'subscribe to these topics' },
  'http.outbound': { scopes: 'url', summary: 'send HTTP requests to these addresses' },
  checkpoint: { scopes: 'none', summary: 'have its state made durable when it asks' },
} as const satisfies Record<string, CapabilityRow>;

export type CapabilityName = keyof typeof CAPABILITIES;

/** What the scopes of a capability mean, for documents. */
export const scopeMeaning = (capability: CapabilityName): string =>
  SCOPE_RULES[CAPABILITIES[capability].scopes].meaning;

/** What one worker may do. */
export class Grants {
  readonly #scopes = new Map<CapabilityName, readonly string[]>();

  /** @throws PluvioError `INVALID_ARGUMENT` a scope that the capability does not have */
  constructor(grants: Readonly<Record<string, readonly string[]>>) {
    for (const [name, scopes] of Object.entries(grants)) {
      if (!isCapability(name)) continue;
      const rule: ScopeRule = SCOPE_RULES[CAPABILITIES[name].scopes];
      for (const scope of scopes) {
        if (rule.isScope(scope)) continue;
        throw new PluvioError(
          'INVALID_ARGUMENT',
          `cannot grant ${name} with the scope ${JSON.stringify(scope)}: its scopes are ${rule.meaning}`,
          { capability: name },
        );
      }
      this.#scopes.set(name, [...scopes]);
    }
  }

  has(capability: CapabilityName): boolean {
    return this.#scopes.has(capability);
  }

  /** Whether one of the capability's scopes covers that name. */
  covers(capability: CapabilityName, name: string): boolean {
    const rule: ScopeRule = SCOPE_RULES[CAPABILITIES[capability].scopes];
    return this.#scopes.get(capability)?.some((scope) => rule.covers(scope, name)) === true;
  }
}

export const isCapability = (name: string): name is CapabilityName => Object.hasOwn(CAPABILITIES, name);

export interface RequiredCapability {
  readonly capability: CapabilityName;
  readonly summary: string;
  /** The imports that need it. */
  readonly calls: readonly string[];
}

/**
 * What a module could ask for, by its imports, in the order of the table: without these rights some of its calls give `DENIED`.
 * @param imports Of the module, all of them.
 */
export function requiredCapabilities(
  imports: readonly { readonly module: string; readonly name: string }[],
): RequiredCapability[] {
  const table: Readonly<Record<string, HostCallRow>> = HOST_CALLS;
  const calls = imports.flatMap(({ module, name }) => {
    const capability = module === 'pluvio_v1' && Object.hasOwn(table, name) ? table[name]?.capability : undefined;
    return capability === undefined ? [] : [{ name, capability }];
  });
  return (Object.keys(CAPABILITIES) as CapabilityName[]).flatMap((capability) => {
    const names = calls.filter((call) => call.capability === capability).map(({ name }) => name);
    return names.length === 0 ? [] : [{ capability, summary: CAPABILITIES[capability].summary, calls: names }];
  });
}
