/**
 * Who may write to whom across tenants.
 *
 * A worker writes to workers of its own tenant as far as its manifest says. To one of another tenant it may write only if the operator has
 * granted its tenant `mailbox.send` with that worker's name as a scope: `*` is all of its own tenant.
 * Topics are those of a tenant: what is published reaches subscribers of the same tenant alone.
 */
import type { GrantTable } from './security/grants.ts';
import { DEFAULT_TENANT } from './worker-record.ts';

const CAPABILITY = 'mailbox.send';

/** Whether a worker of that tenant may write to a worker; one that is not here is looked at when it is. */
export type TenantBoundary = (tenant: string, to: string) => boolean;

export const tenantBoundary =
  ({ all, tenants }: GrantTable, tenantOf: (worker: string) => string | undefined): TenantBoundary =>
  (tenant, to) => {
    const other = tenantOf(to);
    if (other === undefined || other === tenant) return true;
    const own = Object.hasOwn(tenants, tenant) ? tenants[tenant]?.grants?.[CAPABILITY] : undefined;
    return all[CAPABILITY]?.includes(to) === true || own?.includes(to) === true;
  };

/** No topic of a guest has it: names are without control characters. */
const SEPARATOR = '\u0000';

/** A topic as the store has it. */
export const topicOf = (tenant: string, topic: string): string =>
  tenant === DEFAULT_TENANT ? topic : `${tenant}${SEPARATOR}${topic}`;
