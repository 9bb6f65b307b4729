export { type AskedLimits, type LimitRow, resolveLimits } from './limit-table.ts';
