/**
 * Which capabilities a worker gets: what its manifest asks for, as far as the node grants it to its tenant. Nothing is granted by default.
 *
 * A granted scope may end in `*`. A manifest that asks for more than is granted is refused whole: a worker never runs with less than it
 * was written for.
 */
import { PluvioError } from '../../errors/index.ts';
import { coversPattern } from './patterns.ts';

/** Scopes by capability, as manifests and configs have them. */
export type Capabilities = Readonly<Record<string, readonly string[]>>;

export interface GrantTable {
  /** To workers of every tenant. */
  readonly all: Capabilities;
  /** Besides, by tenant. */
  readonly tenants: Readonly<Record<string, { readonly grants?: Capabilities } | undefined>>;
}

const scopesOf = (grants: Capabilities | undefined, capability: string): readonly string[] | undefined =>
  grants !== undefined && Object.hasOwn(grants, capability) ? grants[capability] : undefined;

/** Every capability of a manifest that is not granted, with the scopes that are not; no scopes: the capability itself. */
export function missingGrants(table: GrantTable, tenant: string, asked: Capabilities): [string, readonly string[]][] {
  const own = Object.hasOwn(table.tenants, tenant) ? table.tenants[tenant]?.grants : undefined;
  return Object.entries(asked).flatMap(([capability, scopes]): [string, readonly string[]][] => {
    const granted = [scopesOf(table.all, capability), scopesOf(own, capability)].filter((list) => list !== undefined);
    if (granted.length === 0) return [[capability, []]];
    const missing = scopes.filter((scope) => !granted.flat().some((wide) => coversPattern(wide, scope)));
    return missing.length === 0 ? [] : [[capability, missing]];
  });
}

/** @throws PluvioError `FORBIDDEN` */
export function checkGrants(table: GrantTable, worker: { name: string; tenant: string }, asked: Capabilities): void {
  const missing = missingGrants(table, worker.tenant, asked);
  if (missing.length === 0) return;
  const list = missing.map(([capability, scopes]) => [capability, ...scopes].join(' '));
  throw new PluvioError(
    'FORBIDDEN',
    `worker "${worker.name}" asks for what tenant "${worker.tenant}" is not granted: ${list.join(', ')}`,
    { missing: list },
  );
}
