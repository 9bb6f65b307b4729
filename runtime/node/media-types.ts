/** Content types of the HTTP API. */
export const MEDIA = {
  json: 'application/json',
  problem: 'application/problem+json',
  wasm: 'application/wasm',
  /** A bundle as a file: an OCI image layout in a tar. */
  drop: 'application/vnd.pluvio.drop.v1+tar',
  tar: 'application/x-tar',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  /** Framed blobs, see docs/bundle-format.md. */
  blobStream: 'application/vnd.pluvio.blobs.v1',
  octets: 'application/octet-stream',
  msgpack: 'application/msgpack',
  events: 'text/event-stream',
  text: 'text/plain; charset=utf-8',
  metrics: 'text/plain; version=0.0.4; charset=utf-8',
} as const;

/** The type of a content-type header without its parameters; empty: there is none. */
export const contentTypeOf = (header: string | null | undefined): string =>
  (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
