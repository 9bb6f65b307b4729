/** Counts of checks, by mode and by reason. */
import { concerns, type Expectation } from './expectations.ts';
import type { ModeName } from './mode.ts';
import type { Check } from './run-script.ts';
import type { StopCounts } from './stop-plan.ts';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Replaces what only names a place in a module, so that reasons can be counted. */
const general = (reason: string): string =>
  reason.startsWith('not migratable') ? reason.replace(/\b(?:0x[0-9a-f]+|\d+)\b/g, 'n') : reason;

const SHOWN_LENGTH = 200;
const shown = (text: string): string => (text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text);

/** The result of a check where some failures are expected: those count as skipped, and passing as a failure. */
export function expected(check: Check, mode: ModeName, expectations: readonly Expectation[]): Check {
  const row = expectations.find(
    (one) => concerns(one, check.file) && one.text?.test(check.text) === true && one.modes?.test(mode) !== false,
  );
  if (row === undefined || check.result === 'skipped') return check;
  if (check.result === 'failed') return { ...check, result: 'skipped', reason: `expected failure: ${row.reason}` };
  return { ...check, result: 'failed', reason: `expected to fail (${row.reason}), but it passed` };
}

export class Report {
  readonly #counts = new Map<string, Counts>();
  readonly #reasons = new Map<string, Map<string, number>>();
  readonly #stops = new Map<string, StopCounts>();
  readonly failures: string[] = [];

  add(mode: string, check: Check): void {
    const counts = this.#counts.get(mode) ?? { passed: 0, failed: 0, skipped: 0 };
    this.#counts.set(mode, counts);
    counts[check.result]++;
    if (check.result === 'skipped') this.#count(mode, general(check.reason));
    if (check.result === 'failed') {
      this.failures.push(`${mode}: ${check.file}:${check.line}: ${shown(check.text)}\n    ${check.reason}`);
    }
  }

  addStops(mode: string, { stops, sampledCalls }: StopCounts): void {
    const sum = this.#stops.get(mode) ?? { stops: 0, sampledCalls: 0 };
    this.#stops.set(mode, { stops: sum.stops + stops, sampledCalls: sum.sampledCalls + sampledCalls });
  }

  #count(mode: string, reason: string): void {
    const reasons = this.#reasons.get(mode) ?? new Map<string, number>();
    this.#reasons.set(mode, reasons);
    reasons.set(reason, 1 + (reasons.get(reason) ?? 0));
  }

  /** Whether nothing was checked. */
  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  /** Counts by mode. */
  get counts(): Readonly<Record<string, Counts>> {
    return Object.fromEntries(this.#counts);
  }

  /** One line per mode, and one per reason to skip. */
  get summary(): string {
    const lines: string[] = [];
    for (const [mode, { passed, failed, skipped }] of this.#counts) {
      lines.push(`${mode}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
      const { stops, sampledCalls } = this.#stops.get(mode) ?? { stops: 0, sampledCalls: 0 };
      if (stops > 0)
        lines.push(`    ${stops} stops; calls with so many safepoints that some were passed: ${sampledCalls}`);
      const reasons = [...(this.#reasons.get(mode) ?? [])].sort(([, a], [, b]) => b - a);
      for (const [reason, count] of reasons) lines.push(`    ${count} skipped: ${reason}`);
    }
    return lines.join('\n');
  }
}
