import type { Totals } from './campaign.ts';

/** What the fuzzer prints last. */
export interface Summary {
  readonly cases: number;
  /** Cases that were refused with a code; that ran. */
  readonly coded: number;
  readonly ran: number;
  readonly byCode: Readonly<Record<string, number>>;
  /** How often each target refused and ran. */
  readonly byTarget: Readonly<Record<string, { readonly coded: number; readonly ran: number }>>;
  readonly uncoded: number;
  readonly hangs: number;
  readonly crashes: number;
  readonly findings: readonly { readonly case: number; readonly count: number; readonly signature: string }[];
  readonly slowest: { readonly case: number; readonly elapsedMs: number };
  readonly peakResidentMiB: number;
  readonly seed: number;
  readonly minutes: number;
}

const sum = (counts: Readonly<Record<string, number>> = {}): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

export function summaryOf(totals: Totals, seed: number, minutes: number): Summary {
  const { coded, ran } = totals;
  const byCode: Record<string, number> = {};
  for (const counts of Object.values(coded)) {
    for (const [code, count] of Object.entries(counts)) byCode[code] = (byCode[code] ?? 0) + count;
  }
  const names = [...new Set([...Object.keys(coded), ...Object.keys(ran)])].sort();
  const byTarget = names.map((name) => [name, { coded: sum(coded[name]), ran: sum(ran[name]) }] as const);
  return {
    cases: totals.cases,
    coded: sum(byCode),
    ran: byTarget.reduce((total, [, counts]) => total + counts.ran, 0),
    byCode: Object.fromEntries(Object.entries(byCode).sort(([a], [b]) => (a < b ? -1 : 1))),
    byTarget: Object.fromEntries(byTarget),
    uncoded: totals.uncoded,
    hangs: totals.hangs,
    crashes: totals.crashes,
    findings: [...totals.findings.values()].map(({ caseNumber, count, signature }) => ({
      case: caseNumber,
      count,
      signature,
    })),
    slowest: { case: totals.slowest.caseNumber, elapsedMs: Math.round(totals.slowest.elapsedMs) },
    peakResidentMiB: Math.round(totals.peakResidentBytes / 2 ** 20),
    seed,
    minutes: Number(minutes.toFixed(2)),
  };
}
