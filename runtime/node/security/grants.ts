/**
 * Which capabilities a worker gets: what its manifest asks for, as far as the node grants it to its tenant. Nothing is granted by default.
 *
 * Scopes are compared as the host ABI compares them (docs/abi.md); those of a capability that it does not know as names, with `*` at the end
 * for all that begin so. A manifest that asks for more than is granted is refused whole: a worker never runs with less than it
 * was written for.
 */
import { PluvioError } from '../../errors/index.ts';
import { type CapabilityName, Grants, isCapability } from '../../host/abi/capabilities.ts';
import { coversPattern } from './patterns.ts';

/** Scopes by capability, as manifests and configs have them. */
export type Capabilities = Readonly<Record<string, readonly string[]>>;

export interface GrantTable {
  /** To workers of every tenant. */
  readonly all: Capabilities;
  /** Besides, by tenant. */
  readonly tenants: Readonly<Record<string, { readonly grants?: Capabilities } | undefined>>;
}

/** Which of the scopes asked for are not granted. */
function scopesBeyond(capability: string, granted: readonly string[], asked: readonly string[]): readonly string[] {
  if (!isCapability(capability)) return asked.filter((scope) => !granted.some((wide) => coversPattern(wide, scope)));
  const grants = new Grants({ [capability satisfies CapabilityName]: granted });
  return asked.filter((scope) => !grants.covers(capability, scope) && !granted.includes(scope));
}

const scopesOf = (grants: Capabilities | undefined, capability: string): readonly string[] | undefined =>
  grants !== undefined && Object.hasOwn(grants, capability) ? grants[capability] : undefined;

/** Every capability of a manifest that is not granted, with the scopes that are not; no scopes: it has none. */
export function missingGrants(table: GrantTable, tenant: string, asked: Capabilities): [string, readonly string[]][] {
  const own = Object.hasOwn(table.tenants, tenant) ? table.tenants[tenant]?.grants : undefined;
  return Object.entries(asked).flatMap(([capability, scopes]): [string, readonly string[]][] => {
    const granted = [scopesOf(table.all, capability), scopesOf(own, capability)].filter((list) => list !== undefined);
    if (granted.length === 0) return [[capability, scopes]];
    const missing = scopesBeyond(capability, granted.flat(), scopes);
    return missing.length === 0 ? [] : [[capability, missing]];
  });
}

/** @throws PluvioError `FORBIDDEN`, `INVALID_ARGUMENT` a granted scope is none of that capability */
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
