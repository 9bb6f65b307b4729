/** Calls of exports whose manifest says how values travel. */
import type { ExportInterface, WorkerManifest } from '../../runtime/bundle/index.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { argumentsFault, parsedTypes, type ValueType } from '../../runtime/values/index.ts';
import type { CallValue, PluvioClient, WorkerInfo, WorkerInterface } from '../client/index.ts';
import { fetchManifest } from '../project/worker-manifest.ts';
import { closestOf } from './closest.ts';
import { componentArguments, untypedArgument } from './local/call-arguments.ts';
import { UsageError } from './usage-error.ts';

/** The node calls it for messages, timers and topics (docs/abi.md). */
const INPUT_EXPORT = 'pluvio_input';

/**
 * What the manifest says of an export; undefined: it takes and gives numbers, or may not be read.
 * @throws PluvioError `EXPORT_NOT_FOUND`: the program is a typed one, and has no such export
 */
export async function interfaceOf(
  client: PluvioClient,
  { name, bundle }: Pick<WorkerInfo, 'name' | 'bundle'>,
  exportName: string,
): Promise<ExportInterface | undefined> {
  let manifest: WorkerManifest;
  try {
    manifest = await fetchManifest(client, bundle);
  } catch (error) {
    if (error instanceof PluvioError && (error.code === 'FORBIDDEN' || error.code === 'BLOB_NOT_FOUND'))
      return undefined;
    throw error;
  }
  const exported = manifest.interface ?? {};
  if (Object.hasOwn(exported, exportName)) return exported[exportName];
  // The manifest of a typed program names every export but those that the node calls itself; another one may name some only.
  const isTyped = Object.values(exported).some(({ params }) => params !== undefined);
  const isRoute = manifest.routes?.some((route) => route.export === exportName) ?? false;
  if (isTyped && !isRoute && exportName !== INPUT_EXPORT) throw notExported(name, exportName, Object.keys(exported));
  return undefined;
}

/**
 * Arguments for an export that the manifest does not name: of a component, as its function takes them, else numbers.
 * @throws UsageError
 */
export async function unnamedArguments(
  fetchInterface: () => Promise<WorkerInterface>,
  exportName: string,
  texts: readonly string[],
): Promise<CallValue[]> {
  // Where it cannot be asked the call itself tells why; so it does of a function that a component does not have.
  const exports = await fetchInterface().then(
    (known) => known.exports,
    (): WorkerInterface['exports'] => ({}),
  );
  const found = Object.hasOwn(exports, exportName) ? exports[exportName] : undefined;
  if (found?.encoding === 'component') return componentArguments(exportName, found.params, texts);
  if (Object.values(exports).some(({ encoding }) => encoding === 'component')) {
    return componentArguments(exportName, undefined, texts);
  }
  try {
    return texts.map(untypedArgument);
  } catch (error) {
    const named = Object.keys(exports);
    if (!(error instanceof UsageError) || named.length === 0) throw error;
    throw new UsageError(
      `${error.message}: the manifest of the worker does not name ${exportName}; it names ${namesText(exportName, named)}`,
    );
  }
}

function notExported(worker: string, exportName: string, exports: readonly string[]): PluvioError {
  return new PluvioError(
    'EXPORT_NOT_FOUND',
    `worker "${worker}" has no export ${exportName}; it has ${namesText(exportName, exports)}`,
    { worker, exports },
  );
}

/** The names that there are, and the one that may be meant. */
function namesText(exportName: string, names: readonly string[]): string {
  const closest = closestOf(exportName, names);
  return `${names.join(', ')}${closest === undefined ? '' : ` (did you mean ${closest}?)`}`;
}

const FLOAT_NAME = /^(?:NaN|-?Infinity)$/;
const WIDE_DIGITS = /^(-?\d+)n?$/;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // bare
  }
}

/** A text as JSON, or bare where the type has a shorter way: texts, base64, `5n`, NaN. */
function valueOf(text: string, type: ValueType): unknown {
  switch (type.kind) {
    case 'nullable':
      return text === 'null' ? null : valueOf(text, type.of);
    case 'string':
    case 'bytes': {
      const value = jsonOf(text);
      return typeof value === 'string' ? value : text;
    }
    case 'number':
      if (type.name === 'i64' || type.name === 'u64') return WIDE_DIGITS.exec(text)?.[1] ?? jsonOf(text);
      return FLOAT_NAME.test(text) ? text : jsonOf(text);
    default:
      return jsonOf(text);
  }
}

/** Arguments of the command line as values of the export's types. @throws UsageError */
export function typedArguments(
  exportName: string,
  { params = [] }: ExportInterface,
  texts: readonly string[],
): unknown[] {
  const types = parsedTypes(params);
  const values = texts.map((text, index) => {
    const type = types[index];
    return type === undefined ? jsonOf(text) : valueOf(text, type);
  });
  const fault = argumentsFault(exportName, params, values);
  if (fault !== undefined) throw new UsageError(fault.message);
  return values;
}
