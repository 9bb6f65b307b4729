/** What can be said of a bundle: manifest, layers, signature, state. */
import { encodeSignature, type WorkerManifest } from '../../../runtime/bundle/index.ts';
import { decodeImageManifest } from '../../../runtime/bundle/oci.ts';
import type { LoadedModule } from '../../../runtime/index.ts';
import type { BundleFile } from '../local/program-file.ts';
import { type FrameFact, stackFacts } from './stack-facts.ts';

export interface StateFacts {
  readonly fuelUsed: string;
  readonly memories: readonly { readonly pages: number; readonly changedBytes: number }[];
  /** Memory as it lies in the bundle. */
  readonly memoryStoredBytes: number;
  readonly starting: boolean;
  /** Innermost first. */
  readonly frames: readonly FrameFact[];
}

export interface BundleFacts {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly manifest: WorkerManifest;
  readonly layers: readonly {
    readonly kind: string;
    readonly digest: string;
    readonly sizeBytes: number;
    readonly path: string | null;
  }[];
  /** Raw public key and whether it is there; the reader of the file has checked that it fits. */
  readonly signedBy: string | null;
  /** null: the program has not begun. */
  readonly state: StateFacts | null;
}

/** @throws PluvioError `SNAPSHOT_MISMATCH` */
export function bundleFacts(file: BundleFile, loaded: LoadedModule): BundleFacts {
  const { bundle, digest, sizeBytes, signature, manifestBytes } = file;
  const layers = decodeImageManifest(manifestBytes).layers.map((layer) => ({
    kind: layer.kind,
    digest: layer.digest,
    sizeBytes: layer.sizeBytes,
    path: layer.title ?? null,
  }));
  const stored = layers.filter(({ kind }) => kind === 'memory' || kind === 'memoryZstd');
  const { snapshot } = bundle;
  return {
    digest,
    sizeBytes,
    manifest: bundle.manifest,
    layers,
    signedBy: signature === undefined ? null : (encodeSignature(signature).split('.')[0] ?? null),
    state:
      snapshot === undefined
        ? null
        : {
            fuelUsed: snapshot.fuelUsed.toString(),
            memories: snapshot.instances.flatMap(({ memories }) =>
              memories.map(({ pages, runs }) => ({
                pages,
                changedBytes: sum(runs.map(({ bytes }) => bytes.byteLength)),
              })),
            ),
            memoryStoredBytes: sum(stored.map((layer) => layer.sizeBytes)),
            starting: snapshot.starting,
            frames: stackFacts(snapshot, loaded),
          },
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
