/** Bundles in files that are sealed to a node: by `snapshot --seal-to`, opened by that node alone. */
import { open, readFile } from 'node:fs/promises';
import { PluvioError } from '../../runtime/errors/index.ts';
import {
  keyIdOf,
  parsePublicKey,
  SEALED_HEAD_BYTES,
  sealedTo,
  sealingKeyId,
  trustedSealingKey,
} from '../../runtime/node/security/index.ts';
import type { NodeInfo } from '../client/index.ts';
import { fileFailure } from './failure.ts';
import type { Connection } from './node-client.ts';

export interface SealTarget {
  readonly publicKey: Uint8Array;
  /** SHA-256 of the key, hex. */
  readonly keyId: string;
  /** Key id of the node that vouches for it; undefined: nobody does. */
  readonly voucher: string | undefined;
}

interface Shown {
  readonly identity: Pick<NodeInfo['identity'], 'publicKey'>;
  readonly sealingKey: NodeInfo['sealingKey'];
}

/** @throws PluvioError `KEY_INVALID` */
const targetOf = (publicKey: Uint8Array, voucher?: string): SealTarget => ({
  publicKey,
  keyId: sealingKeyId(publicKey),
  voucher,
});
const targetOfNode = ({ identity, sealingKey }: Shown): SealTarget =>
  targetOf(trustedSealingKey(sealingKey, identity.publicKey), keyIdOf(identity.publicKey));

/**
 * The key to seal to: of the node at an address, or out of a file, which holds the key or what a node answers to `GET /v1/node`.
 * @throws PluvioError `KEY_INVALID`, `FILE_FAILED`, `NODE_UNREACHABLE`, the node's codes
 */
export async function readSealTarget(from: string, connection: Connection): Promise<SealTarget> {
  if (/^https?:\/\//.test(from)) return targetOfNode(await connection.other(from).node());
  const text = await readFile(from, 'utf8').catch((cause: unknown) =>
    Promise.reject(fileFailure('read sealing key', from, cause)),
  );
  if (!text.trimStart().startsWith('{')) return targetOf(parsePublicKey(text.trim()));
  return targetOfNode(parseShown(text, from));
}

function parseShown(text: string, path: string): Shown {
  const fault = (cause?: unknown): PluvioError =>
    new PluvioError('KEY_INVALID', `${path} is no description of a node: it must have "identity" and "sealingKey"`, {
      path,
      ...(cause instanceof Error ? { cause: cause.message } : {}),
    });
  let json: { readonly [Name in keyof Shown]?: Partial<Record<string, unknown>> };
  try {
    json = JSON.parse(text) as typeof json; // an object: it begins with a brace
  } catch (cause) {
    throw fault(cause);
  }
  const texts = [json.identity?.['publicKey'], json.sealingKey?.['publicKey']];
  if (![...texts, json.sealingKey?.['signature']].every((value) => typeof value === 'string')) throw fault();
  return json as Shown; // its fields were looked at
}

/** The id of the key that a file is sealed to; undefined: it is no sealed file. @throws PluvioError `FILE_FAILED` */
export async function sealedKeyOf(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(SEALED_HEAD_BYTES), 0, SEALED_HEAD_BYTES, 0);
      return sealedTo(buffer.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw fileFailure('read', path, cause);
  }
}
