import type { BundleInfo } from '../../runtime/node/api-types.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import type { CallOptions } from './call-options.ts';
import type { BodyInput, Transport } from './transport.ts';

const pathOf = (digest: string, rest = ''): string => `/v1/bundles/${encodeURIComponent(digest)}${rest}`;

/** The bundles and blobs of a node. */
export class Bundles {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** All bundles that the caller may see. */
  async list({ signal }: CallOptions = {}): Promise<readonly BundleInfo[]> {
    const request = { method: 'GET', path: '/v1/bundles', signal } as const;
    const answer = await this.#transport.json<{ bundles: readonly BundleInfo[] }>(request, 'bundles');
    return answer.bundles;
  }

  /** One bundle. @throws PluvioError `BLOB_NOT_FOUND` */
  get(digest: string, { signal }: CallOptions = {}): Promise<BundleInfo> {
    return this.#transport.json({ method: 'GET', path: pathOf(digest), signal }, 'digest');
  }

  /** Sends a `.drop` file; `sealed`: one that is sealed to the node. */
  upload(drop: BodyInput, { signal, sealed = false }: CallOptions & { sealed?: boolean } = {}): Promise<BundleInfo> {
    const contentType = sealed ? 'application/vnd.pluvio.sealed.v1' : 'application/vnd.pluvio.drop.v1+tar';
    const sent = { body: drop, contentType, repeatable: true, timeoutMs: 0 };
    return this.#transport.json({ method: 'POST', path: '/v1/bundles', ...sent, signal }, 'digest');
  }

  /** Makes a bundle of blobs that the node has, from the bytes of its OCI manifest. */
  uploadManifest(manifest: Uint8Array, { signal }: CallOptions = {}): Promise<BundleInfo> {
    const contentType = 'application/vnd.oci.image.manifest.v1+json';
    const sent = { body: manifest, contentType, repeatable: true };
    return this.#transport.json({ method: 'POST', path: '/v1/bundles', ...sent, signal }, 'digest');
  }

  /** The bundle as a `.drop` file. */
  async content(digest: string, { signal }: CallOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#transport.send({
      method: 'GET',
      path: pathOf(digest, '/content'),
      accept: '*/*',
      signal,
    });
    if (!response.body) throw new PluvioError('NODE_UNREACHABLE', `the answer for bundle ${digest} has no body`);
    return response.body;
  }

  /** Forgets a bundle; a worker that needs it keeps it. @throws PluvioError `BLOB_NOT_FOUND` */
  async delete(digest: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#transport.send({ method: 'DELETE', path: pathOf(digest), repeatable: false, signal });
  }

  /** Which of these blobs the node lacks. */
  async missingBlobs(digests: readonly string[], { signal }: CallOptions = {}): Promise<readonly string[]> {
    const request = { method: 'POST', path: '/v1/blobs/missing', json: { digests }, repeatable: true, signal } as const;
    return (await this.#transport.json<{ missing: readonly string[] }>(request, 'missing')).missing;
  }

  /** Sends a blob. @throws PluvioError `BLOB_DAMAGED` the bytes do not have that digest */
  async putBlob(digest: string, bytes: Uint8Array, { signal }: CallOptions = {}): Promise<void> {
    const path = `/v1/blobs/${encodeURIComponent(digest)}`;
    await this.#transport.send({
      method: 'PUT',
      path,
      body: bytes,
      contentType: 'application/octet-stream',
      timeoutMs: 0,
      signal,
    });
  }

  /** The bytes of a blob, the caller’s to keep. @throws PluvioError `BLOB_NOT_FOUND` */
  async getBlob(digest: string, { signal }: CallOptions = {}): Promise<Uint8Array> {
    const path = `/v1/blobs/${encodeURIComponent(digest)}`;
    const response = await this.#transport.send({ method: 'GET', path, accept: '*/*', signal });
    return new Uint8Array(await response.arrayBuffer());
  }
}
