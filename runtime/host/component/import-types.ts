/** Whether a component imports the functions of its hosts with the types that they have. */
import {
  functionSignature,
  type FunctionType,
  functionTypeText,
  type ImportedFunction,
} from '../../component/index.ts';
import { PluvioError } from '../../errors/index.ts';
import type { ComponentHost } from './component-host.ts';

const SHOWN_UNITS = 500;

/** Types that were compared, and with what: modules have many workers. */
const right = new WeakMap<FunctionType, string>();

/** The type that a host's function has, if it is another one. */
function otherType({ types }: ComponentHost, { from, name, type }: ImportedFunction): string | undefined {
  if (types === undefined || !Object.hasOwn(types, from)) return undefined;
  const expected = types[from]?.[name];
  if (expected === undefined || right.get(type) === expected) return undefined;
  if (functionSignature(type) !== expected) return expected;
  right.set(type, expected);
  return undefined;
}

/** Whether the host has the function, with the type that it is imported with. */
export function isProvided(host: ComponentHost, func: ImportedFunction): boolean {
  const functions = Object.hasOwn(host.interfaces, func.from) ? host.interfaces[func.from] : undefined;
  return functions !== undefined && Object.hasOwn(functions, func.name) && otherType(host, func) === undefined;
}

/** @throws PluvioError `IMPORT_MISMATCH` */
export function requireType(host: ComponentHost, func: ImportedFunction): void {
  const expected = otherType(host, func);
  if (expected === undefined) return;
  const { from, name, type } = func;
  throw new PluvioError(
    'IMPORT_MISMATCH',
    `the component imports "${name}" of "${from}" as ${functionTypeText(type).slice(0, SHOWN_UNITS)}; it must be ${expected.slice(0, SHOWN_UNITS)}`,
    { module: from, name },
  );
}
