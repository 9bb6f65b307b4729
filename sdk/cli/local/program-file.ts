/** Reads what `run`, `resume` and `inspect` are given: a module, or a bundle in a `.drop` file. */
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  type Bundle,
  type BundleLimits,
  type BundleSignature,
  readDrop,
  unpackBundle,
} from '../../../runtime/bundle/index.ts';
import { PluvioError } from '../../../runtime/errors/index.ts';
import { nodeCodecs } from '../../../runtime/node/index.ts';
import { sealedTo } from '../../../runtime/node/security/index.ts';
import { fileFailure } from '../failure.ts';

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
      readonly digest: string;
      readonly manifestBytes: Uint8Array;
      readonly signature: BundleSignature | undefined;
      readonly sizeBytes: number;
    };

/**
 * Reads and checks a module's or a bundle's file.
 * @throws PluvioError `FILE_FAILED`, `KEY_UNKNOWN` it is sealed, `MODULE_MALFORMED`, `BUNDLE_…`, `SNAPSHOT_…`
 */
export async function readProgramFile(path: string): Promise<ProgramFile> {
  const { head, sizeBytes } = await readHead(path);
  if (head.startsWith(WASM_MAGIC)) {
    const bytes = await readFile(path).catch((cause: unknown) => Promise.reject(fileFailure('read', path, cause)));
    return { kind: 'module', path, module: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
  }
  if (head.startsWith(TAR_MAGIC, TAR_MAGIC_AT)) return { ...(await readBundle(path)), sizeBytes };
  const key = sealedTo(Buffer.from(head, 'latin1'));
  if (key !== undefined) {
    throw new PluvioError('KEY_UNKNOWN', `cannot read ${path}: it is sealed to the key ${key}, which a node has`, {
      key,
    });
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

type BundleFile = Extract<ProgramFile, { kind: 'bundle' }>;

async function readBundle(path: string): Promise<Omit<BundleFile, 'sizeBytes'>> {
  const source = await readDrop(createReadStream(path), LOCAL_BUNDLE_LIMITS);
  const bundle = await unpackBundle(source, nodeCodecs, LOCAL_BUNDLE_LIMITS);
  const manifestBytes = await source.fetch(source.digest, Infinity);
  return { kind: 'bundle', path, bundle, digest: source.digest, manifestBytes, signature: source.signature };
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
