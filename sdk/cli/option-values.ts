/** Reads values of options. Every function throws UsageError and names the option. */
import type { OptionValues } from './command.ts';
import { NAME, NAME_WORDS } from '../project/project-name.ts';
import { UsageError } from './usage-error.ts';

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

export function textOf(options: OptionValues, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** `--name`, as workers are named. @throws UsageError */
export function workerNameOption(options: OptionValues): string | undefined {
  const name = textOf(options, 'name');
  if (name === undefined || NAME.test(name)) return name;
  throw new UsageError(`--name is "${name}"; it must be ${NAME_WORDS}`);
}

export const isSet = (options: OptionValues, name: string): boolean => options[name] === true;

export function listOf(options: OptionValues, name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? (value as readonly string[]) : [];
}

export function countOf(options: OptionValues, name: string): number | undefined {
  const text = textOf(options, name);
  if (text === undefined) return undefined;
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count;
  throw new UsageError(`${flagOf(name)} is "${text}"; it must be a whole number`);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A time such as `500ms`, `2s`, `1.5m`, `1h`; a bare number is seconds. */
export function durationOf(options: OptionValues, name: string): number | undefined {
  const text = textOf(options, name);
  if (text === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  if (match === null)
    throw new UsageError(`${flagOf(name)} is "${text}"; it must be a time such as 500ms, 10s, 2m or 1h`);
  return Math.round(Number(match[1]) * (UNIT_MS[match[2] ?? 's'] ?? 0));
}

/** `NAME=VALUE`; a bare `NAME` takes the value of the environment. */
export function environmentOf(options: OptionValues, name: string): Record<string, string> {
  const entries = listOf(options, name).map((text): [string, string] => {
    const at = text.indexOf('=');
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
    const value = at < 0 ? process.env[text] : undefined;
    if (value === undefined) {
      throw new UsageError(`${flagOf(name)} is "${text}"; it must be NAME=VALUE, or NAME of a variable that is set`);
    }
    return [text, value];
  });
  return Object.fromEntries(entries);
}

export type OutputFormat = 'text' | 'json';

export function formatOf(options: OptionValues): OutputFormat {
  const text = textOf(options, 'output') ?? 'text';
  if (text === 'text' || text === 'json') return text;
  throw new UsageError(`--output is "${text}"; it must be text or json`);
}

const FORMATS: readonly string[] = ['json', 'text'];

/** What `--output` says where it may be given for both: a file, and how the result is written. */
export function fileAndFormatOf(options: OptionValues): { readonly file?: string; readonly format: OutputFormat } {
  const given = listOf(options, 'output');
  const files = given.filter((value) => !FORMATS.includes(value));
  if (files.length > 1) throw new UsageError(`--output names ${files.length} files; it must name one`);
  const format = given.includes('json') ? 'json' : 'text';
  return files[0] === undefined ? { format } : { file: files[0], format };
}
