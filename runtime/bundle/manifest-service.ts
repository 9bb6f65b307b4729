/** The fields of a worker manifest that say how it is called, placed and kept (docs/bundle-format.md, "Worker manifest"). */
import { FieldFault, inField, readBoolean, readEach, readRecord, readText, readUint } from '../engine/plain-fields.ts';
import {
  type CheckpointPolicy,
  ENCODINGS,
  type ExportInterface,
  type NamedType,
  PRIORITIES,
  type Route,
  type ServiceLevel,
} from './bundle.ts';

const MAX_PARAMS = 64;
const MAX_FIELDS = 256;
const MAX_NAME_LENGTH = 1024;
const MAX_TYPE_LENGTH = 256;
const MAX_LATENCY_MS = 86_400_000;
const MAX_IDLE_MS = 86_400_000 * 365;
const MAX_METHODS = 16;
const PERIOD = /^every ([1-9][0-9]{0,5})s$/;
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const ROUTE_PATH = /^\/[!-)+-~]*\*?$/;
const METHOD = /^[A-Z]{1,16}$/;
const SECRET = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/;
const LIMIT = /^[a-z][a-zA-Z0-9]{0,63}$/;

function oneOf<Value extends string>(value: unknown, values: readonly Value[]): Value {
  const found = values.find((each) => each === value);
  if (found === undefined) throw new FieldFault(value, `one of ${values.join(', ')}`);
  return found;
}

function matching(value: unknown, pattern: RegExp, expected: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value;
  throw new FieldFault(value, expected);
}

export function checkExportName(key: string): void {
  if (key.length > MAX_NAME_LENGTH || !key.isWellFormed() || key === '__proto__') {
    throw new FieldFault(key, `the name of an export, of at most ${MAX_NAME_LENGTH} characters`);
  }
}

export const checkLimitName = (key: string): void => void matching(key, LIMIT, 'the name of a limit');

function readNamedType(value: unknown): NamedType {
  const record = readRecord(value, ['name', 'type'], ['optional']);
  const { optional } = record;
  return {
    name: inField('name', () => readText(record['name'], MAX_NAME_LENGTH)),
    type: inField('type', () => readText(record['type'], MAX_TYPE_LENGTH)),
    ...(optional === undefined ? {} : { optional: inField('optional', () => readBoolean(optional)) }),
  };
}

export const readFieldTypes = (value: unknown): readonly NamedType[] => readEach(value, MAX_FIELDS, readNamedType);

export function readExportInterface(value: unknown): ExportInterface {
  const { encoding, params, result } = readRecord(value, ['encoding'], ['params', 'result']);
  return {
    encoding: inField('encoding', () => oneOf(encoding, ENCODINGS)),
    ...(params === undefined ? {} : { params: inField('params', () => readEach(params, MAX_PARAMS, readNamedType)) }),
    ...(result === undefined ? {} : { result: inField('result', () => readText(result, MAX_TYPE_LENGTH)) }),
  };
}

export function readServiceLevel(value: unknown): ServiceLevel {
  const { priority, latencyMs } = readRecord(value, [], ['priority', 'latencyMs']);
  return {
    ...(priority === undefined ? {} : { priority: inField('priority', () => oneOf(priority, PRIORITIES)) }),
    ...(latencyMs === undefined ? {} : { latencyMs: inField('latencyMs', () => readUint(latencyMs, MAX_LATENCY_MS)) }),
  };
}

export function readCheckpointPolicy(value: unknown): CheckpointPolicy {
  if (value === 'never' || value === 'idle' || value === 'each-call') return value;
  return matching(value, PERIOD, 'never, idle, each-call, or every Ns') as CheckpointPolicy; // matched
}

/** The period of a policy in milliseconds; undefined: it has none. */
export function checkpointPeriodMs(policy: CheckpointPolicy): number | undefined {
  const seconds = PERIOD.exec(policy)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

export function readHibernate(value: unknown): { afterMs: number } {
  const { afterMs } = readRecord(value, ['afterMs'], []);
  return { afterMs: inField('afterMs', () => readUint(afterMs, MAX_IDLE_MS)) };
}

export function readRoute(value: unknown): Route {
  const { host, path, methods, export: entry } = readRecord(value, ['path'], ['host', 'methods', 'export']);
  const readMethod = (method: unknown): string => matching(method, METHOD, 'a method in upper case');
  return {
    ...(host === undefined ? {} : { host: inField('host', () => matching(host, HOST, 'a host name in lower case')) }),
    path: inField('path', () => matching(path, ROUTE_PATH, "a path from '/', '*' only at its end")),
    ...(methods === undefined ? {} : { methods: inField('methods', () => readEach(methods, MAX_METHODS, readMethod)) }),
    ...(entry === undefined ? {} : { export: inField('export', () => readText(entry, MAX_NAME_LENGTH)) }),
  };
}

export const readSecretName = (value: unknown): string => matching(value, SECRET, 'the name of a secret');
