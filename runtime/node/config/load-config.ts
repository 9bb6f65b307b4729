/**
 * The config of a node: flag over environment over file over default.
 *
 * Invariants:
 * 1. Every value fits the schema and the check of its row, wherever it came from.
 * 2. All faults are told at once, each with its field and with the line, the variable or the flag where it stands.
 * 3. The value of a secret is in no message.
 */
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { PluvioError } from '../../errors/index.ts';
import { checkValue } from '../schema-check.ts';
import { ConfigText } from './config-text.ts';
import type { SettingRow, SettingSource } from './setting.ts';
import { type ConfigValues, isSettingName, SETTING_ROWS, type SettingName, SETTINGS } from './settings-table.ts';

export interface ConfigSources {
  /** A JSON file. */
  readonly file?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Values by setting: as text, or as the value itself. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

export interface ValueOrigin {
  readonly source: SettingSource;
  /** The flag, the variable, or file and line. */
  readonly place: string;
}

export interface LoadedConfig {
  readonly values: ConfigValues;
  readonly origins: Readonly<Record<SettingName, ValueOrigin>>;
}

interface Given {
  readonly value: unknown;
  readonly source: SettingSource;
  readonly place: string;
}

const rowOf = (name: SettingName): SettingRow<unknown> => SETTINGS[name] as SettingRow<unknown>; // without its type

/**
 * Reads and checks a config.
 * @throws PluvioError `CONFIG_INVALID` with all faults; `FILE_FAILED`
 */
export async function loadConfig({ file, env = {}, flags = {} }: ConfigSources): Promise<LoadedConfig> {
  const faults: string[] = [];
  const given = new Map<SettingName, Given>();
  if (file !== undefined) await readConfigFile(file, given, faults);
  for (const [name, row] of SETTING_ROWS) {
    const text = env[row.env];
    if (text !== undefined && text !== '')
      take(given, faults, name, { value: text, source: 'environment', place: `$${row.env}` });
  }
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    if (isSettingName(name)) take(given, faults, name, { value, source: 'flag', place: flagOf(name) });
    else faults.push(`--set ${name.slice(0, 80)}: there is no such setting`);
  }
  if (faults.length > 0) throw invalid(faults);
  const entries = SETTING_ROWS.map(([name, row]) => [name, given.get(name)?.value ?? row.fallback] as const);
  const origins = SETTING_ROWS.map(([name]) => {
    const { source = 'default', place = '' } = given.get(name) ?? {};
    return [name, { source, place }] as const;
  });
  return {
    values: Object.fromEntries(entries) as ConfigValues, // one entry per row, each checked against it
    origins: Object.fromEntries(origins) as Record<SettingName, ValueOrigin>,
  };
}

const invalid = (faults: readonly string[]): PluvioError =>
  new PluvioError('CONFIG_INVALID', faults.join('\n'), { faults });

const flagOf = (name: SettingName): string => /^(--[a-z-]+)/.exec(rowOf(name).flag ?? '')?.[1] ?? `--set ${name}`;

/** Takes a value from outside the file. */
function take(given: Map<SettingName, Given>, faults: string[], name: SettingName, from: Given): void {
  const row = rowOf(name);
  try {
    const value = typeof from.value === 'string' ? valueOfText(row, from.value) : from.value;
    checkSetting(row, value, name);
    given.set(name, { ...from, value: withPaths(row, value, process.cwd()) });
  } catch (error) {
    const reason = row.secret === true ? 'its value is not of the right form' : faultOf(error, name).problem;
    faults.push(`${from.place}: ${reason}`);
  }
}

/** Text of a variable or flag as a value of the row's type. */
function valueOfText({ schema }: SettingRow<unknown>, text: string): unknown {
  if (schema.type === 'string') return text;
  if (schema.type === 'array' && schema.items?.type === 'string' && !text.startsWith('[')) return text.split(',');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PluvioError('CONFIG_INVALID', `"${text.slice(0, 60)}" is no ${schema.type}`, {}, { cause });
  }
}

/** @throws PluvioError */
function checkSetting(row: SettingRow<unknown>, value: unknown, name: string): void {
  checkValue(row.schema, value, name);
  const fault = row.check?.(value as object); // fits the schema of the row
  if (fault !== undefined) throw new PluvioError('CONFIG_INVALID', fault);
}

/** What is wrong, and the field, if an inner one. */
function faultOf(error: unknown, name: string): { readonly field: string; readonly problem: string } {
  if (!(error instanceof PluvioError)) throw error;
  const { field } = error.details;
  if (typeof field !== 'string') return { field: name, problem: error.message };
  return { field, problem: field === name ? error.message.replace(`${name}: `, '') : error.message };
}

async function readConfigFile(file: string, given: Map<SettingName, Given>, faults: string[]): Promise<void> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const reason = isMissing ? 'there is no such file' : cause instanceof Error ? cause.message : String(cause);
    throw new PluvioError('FILE_FAILED', `cannot read config ${file}: ${reason}`, { path: file }, { cause });
  });
  const text = new ConfigText(file, bytes);
  const tell = (field: string, problem: string): void => {
    const { line, column } = text.placeOf(field);
    faults.push(`${file}:${line}:${column}: ${field === '' ? '' : `${field}: `}${problem}`);
  };
  for (const { key, place } of text.duplicates()) {
    faults.push(`${file}:${place.line}:${place.column}: "${key.slice(0, 80)}" stands here for the second time`);
  }
  collect(
    text.value,
    '',
    (name, value) => {
      const row = rowOf(name);
      if (row.secret === true) return tell(name, `is a secret and is taken from $${row.env} only`);
      try {
        checkSetting(row, value, name);
        const place = `${file}:${text.placeOf(name).line}`;
        given.set(name, { value: withPaths(row, value, dirname(resolve(file))), source: 'file', place });
      } catch (error) {
        const { field, problem } = faultOf(error, name);
        tell(field, problem.startsWith(`${field}: `) ? problem.slice(field.length + 2) : problem);
      }
    },
    tell,
  );
}

/** Goes over the groups of a file. */
function collect(
  value: unknown,
  prefix: string,
  found: (name: SettingName, value: unknown) => void,
  fault: (field: string, problem: string) => void,
): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return fault(prefix, 'must be an object of settings');
  }
  for (const [key, inner] of Object.entries(value)) {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    if (isSettingName(name)) found(name, inner);
    else if (isGroup(name)) collect(inner, name, found, fault);
    else if (name !== '$schema') fault(name.slice(0, 200), `there is no such setting${known(prefix)}`);
  }
}

const isGroup = (name: string): boolean => SETTING_ROWS.some(([setting]) => setting.startsWith(`${name}.`));

/** What may stand in a group. */
function known(prefix: string): string {
  const start = prefix === '' ? '' : `${prefix}.`;
  const keys = SETTING_ROWS.flatMap(([name]) =>
    name.startsWith(start) ? [name.slice(start.length).split('.')[0]] : [],
  );
  return `; known here are ${[...new Set(keys)].join(', ')}`;
}

/** The value with its paths made absolute. */
function withPaths({ paths = [] }: SettingRow<unknown>, value: unknown, folder: string): unknown {
  const absolute = (file: unknown): unknown =>
    typeof file !== 'string' || isAbsolute(file) ? file : join(folder, file);
  if (paths.includes('')) return absolute(value);
  if (paths.length === 0 || !Array.isArray(value)) return value;
  return (value as readonly Readonly<Record<string, unknown>>[]).map((item) => ({
    ...item,
    ...Object.fromEntries(paths.map((field) => [field, absolute(item[field])])),
  })); // records, by the schema
}
