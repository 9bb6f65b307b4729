/** The blobs that a copy of the database names. */
import { setImmediate } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { type Digest, isDigest, listBlobs } from '../../bundle/index.ts';
import { WORKERS } from './types.ts';

/** Fields of documents whose digest is that of a bundle's manifest. */
const MANIFEST_FIELDS: ReadonlySet<string> = new Set(['bundle', 'digest']);
/** Collections whose documents need what they name; others may name what is gone. */
const NEEDING: ReadonlySet<string> = new Set([WORKERS, 'bundles']);
const ROWS_AT_ONCE = 1000;

export interface NamedBlobs {
  /** Manifests of bundles, whose layers are needed too. */
  readonly manifests: ReadonlySet<Digest>;
  readonly needed: ReadonlySet<Digest>;
  /** Worth having if they are there. */
  readonly wished: ReadonlySet<Digest>;
}

/** Reads a copy of the database; other work gets its turn meanwhile. */
export async function namedBlobs(path: string): Promise<NamedBlobs> {
  const manifests = new Set<Digest>();
  const needed = new Set<Digest>();
  const wished = new Set<Digest>();
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    for (const { base } of db.prepare('SELECT DISTINCT base FROM checkpoint').iterate()) addDigest(manifests, base);
    let rows = 0;
    for (const { collection, document } of db.prepare('SELECT collection, document FROM record').iterate()) {
      const needs = NEEDING.has(String(collection));
      for (const [field, digest] of digestsIn('', JSON.parse(String(document)))) {
        if (!needs) addDigest(wished, digest);
        else addDigest(MANIFEST_FIELDS.has(field) ? manifests : needed, digest);
      }
      if (++rows % ROWS_AT_ONCE === 0) await setImmediate();
    }
  } finally {
    db.close();
  }
  return { manifests, needed, wished };
}

/** Digests of the layers that a manifest lists; none if the blob is no manifest. */
export function layersOf(manifest: Uint8Array): Digest[] {
  try {
    return listBlobs(manifest).map(({ digest }) => digest);
  } catch {
    return [];
  }
}

function addDigest(to: Set<Digest>, text: unknown): void {
  if (typeof text === 'string' && isDigest(text)) to.add(text);
}

function* digestsIn(field: string, value: unknown): Generator<readonly [field: string, digest: string]> {
  if (typeof value === 'string') {
    if (isDigest(value)) yield [field, value];
  } else if (Array.isArray(value)) for (const item of value) yield* digestsIn(field, item);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) yield* digestsIn(name, item);
  }
}
