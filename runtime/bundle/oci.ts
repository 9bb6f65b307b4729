/**
 * The OCI documents of a bundle: image manifest and config (OCI image specification 1.1, CNCF wasm artifact layout).
 *
 * Boundary: JSON bytes to checked data and back. What the layers hold is not looked at here.
 */
import {
  FieldFault,
  inField,
  readArray,
  readEach,
  readRecord,
  readText,
  readUint,
  withFieldErrors,
} from '../engine/plain-fields.ts';
import { PluvioError } from '../errors/index.ts';
import { type Digest, readDigest } from './digest.ts';
import { encodeJson, parseJson } from './json.ts';
import {
  BUNDLE_ARTIFACT_TYPE,
  type LayerKind,
  LAYERS,
  OCI_MANIFEST_TYPE,
  TITLE_ANNOTATION,
  WASM_CONFIG_TYPE,
} from './media-types.ts';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface Layer extends Descriptor {
  readonly kind: LayerKind;
  /** Path of a file. */
  readonly title?: string;
}

export interface ImageManifest {
  readonly config: Descriptor;
  readonly layers: readonly Layer[];
}

/** Creation time of every config: a bundle of the same content has the same digest whenever it is packed. */
const CREATED = '1970-01-01T00:00:00Z';
const MAX_LAYERS = 100_000;
const MAX_TITLE_LENGTH = 4096;
const KIND_OF_TYPE = new Map<string, LayerKind>(
  (Object.keys(LAYERS) as LayerKind[]).map((kind) => [LAYERS[kind].mediaType, kind]), // the keys of the table
);

export function encodeImageManifest({ config, layers }: ImageManifest): Uint8Array {
  return encodeJson({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST_TYPE,
    artifactType: BUNDLE_ARTIFACT_TYPE,
    config: descriptorJson(config),
    layers: layers.map((layer) => ({
      ...descriptorJson(layer),
      ...(layer.title === undefined ? {} : { annotations: { [TITLE_ANNOTATION]: layer.title } }),
    })),
  });
}

export const descriptorJson = ({ mediaType, digest, sizeBytes }: Descriptor): object => ({
  mediaType,
  digest,
  size: sizeBytes,
});

/** @throws PluvioError `BUNDLE_MALFORMED`, `BUNDLE_VERSION` */
export function decodeImageManifest(bytes: Uint8Array): ImageManifest {
  const json = parseJson(bytes, 'OCI manifest');
  return withFieldErrors('BUNDLE_MALFORMED', 'OCI manifest', () => {
    const record = readRecord(
      json,
      ['schemaVersion', 'mediaType', 'artifactType', 'config', 'layers'],
      ['annotations'],
    );
    inField('schemaVersion', () => readUint(record['schemaVersion'], 2, 2));
    inField('mediaType', () => readExactly(record['mediaType'], OCI_MANIFEST_TYPE));
    inField('artifactType', () => readArtifactType(record['artifactType']));
    const config = inField('config', () => readDescriptor(record['config']));
    inField('config', () => readExactly(config.mediaType, WASM_CONFIG_TYPE));
    const layers = inField('layers', () => readEach(record['layers'], MAX_LAYERS, readLayer));
    inField('layers', () => checkCounts(layers));
    return { config, layers };
  });
}

function readArtifactType(value: unknown): void {
  const version =
    typeof value === 'string' ? /^application\/vnd\.pluvio\.bundle\.v(\d+)\+json$/.exec(value)?.[1] : undefined;
  if (version !== undefined && version !== '1') {
    throw new PluvioError('BUNDLE_VERSION', `cannot read a bundle of version ${version}; it must be 1`, { version });
  }
  readExactly(value, BUNDLE_ARTIFACT_TYPE);
}

export function readExactly(value: unknown, expected: string): void {
  if (value !== expected) throw new FieldFault(value, JSON.stringify(expected));
}

/** @throws FieldFault */
export function readDescriptor(value: unknown): Descriptor {
  const record = readRecord(value, ['mediaType', 'digest', 'size'], ['annotations', 'artifactType', 'platform']);
  return {
    mediaType: inField('mediaType', () => readText(record['mediaType'], 255)),
    digest: inField('digest', () => readDigest(record['digest'])),
    sizeBytes: inField('size', () => readUint(record['size'], Number.MAX_SAFE_INTEGER)),
  };
}

function readLayer(value: unknown): Layer {
  const descriptor = readDescriptor(value);
  const kind = KIND_OF_TYPE.get(descriptor.mediaType);
  if (kind === undefined) {
    return inField('mediaType', () => {
      throw new FieldFault(descriptor.mediaType, 'the media type of a bundle layer');
    });
  }
  if (kind !== 'file') return { ...descriptor, kind };
  const annotations = inField('annotations', () =>
    readRecord(readRecord(value, [], Object.keys(value ?? {}))['annotations'], [TITLE_ANNOTATION]),
  );
  const title = inField(TITLE_ANNOTATION, () => readText(annotations[TITLE_ANNOTATION], MAX_TITLE_LENGTH));
  return { ...descriptor, kind, title };
}

function checkCounts(layers: readonly Layer[]): void {
  for (const [kind, { mediaType, min, max }] of Object.entries(LAYERS)) {
    const count = layers.filter((layer) => layer.kind === kind).length;
    if (count < min || count > max)
      throw new FieldFault(layers, `with ${min} to ${max} layers of ${mediaType}, not ${count}`);
  }
}

/** The config: `os` is wasip2 for a component, wasip1 for a module. */
export function encodeConfig(layers: readonly Layer[], isComponent: boolean): Uint8Array {
  return encodeJson({
    created: CREATED,
    architecture: 'wasm',
    os: isComponent ? 'wasip2' : 'wasip1',
    layerDigests: layers.map((layer) => layer.digest),
  });
}

/** @throws PluvioError `BUNDLE_MALFORMED` */
export function checkConfig(bytes: Uint8Array, layers: readonly Layer[]): void {
  const json = parseJson(bytes, 'OCI config');
  withFieldErrors('BUNDLE_MALFORMED', 'OCI config', () => {
    const record = readRecord(json, ['architecture', 'os', 'layerDigests'], ['created', 'author', 'component']);
    inField('architecture', () => readExactly(record['architecture'], 'wasm'));
    inField('layerDigests', () => {
      const digests = readArray(record['layerDigests'], layers.length, layers.length);
      layers.forEach((layer, index) => inField(index, () => readExactly(digests[index], layer.digest)));
    });
  });
}
