import { round } from '../bench/statistics.ts';
import type { AbuseTotals } from './campaign.ts';

/** What a campaign prints last. */
export interface AbuseSummary {
  readonly requests: number;
  /** Exchanges whose answer was missing, malformed, or a refusal without a code. */
  readonly uncoded: number;
  readonly crashes: number;
  /** Of well-behaved clients, with abuse to without. */
  readonly p99_ratio: number;
  readonly p99_quiet_ms: number;
  readonly p99_abused_ms: number;
  /** While another node of the same machine is abused: below this no node can be. */
  readonly p99_elsewhere_ms: number;
  readonly rss_growth_mib: number;
  readonly heap_growth_mib: number;
  readonly fds_growth: number;
  /** Files of the data directory: a node keeps blobs for a while that nobody refers to, so this is no finding. */
  readonly files_growth: number;
  readonly bundles_growth: number;
  /** Kinds of handles of which there are more than before. */
  readonly handles: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
  readonly seed: number;
}

/** More than this is a finding. */
export const ABUSE_MAX = { p99Ratio: 2, heapGrowthMib: 16, residentGrowthMib: 128, descriptors: 4 } as const;

const MIB = 2 ** 20;

/** The value that a share of all values does not exceed. @throws RangeError if there are no values */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('a quantile of no values');
  return value;
}

export function abuseSummary(totals: AbuseTotals, seed: number): AbuseSummary {
  const { before, after, findings, quietMs, abusedMs, elsewhereMs } = totals;
  const p99 = (values: readonly number[]): number => (values.length === 0 ? Number.NaN : round(quantile(values, 0.99)));
  const handles = Object.entries(after.handles)
    .map(([kind, count]) => [kind, count - (before.handles[kind] ?? 0)] as const)
    .filter(([, more]) => more > 0);
  const quiet = p99(quietMs);
  const abused = p99(abusedMs);
  return {
    requests: totals.requests,
    uncoded: [...findings.values()].reduce((sum, { count }) => sum + count, 0),
    crashes: totals.crash === undefined ? 0 : 1,
    p99_ratio: round(abused / quiet),
    p99_quiet_ms: quiet,
    p99_abused_ms: abused,
    p99_elsewhere_ms: p99(elsewhereMs),
    rss_growth_mib: round((after.residentBytes - before.residentBytes) / MIB),
    heap_growth_mib: round((after.heapBytes + after.externalBytes - before.heapBytes - before.externalBytes) / MIB),
    fds_growth: after.descriptors - before.descriptors,
    files_growth: totals.stored.after - totals.stored.before,
    bundles_growth: totals.bundles.after - totals.bundles.before,
    handles: Object.fromEntries(handles),
    findings: [...findings.values()].map(({ attack, fault, count }) => `${attack}: ${fault} (${count})`).sort(),
    seed,
  };
}

/** Everything that must not be, in words; `timed`: also what a busy machine spoils. */
export function violationsOf(summary: AbuseSummary, timed: boolean): readonly string[] {
  const bounds = [
    { what: 'uncoded answers', found: summary.uncoded, most: 0 },
    { what: 'crashes', found: summary.crashes, most: 0 },
    { what: 'descriptors more than before', found: summary.fds_growth, most: ABUSE_MAX.descriptors },
    { what: 'bundles more than before', found: summary.bundles_growth, most: 0 },
    { what: 'MiB of heap more than before', found: summary.heap_growth_mib, most: ABUSE_MAX.heapGrowthMib },
    {
      what: 'MiB of resident memory more than before',
      found: summary.rss_growth_mib,
      most: ABUSE_MAX.residentGrowthMib,
    },
    ...(timed ? [{ what: 'times the p99 of quiet times', found: summary.p99_ratio, most: ABUSE_MAX.p99Ratio }] : []),
  ];
  return bounds
    .filter(({ found, most }) => !(found <= most))
    .map(({ what, found, most }) => `${found} ${what}; at most ${most}`);
}
