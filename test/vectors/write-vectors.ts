/**
 * Writes the binary half of the vectors from their JSON: `node test/vectors/write-vectors.ts`. For a new vector or a new
 * format version only: the bytes of a published version do not change.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { webCodecs } from '../../runtime/bundle/codecs.ts';
import { writeDrop } from '../../runtime/bundle/drop.ts';
import { packBundle } from '../../runtime/bundle/pack.ts';
import type { Snapshot } from '../../runtime/engine/snapshot.ts';
import { encodeSnapshot } from '../../runtime/engine/snapshot-codec.ts';
import type { WorkerManifest } from '../../runtime/bundle/bundle.ts';
import { encodeWorkerManifest } from '../../runtime/bundle/worker-manifest.ts';
import { readBundleVector } from './bundle-vector.ts';
import { readStateVector, snapshotOfHost } from './state-vector.ts';
import { parseTagged } from './tagged-json.ts';

const snapshots = new URL('snapshot/', import.meta.url);
for (const name of readdirSync(snapshots).filter((entry) => entry.endsWith('.json') && entry !== 'malformed.json')) {
  const snapshot = parseTagged(readFileSync(new URL(name, snapshots), 'utf8'));
  writeFileSync(new URL(name.replace('.json', '.bin'), snapshots), encodeSnapshot(snapshot as Snapshot)); // checked by the tests
}

const manifests = new URL('manifest/', import.meta.url);
for (const name of readdirSync(manifests).filter((entry) => entry.endsWith('.json'))) {
  const manifest = parseTagged(readFileSync(new URL(name, manifests), 'utf8')) as WorkerManifest; // checked by the encoder
  writeFileSync(new URL(name.replace('.json', '.bin'), manifests), encodeWorkerManifest(manifest));
}

const states = new URL('host-state/', import.meta.url);
for (const name of readdirSync(states).filter((entry) => entry.endsWith('.json'))) {
  const { module, state } = readStateVector(name.replace('.json', ''));
  writeFileSync(new URL(name.replace('.json', '.bin'), states), snapshotOfHost(module, state));
}

const bundles = new URL('bundle/', import.meta.url);
for (const name of readdirSync(bundles).filter((entry) => entry.endsWith('.json'))) {
  const file = new URL(name, bundles);
  const json = readFileSync(file, 'utf8');
  const { bundle, keys } = readBundleVector(json);
  const packed = await packBundle(bundle, webCodecs, { sign: keys });
  writeFileSync(file, json.replace(/"digest": "[^"]*"/, `"digest": "${packed.digest}"`));
  const parts: Uint8Array[] = [];
  for await (const part of writeDrop(packed)) parts.push(part);
  writeFileSync(new URL(name.replace('.json', '.bin'), bundles), Buffer.concat(parts));
}
