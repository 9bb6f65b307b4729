/**
 * Checks JSON against the subset of JSON Schema 2020-12 that the API uses; the same objects go into /openapi.json.
 *
 * Invariant: an object refuses fields that it does not list, unless `additionalProperties` says otherwise.
 */
import { PluvioError } from '../errors/index.ts';

export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null';
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  /** A schema for fields that `properties` does not list; absent: there must be none. */
  readonly additionalProperties?: Schema | boolean;
  readonly maxProperties?: number;
  readonly items?: Schema;
  readonly maxItems?: number;
  readonly enum?: readonly (string | number | boolean | null)[];
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Schema[];
}

const patterns = new Map<string, RegExp>();

function patternOf(source: string): RegExp {
  let pattern = patterns.get(source);
  if (!pattern) patterns.set(source, (pattern = new RegExp(source, 'u')));
  return pattern;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

const fail = (path: string, problem: string): never => {
  throw new PluvioError('REQUEST_INVALID', `${path}: ${problem}`, { field: path });
};

const SHOWN_CHARS = 60;
const SHOWN_ITEMS = 8;

/** The beginning of a value: what is long is not written out to be cut off. */
function shown(value: unknown): string {
  const text = JSON.stringify(beginning(value)) ?? String(value);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}

function beginning(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, 2 * SHOWN_CHARS);
  if (Array.isArray(value)) return value.slice(0, SHOWN_ITEMS).map(beginning);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).slice(0, SHOWN_ITEMS);
  return Object.fromEntries(entries.map(([key, item]) => [key, beginning(item)]));
}

/** @throws PluvioError `REQUEST_INVALID` whose message and `details.field` name the place */
export function checkValue(schema: Schema, value: unknown, path: string): void {
  if (schema.anyOf) return checkAnyOf(schema.anyOf, value, path);
  const type = typeOf(value);
  const fits =
    schema.type === undefined || type === schema.type || (schema.type === 'integer' && Number.isSafeInteger(value));
  if (!fits) fail(path, `found ${type} ${shown(value)}, must be ${schema.type}`);
  if (schema.enum && !schema.enum.some((allowed) => allowed === value)) {
    fail(path, `found ${shown(value)}, must be one of ${schema.enum.map((allowed) => shown(allowed)).join(', ')}`);
  }
  if (typeof value === 'string') checkString(schema, value, path);
  else if (typeof value === 'number') checkNumber(schema, value, path);
  else if (Array.isArray(value)) checkArray(schema, value, path);
  else if (value !== null && typeof value === 'object') checkObject(schema, value as Record<string, unknown>, path);
}

function checkAnyOf(choices: readonly Schema[], value: unknown, path: string): void {
  const problems: string[] = [];
  for (const choice of choices) {
    try {
      return checkValue(choice, value, path);
    } catch (error) {
      problems.push((error as Error).message); // checkValue throws PluvioError alone
    }
  }
  fail(path, `fits none of ${choices.length} forms (${problems.join('; ')})`);
}

function checkString({ pattern, maxLength }: Schema, value: string, path: string): void {
  if (maxLength !== undefined && value.length > maxLength)
    fail(path, `has ${value.length} characters, at most ${maxLength}`);
  if (pattern !== undefined && !patternOf(pattern).test(value))
    fail(path, `found ${shown(value)}, must match ${pattern}`);
}

function checkNumber({ minimum, maximum }: Schema, value: number, path: string): void {
  if (minimum !== undefined && value < minimum) fail(path, `found ${value}, must be at least ${minimum}`);
  if (maximum !== undefined && value > maximum) fail(path, `found ${value}, must be at most ${maximum}`);
}

function checkArray({ items, maxItems }: Schema, value: readonly unknown[], path: string): void {
  if (maxItems !== undefined && value.length > maxItems) fail(path, `has ${value.length} items, at most ${maxItems}`);
  if (items) value.forEach((item, index) => checkValue(items, item, `${path}[${index}]`));
}

function checkObject(schema: Schema, value: Readonly<Record<string, unknown>>, path: string): void {
  const properties = schema.properties ?? {};
  const keys = Object.keys(value);
  if (schema.maxProperties !== undefined && keys.length > schema.maxProperties) {
    fail(path, `has ${keys.length} fields, at most ${schema.maxProperties}`);
  }
  for (const name of schema.required ?? []) if (!Object.hasOwn(value, name)) fail(`${path}.${name}`, 'is missing');
  for (const key of keys) {
    const known = Object.hasOwn(properties, key) ? properties[key] : schema.additionalProperties;
    if (known === undefined || known === false) {
      return fail(`${path}.${key}`, `is not a field here; known are ${Object.keys(properties).join(', ') || 'none'}`);
    }
    if (known !== true) checkValue(known, value[key], `${path}.${key}`);
  }
}
