/** What a row of the settings table is made of. Parsing, JSON schema, document and flags derive from it. */
import type { Schema } from '../schema-check.ts';

/** Where a value may come from, strongest first. */
export type SettingSource = 'flag' | 'environment' | 'file' | 'default';

export interface SettingRow<T> {
  readonly schema: Schema;
  /** What holds where nobody says anything; undefined: nothing. */
  readonly fallback: T;
  readonly description: string;
  /** Variable of the environment: text as it is, lists with commas, anything else as JSON. */
  readonly env: string;
  /** As in help, where it has a flag of its own; `--set NAME=VALUE` reaches every setting. */
  readonly flag?: string;
  readonly completes?: 'file' | 'directory' | 'nothing';
  /** Fields of the value that are paths of files, taken from the folder of the config file; `''` is the value itself. */
  readonly paths?: readonly string[];
  /** A value that is never shown and never read from the file. */
  readonly secret?: boolean;
  /** What the schema cannot say: the fault, or undefined. */
  readonly check?: (value: T & {}) => string | undefined;
}

type Rest<T> = Omit<SettingRow<T>, 'schema' | 'fallback' | 'env' | 'description'> & { readonly schema?: Schema };

const MAX_TEXT = 4096;
export const TEXT: Schema = { type: 'string', maxLength: MAX_TEXT };

/** A text that need not be given. */
export const text = (
  env: string,
  description: string,
  { schema = TEXT, ...rest }: Rest<string | undefined> = {},
): SettingRow<string | undefined> => ({ schema, fallback: undefined, env, description, ...rest });

/** A path of a file or folder. */
export const path = (
  env: string,
  description: string,
  rest: Rest<string | undefined> = {},
): SettingRow<string | undefined> => text(env, description, { completes: 'file', paths: [''], ...rest });

export const textOr = <T extends string>(
  env: string,
  description: string,
  fallback: T,
  { schema = TEXT, ...rest }: Rest<T> = {},
): SettingRow<T> => ({ schema, fallback, env, description, ...rest });

export const choice = <const T extends string>(
  env: string,
  description: string,
  choices: readonly T[],
  fallback: NoInfer<T>,
  rest: Rest<T> = {},
): SettingRow<T> => ({ schema: { type: 'string', enum: choices }, fallback, env, description, ...rest });

export const whole = (
  env: string,
  description: string,
  { fallback, min, max }: { readonly fallback: number; readonly min: number; readonly max: number },
  rest: Rest<number> = {},
): SettingRow<number> => ({
  schema: { type: 'integer', minimum: min, maximum: max },
  fallback,
  env,
  description,
  ...rest,
});

export const ratio = (env: string, description: string, fallback: number): SettingRow<number> => ({
  schema: { type: 'number', minimum: 0, maximum: 1 },
  fallback,
  env,
  description,
});

export const flagged = (env: string, description: string, fallback = false): SettingRow<boolean> => ({
  schema: { type: 'boolean' },
  fallback,
  env,
  description,
});

export const texts = (
  env: string,
  description: string,
  rest: Rest<readonly string[]> = {},
): SettingRow<readonly string[]> => ({
  schema: { type: 'array', items: TEXT, maxItems: 1000 },
  fallback: [],
  env,
  description,
  ...rest,
});

/** A list or map of records. */
export const records = <T extends object>(
  env: string,
  description: string,
  schema: Schema,
  fallback: T,
  rest: Rest<T> = {},
): SettingRow<T> => ({ ...rest, schema, fallback, env, description });
