/**
 * The bundles that a node keeps: blobs by digest, and a record for each bundle.
 *
 * Invariants:
 * 1. What `keep`, `adopt` and `putBlob` have resolved for is in the blob store, whole.
 * 2. A bundle is `uploaded` or `snapshot` (kept until it is deleted) or `held` (kept as long as a worker or a move needs it).
 * 3. Blobs that nothing needs go some time later; never one that came or was asked for in the last minutes, since a bundle
 *    that needs it may be on its way.
 */
import {
  type BlobSource,
  type BlobStore,
  BUNDLE_LIMITS,
  type Bundle,
  type BundleCodecs,
  type BundleLimits,
  type BundleSignature,
  decodeSignature,
  type Digest,
  digestOf,
  encodeSignature,
  type GroupCache,
  LAYERS,
  listBlobs,
  packBundle,
  type PackedBundle,
  parseDigest,
  mapSource,
  type TrustPolicy,
  unpackBundle,
  writeDrop,
} from '../bundle/index.ts';
import { PluvioError } from '../errors/index.ts';
import type { BundleInfo } from './api-types.ts';
import type { Clock } from './clock.ts';
import type { RecordStore } from './record-store.ts';

export type { Bundle, BundleInfo, GroupCache };

const keyOf = (digest: string): string => digest.slice('sha256:'.length);

function publicInfo({ signature: _signature, tenants: _tenants, ...info }: BundleRecord): BundleInfo {
  return info;
}

const COLLECT_AFTER_MS = 5000;
const READS_AT_ONCE = 32;
const LOST: ReadonlySet<string> = new Set(['BLOB_NOT_FOUND', 'BLOB_DAMAGED']);
const YOUNG_MS = 600_000;

export interface BundleShelfOptions {
  readonly blobs: BlobStore;
  readonly records: RecordStore;
  readonly codecs: BundleCodecs;
  readonly limits: BundleLimits;
  readonly clock: Clock;
  /** Whose signature an uploaded bundle must carry; default: none. */
  readonly trust?: TrustPolicy;
  /** Whether a tenant may have so many more bytes of bundles. @throws PluvioError `TENANT_LIMIT` */
  readonly checkRoom?: (tenant: string, addedBytes: number, have: () => number) => void;
}

/** What the records keep of a bundle. */
interface BundleRecord extends BundleInfo {
  readonly signature: string | null;
  /** Tenants that it came from; a bundle of a move has none, nor has one that an earlier version took. */
  readonly tenants?: readonly string[];
}

/** Who a bundle came from. */
interface Sender {
  readonly signature?: BundleSignature | undefined;
  readonly tenant?: string | undefined;
}

interface Taken {
  readonly bundle: Bundle;
  readonly info: BundleInfo;
}

/** Packed, and on its way into the store. */
export interface Shelved {
  readonly packed: PackedBundle;
  readonly stored: Promise<BundleInfo>;
}

export class BundleShelf {
  readonly #options: BundleShelfOptions;
  readonly #bundles = new Map<string, BundleRecord>();
  readonly #young = new Map<string, number>();
  #roots: () => readonly string[] = () => [];
  #storedRoots: () => Promise<readonly string[]> = () => Promise.resolve([]);
  #collecting: Promise<void> | undefined;
  #holds = 0;

  constructor(options: BundleShelfOptions) {
    this.#options = options;
  }

  /** Reads the records of an earlier process. `roots` tells which digests workers and moves need, `stored` those of checkpoints. */
  async load(
    roots: () => readonly string[],
    stored: () => Promise<readonly string[]> = () => Promise.resolve([]),
  ): Promise<void> {
    this.#roots = roots;
    this.#storedRoots = stored;
    for (const [, document] of await this.#options.records.list()) {
      const info = document as BundleRecord; // written by this class alone
      this.#bundles.set(info.digest, info);
    }
  }

  list(): BundleInfo[] {
    return [...this.#bundles.values()]
      .map(publicInfo)
      .sort((a, b) => a.createdMs - b.createdMs || (a.digest < b.digest ? -1 : 1));
  }

  /** @throws PluvioError `BLOB_NOT_FOUND` */
  get limits(): BundleLimits {
    return this.#options.limits;
  }

  get codecs(): BundleCodecs {
    return this.#options.codecs;
  }

  digestOf(bytes: Uint8Array): Promise<string> {
    return digestOf(bytes, this.#options.codecs);
  }

  get(digest: string): BundleInfo {
    return publicInfo(this.#record(digest));
  }

  /** Who signed a bundle; undefined: nobody, or it is not here. */
  signerOf(digest: string): Uint8Array | undefined {
    const signature = this.#bundles.get(digest)?.signature ?? null;
    return signature === null ? undefined : decodeSignature(signature).publicKey;
  }

  /** Whether a tenant has sent the bundle, or it is the state of a worker of that tenant. */
  isOf(digest: string, tenant: string): boolean {
    return this.#bundles.get(digest)?.tenants?.includes(tenant) === true;
  }

  #record(digest: string): BundleRecord {
    const info = this.#bundles.get(digest);
    if (!info) throw new PluvioError('BLOB_NOT_FOUND', `this node keeps no bundle ${digest}`, { digest });
    return info;
  }

  /** Unpacks a bundle with all checks. */
  async open(digest: string): Promise<Bundle> {
    return unpackBundle(await this.#sourceOf(digest), this.#options.codecs, this.#options.limits);
  }

  /** Packs a bundle; storing goes on beside. */
  async shelve(
    bundle: Bundle,
    origin: BundleInfo['origin'],
    { groupCache, tenant }: { readonly groupCache?: GroupCache; readonly tenant?: string } = {},
  ): Promise<Shelved> {
    const packed = await packBundle(bundle, this.#options.codecs, groupCache ? { groupCache } : {});
    const stored = this.#storePacked(packed, bundle, origin, tenant);
    stored.catch(() => undefined);
    return { packed, stored };
  }

  async keep(bundle: Bundle, origin: BundleInfo['origin'], tenant?: string): Promise<BundleInfo> {
    return (await this.shelve(bundle, origin, tenant === undefined ? {} : { tenant })).stored;
  }

  /** Packs a bundle without storing it. */
  pack(bundle: Bundle, groupCache: GroupCache): Promise<PackedBundle> {
    return packBundle(bundle, this.#options.codecs, { groupCache });
  }

  async #storePacked(
    { digest, blobs, sizes }: PackedBundle,
    bundle: Bundle,
    origin: BundleInfo['origin'],
    tenant: string | undefined,
  ): Promise<BundleInfo> {
    this.#checkRoom(tenant, digest, sizes.totalBytes);
    for (const [blob, bytes] of blobs) await this.#store(blob, bytes);
    const info = {
      digest,
      name: bundle.manifest.name,
      sizeBytes: sizes.totalBytes,
      hasSnapshot: bundle.snapshot !== undefined,
      origin,
      createdMs: this.#options.clock.now(),
    };
    return this.#index(info, { tenant });
  }

  /** Takes up a bundle whose blobs are all in the store; `held` ones come from a peer, others must be trusted. */
  async adopt(digest: string, origin: BundleInfo['origin'], tenant?: string): Promise<BundleInfo> {
    const known = this.#bundles.get(digest);
    if (known !== undefined) {
      this.#checkRoom(tenant, digest, known.sizeBytes);
      return this.#index({ ...publicInfo(known), origin }, { tenant });
    }
    const trust = origin === 'held' ? {} : this.#options.trust;
    return (await this.#takeFrom(await this.#sourceOf(digest), origin, { trust, tenant })).info;
  }

  /** Takes up a bundle of a peer and opens it. */
  async adoptOpen(digest: string): Promise<Bundle> {
    return (await this.#takeFrom(await this.#sourceOf(digest), 'held')).bundle;
  }

  /** All blobs of a bundle, read side by side: between busy workers each read alone would wait for its turn. */
  async #sourceOf(digest: string): Promise<BlobSource> {
    const digests = (await this.#layers(digest)).map((layer) => layer.digest);
    const blobs = new Map<Digest, Uint8Array>();
    for (let at = 0; at < digests.length; at += READS_AT_ONCE) {
      const some = digests.slice(at, at + READS_AT_ONCE);
      const read = await Promise.all(some.map((blob) => this.blob(blob)));
      some.forEach((blob, index) => blobs.set(blob, read[index] ?? new Uint8Array()));
    }
    return mapSource(blobs, parseDigest(digest));
  }

  /** @throws PluvioError `BUNDLE_UNSIGNED` if uploads must be signed */
  checkUnsignedAllowed(): void {
    if (!this.#options.trust?.signatureRequired) return;
    throw new PluvioError('BUNDLE_UNSIGNED', 'this node takes signed bundles only; a bare module has no signature');
  }

  /** Takes in a bundle from outside: checked, then stored. */
  async take(source: BlobSource, tenant?: string): Promise<BundleInfo> {
    return (await this.#takeFrom(source, 'uploaded', { trust: this.#options.trust, tenant })).info;
  }

  async #takeFrom(
    source: BlobSource,
    origin: BundleInfo['origin'],
    { trust = {}, tenant }: { readonly trust?: TrustPolicy | undefined; readonly tenant?: string | undefined } = {},
  ): Promise<Taken> {
    const { codecs, limits, clock } = this.#options;
    const bundle = await unpackBundle(source, codecs, limits, trust);
    const bytes = await source.fetch(source.digest, limits.metadataBytes ?? BUNDLE_LIMITS.metadataBytes.default);
    const blobs = listBlobs(bytes, limits);
    const totalBytes = blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, bytes.length);
    this.#checkRoom(tenant, source.digest, totalBytes);
    await this.#store(source.digest, bytes);
    for (const { digest, sizeBytes } of blobs) {
      if (!(await this.has(digest))) await this.#store(digest, await source.fetch(digest, sizeBytes));
    }
    const { name } = bundle.manifest;
    const hasSnapshot = bundle.snapshot !== undefined;
    const found = { digest: source.digest, name, sizeBytes: totalBytes, hasSnapshot, origin, createdMs: clock.now() };
    return { bundle, info: await this.#index(found, { signature: source.signature, tenant }) };
  }

  /** @throws PluvioError `TENANT_LIMIT` */
  #checkRoom(tenant: string | undefined, digest: string, sizeBytes: number): void {
    if (tenant === undefined || this.isOf(digest, tenant)) return;
    this.#options.checkRoom?.(tenant, sizeBytes, () => this.#bytesOf(tenant));
  }

  /** Bytes of a tenant's bundles; what two of them share counts twice. */
  #bytesOf(tenant: string): number {
    let bytes = 0;
    for (const { tenants, sizeBytes } of this.#bundles.values())
      if (tenants?.includes(tenant) === true) bytes += sizeBytes;
    return bytes;
  }

  async #index(info: BundleInfo, { signature, tenant }: Sender): Promise<BundleInfo> {
    const before = this.#bundles.get(info.digest);
    const stays = before !== undefined && (before.origin === info.origin || info.origin === 'held');
    const record: BundleRecord = {
      ...(stays ? before : info),
      signature: signature ? encodeSignature(signature) : (before?.signature ?? null),
      tenants: [...new Set([...(before?.tenants ?? []), ...(tenant === undefined ? [] : [tenant])])],
    };
    const isNew = !stays || record.signature !== before.signature || record.tenants?.length !== before.tenants?.length;
    if (isNew) await this.#write(record);
    return publicInfo(record);
  }

  async #write(record: BundleRecord): Promise<void> {
    await this.#options.records.put(keyOf(record.digest), record);
    this.#bundles.set(record.digest, record);
  }

  /** The bundle as a `.drop` file. */
  async *content(digest: string): AsyncGenerator<Uint8Array> {
    const { signature } = this.#record(digest);
    const layers = await this.#layers(digest);
    const blobs = await this.blobs(layers.map((layer) => layer.digest));
    yield* writeDrop({
      digest: parseDigest(digest),
      manifestBytes: await this.blob(digest),
      blobs,
      ...(signature === null ? {} : { signature: decodeSignature(signature) }),
    });
  }

  /** Forgets a bundle, or that it is one of the tenant's while others have it; a worker that needs it keeps it. */
  async delete(digest: string, tenant?: string): Promise<void> {
    const record = this.#record(digest);
    const others = record.tenants?.filter((one) => one !== tenant) ?? [];
    if (tenant !== undefined && others.length > 0) return this.#write({ ...record, tenants: others });
    const stored = await this.#storedRoots();
    if (stored.includes(digest) || this.#roots().includes(digest)) return this.#write({ ...record, origin: 'held' });
    await this.#forget(digest);
    this.collect();
  }

  async #forget(digest: string): Promise<void> {
    this.#bundles.delete(digest);
    await this.#options.records.delete(keyOf(digest));
  }

  // Blobs.

  async blob(digest: string): Promise<Uint8Array> {
    return this.#options.blobs.get(parseDigest(digest));
  }

  /** Some blobs by digest. */
  async blobs(digests: readonly string[]): Promise<Map<Digest, Uint8Array>> {
    const blobs = new Map<Digest, Uint8Array>();
    for (const digest of digests) blobs.set(parseDigest(digest), await this.blob(digest));
    return blobs;
  }

  async has(digest: string): Promise<boolean> {
    const there = await this.#options.blobs.has(parseDigest(digest));
    if (there) this.#young.set(digest, this.#options.clock.now());
    return there;
  }

  /** Stores bytes under their own digest. */
  async putBlob(bytes: Uint8Array): Promise<string> {
    const digest = await digestOf(bytes, this.#options.codecs);
    await this.#store(digest, bytes);
    return digest;
  }

  /** Stores bytes whose digest was checked. */
  async putChecked(digest: string, bytes: Uint8Array): Promise<void> {
    await this.#store(parseDigest(digest), bytes);
  }

  async #store(digest: Digest, bytes: Uint8Array): Promise<void> {
    this.#young.set(digest, this.#options.clock.now());
    await this.#options.blobs.put(digest, bytes);
  }

  /** The blobs of a bundle that no run of the worker changes: its module and files. */
  async staticDigests(digest: string): Promise<string[]> {
    const types: readonly string[] = [LAYERS.module.mediaType, LAYERS.file.mediaType];
    const image = await this.#image(digest);
    return image.filter(({ mediaType }) => types.includes(mediaType)).map((layer) => layer.digest);
  }

  /** The log layer of a bundle; undefined: it has none. */
  async log(digest: string): Promise<Uint8Array | undefined> {
    const layer = (await this.#image(digest)).find(({ mediaType }) => mediaType === LAYERS.log.mediaType);
    return layer && this.blob(layer.digest);
  }

  /** Layers of a bundle that was checked when it was taken in. */
  async #image(digest: string): Promise<readonly { mediaType: string; digest: string }[]> {
    const image = JSON.parse(Buffer.from(await this.blob(digest)).toString('utf8')) as {
      layers: { mediaType: string; digest: string }[];
    };
    return image.layers;
  }

  /** All blobs of a bundle, its manifest first. */
  async #layers(digest: string): Promise<{ digest: Digest; sizeBytes: number }[]> {
    const manifest = await this.blob(digest);
    return [{ digest: parseDigest(digest), sizeBytes: manifest.length }, ...listBlobs(manifest, this.#options.limits)];
  }

  // Collection.

  /** Nothing is let go until the function is called that it gives. */
  hold(): () => void {
    let isHeld = true;
    this.#holds++;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds--;
      this.collect();
    };
  }

  /** Lets blobs that nothing needs go, soon. */
  collect(afterMs = COLLECT_AFTER_MS): void {
    this.#collecting ??= this.#options.clock
      .sleep(afterMs)
      .then(() => {
        this.#collecting = undefined;
        return this.collectNow();
      })
      .then(() => {
        if (this.#young.size > 0) this.collect(YOUNG_MS);
      })
      .then(
        () => undefined,
        () => undefined,
      );
  }

  /** Deletes held bundles that nothing holds and blobs that no bundle needs; tells how many blobs went. */
  async collectNow(youngMs = YOUNG_MS): Promise<number> {
    const { blobs, clock } = this.#options;
    const since = clock.now() - youngMs;
    for (const [digest, atMs] of this.#young) if (atMs <= since) this.#young.delete(digest);
    if (this.#holds > 0) return 0;
    const stored = await this.#storedRoots();
    const roots = new Set([...stored, ...this.#roots()]);
    for (const { digest, origin } of this.list()) {
      if (this.#holds > 0) return 0;
      if (origin !== 'held' || roots.has(digest) || this.#young.has(digest)) continue;
      if (!this.#roots().includes(digest)) await this.#forget(digest); // asked again: a worker may need it by now
    }
    const needed = new Set<string>(roots);
    for (const digest of this.#bundles.keys()) {
      for (const layer of await this.#layers(digest).catch(noneIfLost)) needed.add(layer.digest);
    }
    let gone = 0;
    for await (const { digest } of blobs.list()) {
      // Asked again for each: what came meanwhile is young.
      if (needed.has(digest) || this.#young.has(digest)) continue;
      if (this.#holds > 0) return gone;
      if (await blobs.delete(digest)) gone++;
    }
    return gone;
  }
}

/** A manifest that is lost or damaged needs nothing; one that cannot be read now does. */
function noneIfLost(error: unknown): [] {
  if (error instanceof PluvioError && LOST.has(error.code)) return [];
  throw error;
}
