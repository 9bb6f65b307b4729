/** Reads a blob of a registry, and goes on where a connection broke (distribution specification, "Pulling blobs"). */
import { PluvioError } from '../../errors/index.ts';
import type { BundleCodecs } from '../codecs.ts';
import { type Digest, verifyDigest } from '../digest.ts';
import { concat } from '../memory-groups.ts';
import { bodyPieces } from './body-pieces.ts';
import { failed } from './registry-errors.ts';
import { discard, type RegistrySession } from './session.ts';

export interface DownloadOptions {
  readonly codecs: BundleCodecs;
  /** No more than this is read. */
  readonly maxBytes: number;
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** A try that brought as much does not count. */
const PROGRESS_BYTES = 65_536;

/**
 * The bytes of a blob, checked.
 * @throws PluvioError `BUNDLE_DIGEST`, `BUNDLE_LIMIT`, `REGISTRY_…`, `ABORTED`
 */
export async function downloadBlob(
  session: RegistrySession,
  digest: Digest,
  { codecs, maxBytes, onBytes }: DownloadOptions,
): Promise<Uint8Array> {
  const download = new Download(session, digest, maxBytes);
  for (let failures = 0; ;) {
    const before = download.receivedBytes;
    try {
      for await (const bytes of download.read()) onBytes?.(bytes);
      break;
    } catch (error) {
      if (!(error instanceof PluvioError) || error.code !== 'REGISTRY_UNREACHABLE') throw error;
      if (download.receivedBytes - before >= PROGRESS_BYTES) failures = 0;
      if (++failures >= session.limits.attempts) throw error;
      await session.rest(failures);
    }
  }
  const bytes = concat(download.pieces);
  await verifyDigest(bytes, digest, codecs);
  return bytes;
}

class Download {
  readonly #session: RegistrySession;
  readonly #digest: Digest;
  readonly #maxBytes: number;
  pieces: Uint8Array[] = [];
  receivedBytes = 0;

  constructor(session: RegistrySession, digest: Digest, maxBytes: number) {
    this.#session = session;
    this.#digest = digest;
    this.#maxBytes = maxBytes;
  }

  /** Reads on from where the last try ended; gives the size of each piece. */
  async *read(): AsyncGenerator<number, void, undefined> {
    const session = this.#session;
    const what = `read blob ${this.#digest}`;
    const isOn = this.receivedBytes > 0;
    const response = await session.send({
      method: 'GET',
      url: session.url(`blobs/${this.#digest}`),
      what,
      expects: isOn ? [200, 206, 416] : [200],
      headers: { 'accept-encoding': 'identity', ...(isOn ? { range: `bytes=${this.receivedBytes}-` } : {}) },
    });
    if (response.status === 416) return discard(response); // nothing is left: the digest tells whether that is all
    if (response.status === 200) this.#restart();
    else if (rangeStart(response) !== this.receivedBytes) {
      await discard(response);
      throw failed(what, session.registry, `sent another range than the one from byte ${this.receivedBytes} on`);
    }
    const limits = {
      maxBytes: this.#maxBytes - this.receivedBytes,
      stallMs: session.limits.stallMs,
      what: `the rest of blob ${this.#digest}`,
      broken: (reason: string, cause?: unknown) => session.broken(what, reason, cause),
    };
    for await (const piece of bodyPieces(response, limits)) {
      this.pieces.push(piece);
      this.receivedBytes += piece.byteLength;
      yield piece.byteLength;
    }
  }

  #restart(): void {
    this.pieces = [];
    this.receivedBytes = 0;
  }
}

const rangeStart = (response: Response): number =>
  Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? NaN);
