/** Bundles from files and nodes into registries. */
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Bundle, type KeyPair, packBundle } from '../../runtime/bundle/index.ts';
import {
  annotationName,
  type BundleDocument,
  fetchKnownChunks,
  parseReference,
  prepareForPush,
  pushBundle,
  type PushedBundle,
  type RegistryReference,
  referenceText,
  sbomType,
} from '../../runtime/bundle/registry/index.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { nodeCodecs } from '../../runtime/node/codecs.ts';
import { readKeyFile } from '../../runtime/node/security/index.ts';
import type { BundleInfo, PluvioClient } from '../client/index.ts';
import type { OptionValues } from './command.ts';
import { fileFailure } from './failure.ts';
import { type BundleFile, readBundle } from './local/program-file.ts';
import { environmentOf, isSet, textOf } from './option-values.ts';
import { Progress } from './progress.ts';
import { registryAccess } from './registry-access.ts';
import { note, sizeText } from './terminal.ts';

const SBOM_MAX_BYTES = 4 * 2 ** 20;

/** What a push has done, as it is told. */
export interface PushFacts {
  /** By digest: what was pushed, whatever the tag says later. */
  readonly reference: string;
  readonly digest: string;
  readonly signed: boolean;
  readonly blobsSent: number;
  readonly blobsMounted: number;
  readonly blobsThere: number;
  readonly bytesSent: number;
  readonly bytesSpared: number;
}

/** Reads a bundle of a node. @throws PluvioError the node's codes, `BUNDLE_…` */
export async function fetchBundle(
  client: PluvioClient,
  { digest, sizeBytes, name }: BundleInfo,
): Promise<Omit<BundleFile, 'sizeBytes' | 'content'>> {
  const progress = new Progress(`fetching ${name}`, sizeBytes, false);
  return readBundle(digest, progress.watch(await client.bundles.content(digest)), {});
}

/** The bundle without a signature that is not there. */
const pushedOf = ({
  digest,
  manifestBytes,
  blobs,
  signature,
}: Pick<BundleFile, 'digest' | 'manifestBytes' | 'blobs' | 'signature'>): PushedBundle =>
  signature === undefined ? { digest, manifestBytes, blobs } : { digest, manifestBytes, blobs, signature };

async function signingPair(options: OptionValues): Promise<KeyPair | undefined> {
  const file = textOf(options, 'sign');
  if (file === undefined) return undefined;
  const { publicKey, privateKey } = await readKeyFile(file);
  return { publicKey, privateKey: new Uint8Array(privateKey.export({ format: 'der', type: 'pkcs8' })) };
}

/** An SBOM out of a file. @throws PluvioError `FILE_FAILED`, `INVALID_ARGUMENT`, `BUNDLE_MALFORMED` */
async function readSbom(path: string): Promise<BundleDocument> {
  const read = async (): Promise<Uint8Array> => {
    const { size } = await stat(path);
    if (size > SBOM_MAX_BYTES) {
      throw new PluvioError(
        'INVALID_ARGUMENT',
        `cannot take SBOM ${path}: it has ${size} bytes; it must have at most ${SBOM_MAX_BYTES}`,
      );
    }
    return new Uint8Array(await readFile(path));
  };
  const bytes = await read().catch((cause: unknown) =>
    Promise.reject(cause instanceof PluvioError ? cause : fileFailure('read SBOM', path, cause)),
  );
  return { mediaType: sbomType(bytes), bytes, title: basename(path) };
}

function annotationsOf(options: OptionValues): Record<string, string> {
  const entries = Object.entries(environmentOf(options, 'annotation'));
  return Object.fromEntries(entries.map(([name, value]) => [annotationName(name), value]));
}

type Packed = Pick<BundleFile, 'digest' | 'manifestBytes' | 'blobs' | 'signature'>;

/**
 * A worker's state packed so that it shares the memory of an earlier bundle: the one of the option --base, else the one that has the tag.
 * What is in the registry is named, and not brought.
 */
export async function packShared(bundle: Bundle, reference: RegistryReference, options: OptionValues): Promise<Packed> {
  const { digest: _digest, ...place } = reference;
  const base = { ...place, tag: textOf(options, 'base') ?? place.tag ?? '' };
  const access = { ...registryAccess(options, reference), codecs: nodeCodecs };
  const known =
    base.tag === '' ? new Map<never, never>() : await fetchKnownChunks(parseReference(referenceText(base)), access);
  const packed = await packBundle(bundle, nodeCodecs, { known });
  return { ...packed, signature: undefined };
}

/**
 * Pushes a bundle as the options say.
 * @throws PluvioError `REGISTRY_…`, `CREDENTIALS_FAILED`, `INVALID_ARGUMENT`, `KEY_INVALID`, `FILE_FAILED`
 */
export async function pushOf(bundle: Packed, reference: RegistryReference, options: OptionValues): Promise<PushFacts> {
  const sbom = textOf(options, 'sbom');
  const documents = sbom === undefined ? [] : [await readSbom(sbom)];
  const sign = await signingPair(options);
  const annotations = annotationsOf(options);
  const prepared = await prepareForPush(
    pushedOf(bundle),
    { annotations, ...(sign === undefined ? {} : { sign }) },
    nodeCodecs,
  );
  const sizeBytes = [...prepared.blobs.values()].reduce((total, bytes) => total + bytes.byteLength, 0);
  const progress = new Progress(`pushing ${referenceText(reference)}`, sizeBytes, isSet(options, 'progress'));
  const mountFrom = textOf(options, 'mountFrom');
  const pushed = await pushBundle(prepared, reference, {
    ...registryAccess(options, reference),
    codecs: nodeCodecs,
    documents,
    onBytes: (bytes) => progress.add(bytes),
    ...(mountFrom === undefined ? {} : { mountFrom }),
  });
  progress.end();
  const { registry, repository } = reference;
  const place = referenceText({ registry, repository, digest: prepared.digest });
  return { reference: place, signed: prepared.signature !== undefined, ...pushed };
}

/** Tells on standard error what a push has sent. */
export function notePushed({ reference, signed, ...counts }: PushFacts): void {
  const { blobsSent, bytesSent, blobsMounted, blobsThere, bytesSpared } = counts;
  note(
    `${reference}${signed ? ', signed' : ''}: sent ${blobsSent} blobs (${sizeText(bytesSent)}); ${blobsThere} were there and ${blobsMounted} mounted (${sizeText(bytesSpared)})`,
  );
}
