/** What the demo has shown: the comparison with the undisturbed runs, as a table and as JSON. */
import { createHash } from 'node:crypto';
import type { Result } from './child-processes.ts';
import { formatBytes, formatMs, medianOf } from './format.ts';
import type { Journey } from './journey.ts';

export interface Finding {
  readonly name: string;
  readonly journey: Journey;
  /** In which points the result is not that of the undisturbed run; empty: it is the same. */
  readonly differences: readonly string[];
}

/** Compares what a program left behind after its journey with what it leaves behind when nothing disturbs it. */
export function compare(name: string, journey: Journey, bare: Result): Finding {
  const differences = [
    ...(bare.exitCode === 0 ? [] : [`the undisturbed run ended with exit code ${bare.exitCode}`]),
    ...(journey.exitCode === bare.exitCode ? [] : [`exit code ${journey.exitCode}, not ${bare.exitCode}`]),
    ...differenceOf('standard output', journey.stdout, bare.stdout),
    ...differenceOf('the file', journey.file ?? new Uint8Array(), bare.file ?? new Uint8Array()),
  ];
  return { name, journey, differences };
}

function differenceOf(what: string, moved: Uint8Array, bare: Uint8Array): string[] {
  if (Buffer.compare(moved, bare) === 0) return [];
  const at = moved.findIndex((byte, index) => byte !== bare[index]);
  const where = at < 0 ? Math.min(moved.length, bare.length) : at;
  return [`${what} differs from byte ${where} on: ${moved.length} bytes, not ${bare.length}`];
}

const COLUMNS = ['program', 'moves', 'sent', 'skipped', 'stood still (median, worst)', 'output', 'as undisturbed'];

/** One row per program. */
export function tableOf(findings: readonly Finding[]): string {
  const rows = findings.map(({ name, journey, differences }) => {
    const { moves, stdout, file } = journey;
    const downtimes = moves.map(({ result }) => result.downtimeMs);
    const total = (key: 'bytesSent' | 'bytesSkipped'): number =>
      moves.reduce((sum, { result }) => sum + result[key], 0);
    return [
      name,
      String(moves.length),
      formatBytes(total('bytesSent')),
      formatBytes(total('bytesSkipped')),
      `${formatMs(medianOf(downtimes))}, ${formatMs(Math.max(...downtimes))}`,
      formatBytes(stdout.length) + (file ? ` + ${formatBytes(file.length)} file` : ''),
      differences.length === 0 ? 'yes, every byte' : 'NO',
    ];
  });
  const widths = COLUMNS.map((title, column) => Math.max(...[COLUMNS, ...rows].map((row) => row[column]?.length ?? 0)));
  return [COLUMNS, ...rows]
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The same for programs. */
export function summaryOf(findings: readonly Finding[], elapsedMs: number): Readonly<Record<string, unknown>> {
  return {
    ok: findings.every(({ differences }) => differences.length === 0),
    elapsedMs: Math.round(elapsedMs),
    programs: findings.map(({ name, journey: { exitCode, moves, stdout, file }, differences }) => ({
      name,
      exitCode,
      stdout: { sizeBytes: stdout.length, sha256: digestOf(stdout) },
      file: file ? { sizeBytes: file.length, sha256: digestOf(file) } : null,
      differences,
      moves: moves.map(({ from, to, at, result }) => {
        const { bytesSent, bytesSkipped, downtimeMs, pausedMs } = result;
        return { from, to, at, bytesSent, bytesSkipped, downtimeMs, pausedMs };
      }),
    })),
  };
}
