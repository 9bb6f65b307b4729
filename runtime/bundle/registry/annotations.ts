/** What people and other tools may read of a bundle in a registry: annotations of its OCI manifest. */
import { PluvioError } from '../../errors/index.ts';
import type { BundleCodecs } from '../codecs.ts';
import { digestOf } from '../digest.ts';
import { encodeJson, parseJson } from '../json.ts';
import type { PackedBundle } from '../pack.ts';
import { type KeyPair, signManifest } from '../signature.ts';
import { fieldOf } from './json-fields.ts';

/** Short names of the annotations that the OCI image specification defines ("Pre-Defined Annotation Keys"). */
const PREFIX = 'org.opencontainers.image.';
const SHORT_NAMES: ReadonlySet<string> = new Set(['source', 'version', 'licenses', 'created', 'description']);
const CREATED_NAME = `${PREFIX}created`;

/** The whole name of an annotation that may be given by a short one. */
export const annotationName = (name: string): string => (SHORT_NAMES.has(name) ? `${PREFIX}${name}` : name);

const CREATED = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,254}$/;
const MAX_VALUE_LENGTH = 4096;
const MAX_ANNOTATIONS = 64;

/** What is packed, as a push needs it. */
export type PushedBundle = Pick<PackedBundle, 'digest' | 'manifestBytes' | 'blobs' | 'signature'>;

/** @throws PluvioError `INVALID_ARGUMENT` */
function checkAnnotations(annotations: Readonly<Record<string, string>>): void {
  const entries = Object.entries(annotations);
  if (entries.length > MAX_ANNOTATIONS)
    throw invalid(`there are ${entries.length}; there must be at most ${MAX_ANNOTATIONS}`);
  for (const [name, value] of entries) {
    if (!NAME.test(name)) throw invalid(`${JSON.stringify(name.slice(0, 80))} is no name of one`);
    if (value.length > MAX_VALUE_LENGTH)
      throw invalid(`${name} has ${value.length} characters; it must have at most ${MAX_VALUE_LENGTH}`);
    if (name === CREATED_NAME && !CREATED.test(value))
      throw invalid(`${name} is ${JSON.stringify(value.slice(0, 80))}; it must be a time as 2026-01-31T12:00:00Z`);
  }
}

const invalid = (reason: string): PluvioError =>
  new PluvioError('INVALID_ARGUMENT', `cannot take the annotations: ${reason}`);

/**
 * The bundle with annotations in its manifest, and signed by `sign`. Annotations change the digest, so a signature that the bundle had does
 * not hold any more: without `sign` it is refused.
 * @throws PluvioError `INVALID_ARGUMENT`, `BUNDLE_MALFORMED`
 */
export async function prepareForPush(
  bundle: PushedBundle,
  { annotations = {}, sign }: { readonly annotations?: Readonly<Record<string, string>>; readonly sign?: KeyPair },
  codecs: BundleCodecs,
): Promise<PushedBundle> {
  checkAnnotations(annotations);
  const annotated = Object.keys(annotations).length === 0 ? bundle : await annotate(bundle, annotations, codecs);
  if (sign === undefined) return annotated;
  return { ...annotated, signature: await signManifest(annotated.manifestBytes, sign) };
}

async function annotate(
  { digest, manifestBytes, blobs, signature }: PushedBundle,
  annotations: Readonly<Record<string, string>>,
  codecs: BundleCodecs,
): Promise<PushedBundle> {
  const manifest = parseJson(manifestBytes, 'OCI manifest') as Readonly<Record<string, unknown>>; // it was packed or checked
  const before = fieldOf(manifest, 'annotations');
  const merged = { ...(typeof before === 'object' ? before : {}), ...annotations };
  const bytes = encodeJson({ ...manifest, annotations: merged });
  const annotatedDigest = await digestOf(bytes, codecs);
  if (annotatedDigest !== digest && signature !== undefined)
    throw invalid('the bundle is signed and they would change it; it must be signed anew');
  const rest = [...blobs].filter(([blob]) => blob !== digest);
  return { digest: annotatedDigest, manifestBytes: bytes, blobs: new Map([[annotatedDigest, bytes], ...rest]) };
}
