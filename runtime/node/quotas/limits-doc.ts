/** docs/limits.md, from the tables of limits. */
import { TENANT_LIMITS, type TenantLimitRow } from './tenant-limits.ts';
import { WORKER_QUOTAS, type WorkerQuotaRow } from './worker-quotas.ts';

const INTRO = `<!-- Written by \`node scripts/write-docs.ts\` from runtime/node/quotas. -->

# Limits of workers and tenants

What a worker and all workers of a tenant may take on one node. [config.md](config.md) has the settings, and the limits of the node as a whole.

- Each limit has a default, which holds where nobody says anything, and a range that an operator may set it in.
- What is refused changes nothing. The error names the limit and its value; where the same may succeed later it says when
  (\`Retry-After\`).
- A limit that is reached is told by the event \`limited\`, \`{scope, limit, action, max, tenant}\`, at most once a second for each worker or tenant;
  the metric \`pluvio_limits_reached_total\` counts, by \`scope\` and \`limit\`: what is refused every time, what engines tell once a second. A limit that ends a call is told by the event \`limit\`.
  \`pluvio_worker_limits_reached_total\` counts both by worker.`;

const WORKER = `## A worker

A manifest asks for a limit in the field that the table names. Where it says nothing the default holds, which the setting \`workerLimits.NAME\` changes.
\`workerMaximums.NAME\` is the most that a manifest may ask for: a worker that asks for more is not made, not updated and not taken over from another
node (\`LIMIT_OUT_OF_RANGE\`). Where the maximum lies below the default the default is the maximum. Workers that are there keep what they asked for when a maximum is
lowered; those that asked for nothing have the new default when they come into memory next.`;

const TENANT = `## A tenant

\`tenants.TENANT.limits.NAME\` sets a limit of one tenant, \`tenantLimits.NAME\` that of every tenant without one of its own. They hold on one node, for
all workers of the tenant together. To begin with a tenant may have what the node has.

- Memory, storage and fuel are counted over all engine threads at once. Engines that are processes of their own cannot count together: there each gets
  its part, the limit divided by the number of engines.
- Storage counts what \`storageBytes\` of the host ABI counts, of workers in memory and of those that sleep. Checkpoints are not in it.
- A second's worth of calls may come at once. Messages from worker to worker are not counted: the rates of their senders hold for them.
- A bundle counts for each tenant that has sent it, or whose worker's state it is; the bundle of a worker that came by a move counts for none.`;

const code = (text: string): string => `\`${text}\``;
const limitsTable = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const workerRow = ([name, row]: readonly [string, WorkerQuotaRow]): (string | number)[] => [
  code(name),
  row.field === 'bundle' ? '' : code(row.field),
  row.default,
  row.min ?? 0,
  row.max,
  row.unit,
  row.reached,
  row.event === null ? 'none: the guest is told' : code(row.event),
];

const tenantRow = ([name, row]: readonly [string, TenantLimitRow]): (string | number)[] => [
  code(name),
  row.default,
  row.min ?? 0,
  row.max,
  row.unit,
  row.reached,
  code('limited'),
];

export function limitsDocument(): string {
  const workers = limitsTable(
    ['limit', 'field', 'default', 'least', 'most', 'unit', 'when it is reached', 'event'],
    Object.entries(WORKER_QUOTAS).map(workerRow),
  );
  const tenants = limitsTable(
    ['limit', 'default', 'least', 'most', 'unit', 'when it is reached', 'event'],
    Object.entries<TenantLimitRow>(TENANT_LIMITS).map(tenantRow),
  );
  return `${[INTRO, WORKER, workers, TENANT, tenants].join('\n\n')}\n`;
}
