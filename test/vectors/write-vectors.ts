/**
 * Writes the binary half of the snapshot vectors from their JSON: `node test/vectors/write-vectors.ts`. For a new vector or a new
 * format version only: the bytes of a published version do not change.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Snapshot } from '../../runtime/engine/snapshot.ts';
import { encodeSnapshot } from '../../runtime/engine/snapshot-codec.ts';
import { parseTagged } from './tagged-json.ts';

const folder = new URL('snapshot/', import.meta.url);
for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.json'))) {
  const snapshot = parseTagged(readFileSync(new URL(name, folder), 'utf8'));
  writeFileSync(new URL(name.replace('.json', '.bin'), folder), encodeSnapshot(snapshot as Snapshot)); // checked by the tests
}
