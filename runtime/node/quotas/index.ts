export { limitsDocument } from './limits-doc.ts';
export { NodeQuotas, type QuotaOptions } from './node-quotas.ts';
export { resolveTenantLimits, TENANT_LIMITS, type TenantLimitName, type TenantLimits } from './tenant-limits.ts';
export {
  WORKER_DEFAULTS,
  WORKER_MAXIMUMS,
  WORKER_QUOTAS,
  WorkerQuotas,
  type WorkerQuotaName,
} from './worker-quotas.ts';
