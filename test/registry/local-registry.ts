/**
 * A registry in this process, as small as the distribution specification allows, that can be told to misbehave: a real server, for tests that
 * need one that lies, breaks off or asks for passwords.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

interface Repository {
  readonly blobs: Map<string, Buffer>;
  /** By tag and by digest. */
  readonly manifests: Map<string, { readonly bytes: Buffer; readonly type: string }>;
}

export interface LocalRegistryOptions {
  readonly hasReferrersApi?: boolean;
  /** Whom it answers; default: everybody. `bearer` has its token service at `/token`. */
  readonly auth?: { readonly kind: 'basic' | 'bearer'; readonly user: string; readonly password: string };
  /** Answers in place of the registry; true: it has. */
  readonly intercept?: Intercept;
}

export type Intercept = (seen: Seen, request: IncomingMessage, response: ServerResponse) => boolean;

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
  readonly contentRange: string | undefined;
}

export const digestOfBytes = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const PATHS =
  /^\/v2\/(?<name>[a-z0-9/._-]+?)\/(?:blobs\/uploads\/(?<upload>[0-9]*)|(?<kind>blobs|manifests|referrers)\/(?<reference>[^?]+))(?:\?.*)?$/;

export class LocalRegistry {
  readonly repositories = new Map<string, Repository>();
  /** Every request, in order. */
  readonly seen: Seen[] = [];
  /** Tokens that the registry takes. */
  readonly tokens = new Set<string>();
  readonly tokenRequests: string[] = [];
  #uploads = new Map<string, Buffer>();
  #nextUpload = 1;
  readonly #server: Server;
  #options: LocalRegistryOptions;

  private constructor(options: LocalRegistryOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async open(options: LocalRegistryOptions = {}): Promise<LocalRegistry> {
    const registry = new LocalRegistry(options);
    await new Promise<void>((resolve) => registry.#server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  /** Host and port. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`; // it listens on TCP
  }

  intercept(intercept: Intercept): void {
    this.#options = { ...this.#options, intercept };
  }

  repository(name: string): Repository {
    const known = this.repositories.get(name) ?? { blobs: new Map(), manifests: new Map() };
    this.repositories.set(name, known);
    return known;
  }

  /** How often something was asked for. */
  count(method: string, part: string): number {
    return this.seen.filter((one) => one.method === method && one.url.includes(part)).length;
  }

  /** Forgets an upload, as registries do after a while. */
  forgetUploads(): void {
    this.#uploads = new Map();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    const { authorization, range } = headers;
    const contentRange = headers['content-range'];
    const seen = { method, url, authorization, range, contentRange };
    this.seen.push(seen);
    if (this.#options.intercept?.(seen, request, response) === true) return;
    if (url.startsWith('/token')) return this.#token(request, response);
    if (!this.#isLetIn(authorization)) return this.#challenge(response);
    const match = PATHS.exec(url)?.groups;
    const repository = this.repository(match?.['name'] ?? '');
    if (match?.['upload'] !== undefined) return this.#upload(request, response, match['name'] ?? '', match['upload']);
    const reference = match?.['reference'] ?? '';
    if (match?.['kind'] === 'blobs') return this.#blob(seen, response, repository.blobs.get(reference));
    if (match?.['kind'] === 'manifests') return this.#manifest(request, response, repository, reference);
    if (match?.['kind'] === 'referrers' && this.#options.hasReferrersApi === true)
      return sendJson(response, 200, { schemaVersion: 2, manifests: referrersOf(repository, reference) });
    sendJson(response, 404, { errors: [{ code: 'NOT_FOUND', message: 'no such route' }] });
  }

  #isLetIn(authorization: string | undefined): boolean {
    const { auth } = this.#options;
    if (auth === undefined) return true;
    if (auth.kind === 'basic') return authorization === basicOf(auth.user, auth.password);
    return this.tokens.has(authorization?.replace(/^Bearer /, '') ?? '');
  }

  #challenge(response: ServerResponse): void {
    const realm = `http://${this.host}/token`;
    const isBasic = this.#options.auth?.kind === 'basic';
    const asks = isBasic ? 'Basic realm="here"' : `Bearer realm="${realm}",service="here",scope="repository:any:pull"`;
    response.setHeader('www-authenticate', asks);
    sendJson(response, 401, { errors: [{ code: 'UNAUTHORIZED', message: 'sign in' }] });
  }

  async #token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { auth } = this.#options;
    const body = (await buffer(request)).toString();
    this.tokenRequests.push(`${request.method} ${request.url} ${body}`);
    const isKnown =
      auth !== undefined &&
      (request.headers.authorization === basicOf(auth.user, auth.password) ||
        new URLSearchParams(body).get('refresh_token') === auth.password);
    if (!isKnown) return sendJson(response, 401, { details: 'incorrect username or password' });
    const token = `token-${this.tokenRequests.length}`;
    this.tokens.add(token);
    sendJson(response, 200, { token });
  }

  #blob({ method, range }: Seen, response: ServerResponse, bytes: Buffer | undefined): void {
    if (bytes === undefined) return sendJson(response, 404, { errors: [{ code: 'BLOB_UNKNOWN', message: 'unknown' }] });
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    if (range !== undefined && start >= bytes.length) return send(response, 416);
    if (range !== undefined) response.setHeader('content-range', `bytes ${start}-${bytes.length - 1}/${bytes.length}`);
    const rest = bytes.subarray(start);
    response.writeHead(range === undefined ? 200 : 206, { 'content-length': rest.length });
    response.end(method === 'HEAD' ? undefined : rest);
  }

  async #manifest(
    request: IncomingMessage,
    response: ServerResponse,
    { blobs, manifests }: Repository,
    reference: string,
  ): Promise<void> {
    if (request.method !== 'PUT') {
      const found = manifests.get(reference);
      if (found === undefined) return sendJson(response, 404, { errors: [{ code: 'MANIFEST_UNKNOWN' }] });
      const headers = { 'content-type': found.type, 'docker-content-digest': digestOfBytes(found.bytes) };
      response.writeHead(200, headers).end(found.bytes);
      return;
    }
    const bytes = await buffer(request);
    const digest = digestOfBytes(bytes);
    const json = JSON.parse(bytes.toString()) as ManifestJson;
    const named = [...(json.layers ?? []), ...(json.config ? [json.config] : [])];
    if (!named.every((one) => blobs.has(one.digest)))
      return sendJson(response, 400, { errors: [{ code: 'BLOB_UNKNOWN' }] });
    const kept = { bytes, type: request.headers['content-type'] ?? '' };
    manifests.set(reference, kept);
    manifests.set(digest, kept);
    if (json.subject && this.#options.hasReferrersApi === true) response.setHeader('oci-subject', json.subject.digest);
    response.setHeader('docker-content-digest', digest);
    send(response, 201);
  }

  async #upload(request: IncomingMessage, response: ServerResponse, name: string, id: string): Promise<void> {
    const { blobs } = this.repository(name);
    const query = new URL(request.url ?? '', 'http://x').searchParams;
    if (request.method === 'POST') {
      const mounted = this.repositories.get(query.get('from') ?? '')?.blobs.get(query.get('mount') ?? '');
      if (mounted !== undefined) {
        blobs.set(query.get('mount') ?? '', mounted);
        return send(response, 201);
      }
      const upload = String(this.#nextUpload++);
      this.#uploads.set(upload, Buffer.alloc(0));
      return this.#place(response, 202, name, upload);
    }
    const before = this.#uploads.get(id);
    if (before === undefined) return sendJson(response, 404, { errors: [{ code: 'BLOB_UPLOAD_UNKNOWN' }] });
    if (request.method === 'GET') return this.#place(response, 204, name, id);
    const start = /^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1];
    if (start !== undefined && Number(start) !== before.length) return send(response, 416);
    // What has come is kept, also if the connection breaks.
    for await (const piece of request)
      this.#uploads.set(id, Buffer.concat([this.#uploads.get(id) ?? before, piece as Buffer]));
    const bytes = this.#uploads.get(id) ?? before;
    if (request.method === 'PATCH') return this.#place(response, 202, name, id);
    const digest = query.get('digest') ?? '';
    if (digestOfBytes(bytes) !== digest) return sendJson(response, 400, { errors: [{ code: 'DIGEST_INVALID' }] });
    blobs.set(digest, bytes);
    this.#uploads.delete(id);
    response.setHeader('docker-content-digest', digest);
    send(response, 201);
  }

  #place(response: ServerResponse, status: number, name: string, id: string): void {
    const sizeBytes = this.#uploads.get(id)?.length ?? 0;
    response.setHeader('location', `/v2/${name}/blobs/uploads/${id}?state=${sizeBytes}`);
    response.setHeader('range', `0-${Math.max(0, sizeBytes - 1)}`);
    send(response, status);
  }
}

interface ManifestJson {
  readonly layers?: readonly { readonly digest: string }[];
  readonly config?: { readonly digest: string };
  readonly subject?: { readonly digest: string };
  readonly artifactType?: string;
}

function referrersOf({ manifests }: Repository, subject: string): object[] {
  return [...manifests].flatMap(([reference, { bytes, type }]) => {
    const json = JSON.parse(bytes.toString()) as ManifestJson; // it was one when it came
    const isOne = reference.startsWith('sha256:') && json.subject?.digest === subject;
    return isOne ? [{ mediaType: type, digest: reference, size: bytes.length, artifactType: json.artifactType }] : [];
  });
}

const basicOf = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

function send(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}

export function sendJson(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
}
