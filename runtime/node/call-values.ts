/** How the values of a call travel: bytes, JSON and MessagePack, by what the guest takes and what the caller sends and accepts. */
import { pack, unpack } from 'msgpackr';
import type { Encoding, WorkerManifest } from '../bundle/index.ts';
import { PluvioError } from '../errors/index.ts';
import { checkArguments } from '../values/index.ts';
import { parseJsonBody } from './json-body.ts';
import { MEDIA } from './media-types.ts';
import type { NodeLimits } from './node-limits.ts';

/** JSON data of a body, by its content type. @throws PluvioError `REQUEST_INVALID` */
export function dataOf(bytes: Uint8Array, contentType: string): unknown {
  if (bytes.length === 0) return null;
  if (contentType !== MEDIA.msgpack) return parseJsonBody(bytes);
  try {
    return unpack(bytes);
  } catch (cause) {
    const message = `body: is not MessagePack (${(cause as Error).message})`;
    throw new PluvioError('REQUEST_INVALID', message, { field: 'body' }, { cause });
  }
}

/**
 * Refuses the arguments of a typed export that do not fit its interface, before anything is done for the call. What is larger than a JSON body
 * may be is the worker's to check, which reads it as it comes.
 * @param input JSON, as the guest gets it.
 * @throws PluvioError `INVALID_ARGUMENT`, `REQUEST_INVALID`
 */
export function checkTyped(
  { interface: exported = {}, types: classes = {} }: WorkerManifest,
  exportName: string,
  input: Uint8Array,
  { jsonBytes }: Pick<NodeLimits, 'jsonBytes'>,
): void {
  const { params } = exported[exportName] ?? {};
  if (params === undefined || input.length > jsonBytes) return;
  const args = input.length === 0 ? [] : parseJsonBody(input);
  checkArguments(exportName, params, args, { classes, keepsDigits: true });
}

/** How the guest takes what the caller sent, by encoding. */
export const INPUTS: Readonly<
  Record<Exclude<Encoding, 'core'>, (bytes: Uint8Array, contentType: string) => Uint8Array>
> = {
  bytes: (bytes) => bytes,
  json: (bytes, contentType) =>
    contentType === MEDIA.msgpack ? Buffer.from(JSON.stringify(dataOf(bytes, contentType)), 'utf8') : bytes,
  msgpack: (bytes, contentType) => (contentType === MEDIA.msgpack ? bytes : pack(dataOf(bytes, contentType))),
};

/** What the caller gets of what the guest gave, by encoding and what the caller accepts. */
export function outputOf(encoding: Encoding, output: Uint8Array, accepts: string): { type: string; bytes: Uint8Array } {
  const wantsPacked = accepts.includes(MEDIA.msgpack);
  if (encoding === 'json') {
    return wantsPacked
      ? { type: MEDIA.msgpack, bytes: pack(dataOf(output, MEDIA.json)) }
      : { type: MEDIA.json, bytes: output };
  }
  if (encoding === 'msgpack') {
    return wantsPacked
      ? { type: MEDIA.msgpack, bytes: output }
      : { type: MEDIA.json, bytes: Buffer.from(JSON.stringify(dataOf(output, MEDIA.msgpack)), 'utf8') };
  }
  return { type: MEDIA.octets, bytes: output };
}
