/** Reads what `run`, `resume`, `push` and `inspect` are given: a module, a bundle in a `.drop` file, or one in a registry. */
import { createReadStream, existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  type Bundle,
  type BundleLimits,
  type BundleSignature,
  type Digest,
  listBlobs,
  readDrop,
  type TrustPolicy,
  unpackBundle,
  writeDrop,
} from '../../../runtime/bundle/index.ts';
import { isReference, parseReference, pullBundle } from '../../../runtime/bundle/registry/index.ts';
import { PluvioError } from '../../../runtime/errors/index.ts';
import { nodeCodecs } from '../../../runtime/node/index.ts';
import { fileFailure } from '../failure.ts';
import type { OptionValues } from '../command.ts';
import { pullProgress, registryAccess, trustOf } from '../registry-access.ts';

/** A local file may hold as many files as the format allows. */
export const LOCAL_BUNDLE_LIMITS: BundleLimits = { files: 10_000 };

const HEAD_BYTES = 262;
const WASM_MAGIC = '\0asm';
const TAR_MAGIC = 'ustar';
const TAR_MAGIC_AT = 257;

export type ProgramFile =
  | { readonly kind: 'module'; readonly path: string; readonly module: Uint8Array }
  | {
      readonly kind: 'bundle';
      readonly path: string;
      readonly bundle: Bundle;
      readonly digest: Digest;
      readonly manifestBytes: Uint8Array;
      readonly signature: BundleSignature | undefined;
      /** Every blob, the manifest first. */
      readonly blobs: ReadonlyMap<Digest, Uint8Array>;
      readonly sizeBytes: number;
      /** The bundle as a `.drop` file, with its signature. */
      readonly content: () => AsyncIterable<Uint8Array>;
    };

export type BundleFile = Extract<ProgramFile, { readonly kind: 'bundle' }>;

/** Whether a text names a file or something in a registry; any other name is that of a worker. */
export const namesProgram = (text: string): boolean => /\.(?:drop|wasm)$|\//.test(text);

/** Whether a text names something in a registry; a file of that name comes first. */
export const namesReference = (text: string): boolean => isReference(text) && !existsSync(text);

/**
 * Reads and checks a module's or a bundle's file, or a bundle in a registry.
 * @throws PluvioError `FILE_FAILED`, `MODULE_MALFORMED`, `BUNDLE_…`, `SNAPSHOT_…`, `REGISTRY_…`, `CREDENTIALS_FAILED`
 */
export async function readProgramFile(path: string, options: OptionValues = {}): Promise<ProgramFile> {
  if (namesReference(path)) return pullProgram(path, options);
  const { head, sizeBytes } = await readHead(path);
  const trust = trustOf(options);
  if (head.startsWith(WASM_MAGIC)) {
    if (trust.signatureRequired === true)
      throw new PluvioError(
        'BUNDLE_UNSIGNED',
        `cannot take ${path}: a bare module has no signature; it must be a bundle`,
      );
    const bytes = await readFile(path).catch((cause: unknown) => Promise.reject(fileFailure('read', path, cause)));
    return { kind: 'module', path, module: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
  }
  if (head.startsWith(TAR_MAGIC, TAR_MAGIC_AT)) {
    const content = (): AsyncIterable<Uint8Array> => createReadStream(path);
    return { ...(await readBundle(path, content(), trust)), sizeBytes, content };
  }
  throw new PluvioError(
    'MODULE_MALFORMED',
    `cannot run ${path}: it begins with ${JSON.stringify(head.slice(0, 4))}; it must be a WebAssembly module or a bundle`,
    { path },
  );
}

async function readHead(path: string): Promise<{ head: string; sizeBytes: number }> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return { head: buffer.toString('latin1', 0, bytesRead), sizeBytes: (await file.stat()).size };
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw fileFailure('read', path, cause);
  }
}

/** Reads and checks a `.drop` file. @throws PluvioError `BUNDLE_…`, `SNAPSHOT_…` */
export async function readBundle(
  path: string,
  drop: AsyncIterable<Uint8Array>,
  trust: TrustPolicy,
): Promise<Omit<BundleFile, 'sizeBytes' | 'content'>> {
  const source = await readDrop(drop, LOCAL_BUNDLE_LIMITS);
  const { digest, signature } = source;
  const bundle = await unpackBundle(source, nodeCodecs, LOCAL_BUNDLE_LIMITS, trust);
  const manifestBytes = await source.fetch(digest, Infinity);
  const blobs = new Map([[digest, manifestBytes]]);
  for (const blob of listBlobs(manifestBytes, LOCAL_BUNDLE_LIMITS))
    blobs.set(blob.digest, await source.fetch(blob.digest, blob.sizeBytes));
  return { kind: 'bundle', path, bundle, digest, manifestBytes, signature, blobs };
}

/** Pulls and checks a bundle. @throws PluvioError `REGISTRY_…`, `BUNDLE_…`, `SNAPSHOT_…`, `CREDENTIALS_FAILED` */
export async function pullProgram(text: string, options: OptionValues): Promise<BundleFile> {
  const reference = parseReference(text);
  const trust = trustOf(options);
  const { source, manifestBytes, blobs } = await pullBundle(reference, {
    ...registryAccess(options, reference),
    ...pullProgress(text, options),
    codecs: nodeCodecs,
    bundleLimits: LOCAL_BUNDLE_LIMITS,
    trust,
  });
  const { digest, signature } = source;
  const bundle = await unpackBundle(source, nodeCodecs, LOCAL_BUNDLE_LIMITS, trust);
  const sizeBytes = [...blobs.values()].reduce((total, bytes) => total + bytes.byteLength, 0);
  const content = (): AsyncIterable<Uint8Array> =>
    writeDrop({ digest, manifestBytes, blobs, ...(signature === undefined ? {} : { signature }) });
  return { kind: 'bundle', path: text, bundle, digest, manifestBytes, signature, blobs, sizeBytes, content };
}

const NAME_MAX_LENGTH = 63;

/** A name for a worker after its file: `Big Prog.wasm` gives `big-prog`. */
export function workerNameOf(path: string): string {
  const plain = basename(path)
    .replace(/\.(?:wasm|drop)$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, NAME_MAX_LENGTH)
    .replace(/^-+|-+$/g, '');
  return plain === '' ? 'worker' : plain;
}
