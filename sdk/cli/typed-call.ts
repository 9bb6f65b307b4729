/** Calls of exports whose manifest says how values travel. */
import type { ExportInterface, WorkerManifest } from '../../runtime/bundle/index.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import type { PluvioClient } from '../client/index.ts';
import { fetchManifest } from '../project/worker-manifest.ts';
import { UsageError } from './usage-error.ts';

/** What the manifest says of an export; undefined: it takes and gives numbers, or may not be read. */
export async function interfaceOf(
  client: PluvioClient,
  bundle: string,
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
  return Object.hasOwn(exported, exportName) ? exported[exportName] : undefined;
}

/** A text is given as JSON, or bare. */
function argumentOf(text: string, type: string, position: number): unknown {
  const isText = type === 'string' || type === 'string | null';
  try {
    const value: unknown = JSON.parse(text);
    if (!isText || typeof value === 'string' || value === null) return value;
  } catch {
    if (!isText) throw new UsageError(`argument ${position} is ${text}; it must be JSON of the type ${type}`);
  }
  return text;
}

/** Arguments of the command line as values of the export's types. @throws UsageError */
export function typedArguments(
  exportName: string,
  { params = [] }: ExportInterface,
  texts: readonly string[],
): unknown[] {
  const least = params.filter(({ optional }) => optional !== true).length;
  if (texts.length < least || texts.length > params.length) {
    const signature = params
      .map(({ name, type, optional }) => `${name}${optional === true ? '?' : ''}: ${type}`)
      .join(', ');
    throw new UsageError(`"${exportName}" takes (${signature}); ${texts.length} arguments are given`);
  }
  return texts.map((text, index) => argumentOf(text, params[index]?.type ?? '', index + 1));
}
