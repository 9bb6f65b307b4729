/** Writes a blob into a registry, unless it is there, and goes on where a connection broke (distribution specification, "Pushing blobs"). */
import { PluvioError } from '../../errors/index.ts';
import type { Digest } from '../digest.ts';
import { failed } from './registry-errors.ts';
import { discard, type RegistrySession } from './session.ts';

export interface SentBlob {
  /** `there`: the repository had it; `mounted`: another repository of the registry had it. */
  readonly how: 'there' | 'mounted' | 'sent';
  /** Bytes that the registry took. */
  readonly sentBytes: number;
}

/** Where an upload is. */
interface Place {
  readonly url: URL;
  readonly offset: number;
}

const OCTETS = 'application/octet-stream';
const TRANSIENT: ReadonlySet<string> = new Set(['REGISTRY_UNREACHABLE', 'REGISTRY_NOT_FOUND']);
/** The registry has other bytes of the upload than we think. */
const RANGE_STATUS = 416;

/** @throws PluvioError `REGISTRY_…`, `ABORTED` */
export async function uploadBlob(
  session: RegistrySession,
  digest: Digest,
  bytes: Uint8Array,
  onBytes?: (bytes: number) => void,
): Promise<SentBlob> {
  if (await hasBlob(session, digest)) return { how: 'there', sentBytes: 0 };
  const begun = await beginUpload(session, digest);
  if (begun === 'mounted') return { how: 'mounted', sentBytes: 0 };
  const upload = new Upload(session, digest, bytes, onBytes);
  let place: Place = begun;
  for (let failures = 1; ; failures++) {
    try {
      await upload.from(place);
      return { how: 'sent', sentBytes: upload.sentBytes };
    } catch (error) {
      const isOver = failures >= session.limits.attempts || !isTransient(error);
      if (isOver) throw error;
      await session.rest(failures);
    }
    if (await hasBlob(session, digest)) return { how: 'sent', sentBytes: upload.sentBytes };
    place = (await upload.resumePlace()) ?? (await beginAnew(session, digest));
  }
}

const isTransient = (error: unknown): boolean =>
  error instanceof PluvioError && (TRANSIENT.has(error.code) || error.details['httpStatus'] === RANGE_STATUS);

/** Whether the repository has a blob. */
export async function hasBlob(session: RegistrySession, digest: Digest): Promise<boolean> {
  const response = await session.send({
    method: 'HEAD',
    url: session.url(`blobs/${digest}`),
    what: `look for blob ${digest}`,
    expects: [200, 404],
  });
  await discard(response);
  return response.status === 200;
}

async function beginUpload(
  session: RegistrySession,
  digest: Digest,
  mountFrom = session.mountFrom,
): Promise<Place | 'mounted'> {
  const url = session.url('blobs/uploads/');
  if (mountFrom !== undefined) {
    url.searchParams.set('mount', digest);
    url.searchParams.set('from', mountFrom);
  }
  const what = `begin the upload of blob ${digest}`;
  const response = await session.send({ method: 'POST', url, what, expects: [201, 202] });
  await discard(response);
  if (response.status === 201 && mountFrom !== undefined) return 'mounted';
  if (response.status === 201) throw failed(what, session.registry, 'says that it is there, which was not asked');
  return { url: session.placeOf(response, url, what), offset: 0 };
}

async function beginAnew(session: RegistrySession, digest: Digest): Promise<Place> {
  const begun = await beginUpload(session, digest, undefined);
  if (begun === 'mounted') throw failed(`send blob ${digest}`, session.registry, 'mounts what was not asked for');
  return begun;
}

class Upload {
  readonly #session: RegistrySession;
  readonly #digest: Digest;
  readonly #bytes: Uint8Array;
  readonly #onBytes: ((bytes: number) => void) | undefined;
  readonly #what: string;
  #url: URL | undefined;
  sentBytes = 0;

  constructor(
    session: RegistrySession,
    digest: Digest,
    bytes: Uint8Array,
    onBytes: ((bytes: number) => void) | undefined,
  ) {
    this.#session = session;
    this.#digest = digest;
    this.#bytes = bytes;
    this.#onBytes = onBytes;
    this.#what = `send blob ${digest}`;
  }

  /** Sends what is left and ends the upload. */
  async from({ url, offset }: Place): Promise<void> {
    const { chunkBytes } = this.#session.limits;
    const sizeBytes = this.#bytes.byteLength;
    this.#url = url;
    if (offset === 0 && sizeBytes <= chunkBytes) return this.#end(this.#bytes);
    for (let at = offset; at < sizeBytes; at += chunkBytes)
      await this.#sendChunk(at, Math.min(at + chunkBytes, sizeBytes));
    return this.#end(new Uint8Array());
  }

  async #sendChunk(start: number, end: number): Promise<void> {
    const url = this.#place;
    const response = await this.#session.send({
      method: 'PATCH',
      url,
      what: this.#what,
      expects: [202],
      headers: { 'content-type': OCTETS, 'content-range': `${start}-${end - 1}` },
      body: this.#bytes.subarray(start, end),
      attempts: 1,
    });
    await discard(response);
    this.#url = this.#session.placeOf(response, url, this.#what);
    this.#count(end - start);
  }

  async #end(body: Uint8Array): Promise<void> {
    const url = new URL(this.#place);
    url.searchParams.set('digest', this.#digest);
    const headers = { 'content-type': OCTETS };
    const request = { method: 'PUT', url, what: this.#what, expects: [201], headers, body, attempts: 1 } as const;
    const response = await this.#session.send(request);
    await discard(response);
    const found = response.headers.get('docker-content-digest');
    if (found !== null && found !== this.#digest)
      throw failed(this.#what, this.#session.registry, `keeps it as ${JSON.stringify(found.slice(0, 80))}`);
    this.#count(body.byteLength);
  }

  /** What the registry has of the upload; undefined: it knows nothing of it, or says nothing that fits. */
  async resumePlace(): Promise<Place | undefined> {
    const url = this.#place;
    const response = await this.#session.send({
      method: 'GET',
      url,
      what: this.#what,
      expects: [204, 400, 404, 405, 416],
    });
    await discard(response);
    const last = /^0-(\d+)$/.exec(response.headers.get('range') ?? '')?.[1];
    if (response.status !== 204 || last === undefined) return undefined;
    // 0-0 stands for nothing as well as for one byte.
    const offset = last === '0' ? 0 : Number(last) + 1;
    if (offset > this.#bytes.byteLength) return undefined;
    const hasPlace = response.headers.get('location') !== null;
    return { url: hasPlace ? this.#session.placeOf(response, url, this.#what) : url, offset };
  }

  #count(bytes: number): void {
    this.sentBytes += bytes;
    this.#onBytes?.(bytes);
  }

  get #place(): URL {
    if (this.#url === undefined) throw new PluvioError('INTERNAL', 'an upload has no place yet');
    return this.#url;
  }
}
