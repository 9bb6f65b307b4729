/** What the command line writes: results to standard output, all else to standard error. */
import { styleText } from 'node:util';

type Style = 'red' | 'yellow' | 'bold' | 'dim';

/** Text in a style, where standard error is a terminal and NO_COLOR is not set. */
export const styled = (style: Style, text: string): string => styleText(style, text, { stream: process.stderr });

export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Bytes as they are. */
export function printBytes(bytes: Uint8Array): void {
  process.stdout.write(bytes);
}

/** One JSON document; i64 as a decimal string. */
export function printJson(value: unknown): void {
  printLine(JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? part.toString() : part), 2));
}

/** One JSON document on one line, for streams of them. */
export const printJsonLine = (value: unknown): void => printLine(JSON.stringify(value));

/** Something that people should know, on standard error. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Columns as wide as their widest cell. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((row) => (row[column] ?? '').length)));
  for (const row of [header, ...rows]) {
    printLine(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

/** Label and value, one pair per line. */
export function printFields(fields: readonly (readonly [label: string, value: string])[]): void {
  const width = Math.max(...fields.map(([label]) => label.length));
  for (const [label, value] of fields) printLine(`${label.padEnd(width)}  ${value}`);
}

const SIZE_UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function sizeText(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  while (value >= 1024 && unit < SIZE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${SIZE_UNITS[unit] ?? ''}`;
}

export const pagesText = (pages: number): string => sizeText(pages * 65_536);

export const timeText = (ms: number): string => (ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`);

/** Resolves when everything written so far has left the process. */
export async function flushOutput(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((resolve) => {
      if (stream.destroyed || !stream.writable) resolve();
      else stream.write('', () => resolve());
    });
  }
}
