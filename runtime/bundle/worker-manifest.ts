/** The worker's manifest as JSON, and its checks (docs/bundle-format.md, "Worker manifest"). */
import { LIMITS } from '../engine/limits.ts';
import {
  FieldFault,
  inField,
  readBoolean,
  readEach,
  readObject,
  readRecord,
  readText,
  readUint,
  withFieldErrors,
} from '../engine/plain-fields.ts';
import type { WorkerLimits } from '../engine/types.ts';
import type { FileMount, WorkerManifest } from './bundle.ts';
import {
  checkExportName,
  checkLimitName,
  readCheckpointPolicy,
  readExportInterface,
  readFieldTypes,
  readHibernate,
  readRoute,
  readSecretName,
  readServiceLevel,
} from './manifest-service.ts';
import { parseJson } from './json.ts';
import { brokenPathRule } from './paths.ts';

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const CAPABILITY = /^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*$/;
const MAX = {
  args: 4096,
  env: 4096,
  files: 4096,
  capabilities: 256,
  scopes: 1024,
  annotations: 256,
  exports: 1024,
  types: 256,
  routes: 256,
  config: 1024,
  secrets: 256,
  hostLimits: 64,
} as const;
const MAX_TEXT_LENGTH = 131_072;
const MAX_KEY_LENGTH = 256;

/** One optional field: how it is read. The order of rows is the order in the JSON. */
const FIELDS = {
  args: (value) => readEach(value, MAX.args, readPlainText),
  env: (value) => readEntries(value, MAX.env, checkVariableName, readPlainText),
  stdin: readPath,
  files: (value) => readEach(value, MAX.files, readMount),
  limits: readLimits,
  hostLimits: (value) =>
    readEntries(value, MAX.hostLimits, checkLimitName, (limit) => readUint(limit, Number.MAX_SAFE_INTEGER)),
  interface: (value) => readEntries(value, MAX.exports, checkExportName, readExportInterface),
  types: (value) => readEntries(value, MAX.types, checkExportName, readFieldTypes),
  service: readServiceLevel,
  checkpoint: readCheckpointPolicy,
  hibernate: readHibernate,
  routes: (value) => readEach(value, MAX.routes, readRoute),
  config: (value) => readEntries(value, MAX.config, checkKey, readPlainText),
  secrets: (value) => readEach(value, MAX.secrets, readSecretName),
  capabilities: (value) =>
    readEntries(value, MAX.capabilities, checkCapability, (scopes) => readEach(scopes, MAX.scopes, readPlainText)),
  annotations: (value) => readEntries(value, MAX.annotations, checkKey, (text) => readText(text, MAX_TEXT_LENGTH)),
} as const satisfies {
  readonly [Name in Exclude<keyof WorkerManifest, 'schemaVersion' | 'name'>]: (value: unknown) => WorkerManifest[Name];
};

/** Fields that a manifest may have besides `schemaVersion` and `name`. */
export const FIELD_NAMES: readonly string[] = Object.keys(FIELDS);

/**
 * Encodes a manifest as JSON with one order of keys, after the checks of `decodeWorkerManifest`.
 * @throws PluvioError `BUNDLE_MANIFEST_INVALID`
 */
export function encodeWorkerManifest(manifest: WorkerManifest): Uint8Array {
  const { limits, ...rest } = manifest;
  const plain = limits === undefined ? rest : { ...rest, limits: encodeLimits(limits) };
  const { schemaVersion, name, ...fields } = checkWorkerManifest(plain);
  const ordered = FIELD_NAMES.map((key) => [key, sorted(fields[key as keyof typeof fields])]); // keys of the type
  const json = { schemaVersion, name, ...(Object.fromEntries(ordered) as object) };
  return new TextEncoder().encode(
    JSON.stringify(json, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)),
  );
}

/** @throws PluvioError `BUNDLE_MANIFEST_INVALID`, `BUNDLE_MALFORMED` when it is not JSON */
export const decodeWorkerManifest = (bytes: Uint8Array): WorkerManifest =>
  checkWorkerManifest(parseJson(bytes, 'worker manifest'));

/**
 * Checks every field of a manifest that is plain JSON data; `fuel` may be a number or a decimal string.
 * @throws PluvioError `BUNDLE_MANIFEST_INVALID`
 */
export function checkWorkerManifest(json: unknown): WorkerManifest {
  return withFieldErrors('BUNDLE_MANIFEST_INVALID', 'worker manifest', () => {
    const record = readRecord(json, ['schemaVersion', 'name'], FIELD_NAMES);
    inField('schemaVersion', () => readUint(record['schemaVersion'], 1, 1));
    const name = inField('name', () =>
      readMatching(record['name'], NAME, 'lower-case letters, digits and inner hyphens, 1 to 63'),
    );
    const fields = Object.entries(FIELDS)
      .filter(([key]) => record[key] !== undefined)
      .map(([key, read]) => [key, inField(key, () => read(record[key]))] as const);
    return {
      schemaVersion: 1,
      name,
      ...(Object.fromEntries(fields) as Omit<WorkerManifest, 'schemaVersion' | 'name'>),
    }; // FIELDS has their types
  });
}

function readMatching(value: unknown, pattern: RegExp, expected: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw new FieldFault(value, expected);
}

function readPlainText(value: unknown): string {
  const text = readText(value, MAX_TEXT_LENGTH);
  if (text.includes('\0') || !text.isWellFormed()) throw new FieldFault(text, 'well-formed and without NUL');
  return text;
}

function readPath(value: unknown): string {
  const path = readText(value, MAX_TEXT_LENGTH);
  const broken = brokenPathRule(path);
  if (broken !== undefined) throw new FieldFault(path, broken);
  return path;
}

function readMount(value: unknown): FileMount {
  const mount = readRecord(value, ['path', 'source'], ['writable']);
  const path = inField('path', () => {
    const text = readText(mount['path'], MAX_TEXT_LENGTH);
    const broken = text === '/' ? undefined : brokenPathRule(text.slice(1));
    if (!text.startsWith('/') || broken !== undefined)
      throw new FieldFault(text, `absolute, and then ${broken ?? 'a path'}`);
    return text;
  });
  const source = inField('source', () => readPath(mount['source']));
  const writable = mount['writable'];
  return writable === undefined
    ? { path, source }
    : { path, source, writable: inField('writable', () => readBoolean(writable)) };
}

function readLimits(value: unknown): WorkerLimits {
  const names = Object.keys(LIMITS) as (keyof typeof LIMITS)[]; // the keys of the table
  const record = readRecord(value, [], names);
  const entries = names
    .filter((name) => record[name] !== undefined)
    .map((name) => [name, inField(name, () => readLimit(name, record[name]))] as const);
  return Object.fromEntries(entries); // the table has its keys
}

function readLimit(name: keyof typeof LIMITS, value: unknown): number | bigint {
  const isDecimal = name === 'fuel' && typeof value === 'string' && /^(?:0|[1-9][0-9]{0,15})$/.test(value);
  const number = readUint(isDecimal ? Number(value) : value, LIMITS[name].max);
  return name === 'fuel' ? BigInt(number) : number;
}

const encodeLimits = (limits: WorkerLimits): unknown =>
  limits.fuel === undefined ? limits : { ...limits, fuel: String(limits.fuel) };

function readEntries<T>(
  value: unknown,
  maxEntries: number,
  checkName: (key: string) => void,
  read: (item: unknown) => T,
): Record<string, T> {
  const entries = Object.entries(readObject(value));
  if (entries.length > maxEntries) throw new FieldFault(value, `an object of at most ${maxEntries} fields`);
  const result = entries.map(([key, item]) => {
    checkName(key);
    return [key, inField(key, () => read(item))] as const;
  });
  return Object.fromEntries(result);
}

function checkKey(key: string): void {
  if (key === '' || key.length > MAX_KEY_LENGTH || !key.isWellFormed() || key === '__proto__') {
    throw new FieldFault(key, `a key of 1 to ${MAX_KEY_LENGTH} characters, and not __proto__`);
  }
}

function checkVariableName(key: string): void {
  checkKey(key);
  if (/[=\0]/.test(key)) throw new FieldFault(key, "a name without '=' and NUL");
}

function checkCapability(key: string): void {
  readMatching(key, CAPABILITY, 'a dotted name of lower-case letters, digits and hyphens');
}

/** The same entries in the order of their keys. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
