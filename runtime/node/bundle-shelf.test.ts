import { beforeEach, describe, expect, it } from 'vitest';
import { generateKeyPair, memoryBlobStore, packBundle, mapSource, type TrustPolicy } from '../bundle/index.ts';
import { BundleShelf } from './bundle-shelf.ts';
import { systemClock } from './clock.ts';
import { nodeCodecs } from './codecs.ts';
import { MemoryRecords, type RecordStore } from './record-store.ts';

const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const bundleOf = (name: string) => ({
  manifest: { schemaVersion: 1, name } as const,
  module: EMPTY_MODULE,
  files: new Map(),
});

let records: RecordStore;
let roots: string[];
const blobs = memoryBlobStore();

async function openShelf(trust?: TrustPolicy): Promise<BundleShelf> {
  const shelf = new BundleShelf({
    blobs,
    records,
    codecs: nodeCodecs,
    limits: {},
    clock: systemClock,
    ...(trust ? { trust } : {}),
  });
  await shelf.load(() => roots);
  return shelf;
}

async function blobCount(): Promise<number> {
  let count = 0;
  for await (const _ of blobs.list()) count++;
  return count;
}

beforeEach(async () => {
  records = new MemoryRecords();
  roots = [];
  for await (const { digest } of blobs.list()) await blobs.delete(digest);
});

describe('BundleShelf', () => {
  it('keeps what is uploaded, what is held, and nothing else', async () => {
    const shelf = await openShelf();
    const uploaded = await shelf.keep(bundleOf('up'), 'uploaded');
    const held = await shelf.keep(bundleOf('held'), 'held');
    const loose = await shelf.keep(bundleOf('loose'), 'held');
    const stray = await shelf.putBlob(Uint8Array.of(1, 2, 3));
    roots = [held.digest];
    expect(await shelf.collectNow()).toBe(0); // all are young
    const before = await blobCount();
    expect(await shelf.collectNow(-1)).toBe(4); // the stray blob; manifest, config and worker manifest of the loose bundle
    expect(await blobCount()).toBe(before - 4);
    expect(
      shelf
        .list()
        .map(({ digest }) => digest)
        .sort(),
    ).toEqual([uploaded.digest, held.digest].sort());
    await expect(shelf.open(loose.digest)).rejects.toMatchObject({ code: 'BLOB_NOT_FOUND' });
    await expect(shelf.blob(stray)).rejects.toMatchObject({ code: 'BLOB_NOT_FOUND' });
    expect((await shelf.open(held.digest)).manifest.name).toBe('held');
  });

  it('lets a deleted bundle go when its worker goes', async () => {
    const shelf = await openShelf();
    const { digest } = await shelf.keep(bundleOf('a'), 'uploaded');
    roots = [digest];
    await shelf.delete(digest);
    expect(shelf.get(digest).origin).toBe('held');
    roots = [];
    await shelf.collectNow(-1);
    expect(() => shelf.get(digest)).toThrowError(expect.objectContaining({ code: 'BLOB_NOT_FOUND' }));
    expect(await blobCount()).toBe(0);
  });

  it('keeps a bundle that is needed from the moment on when the others were looked at', async () => {
    const shelf = await openShelf();
    const { digest } = await shelf.keep(bundleOf('a'), 'held');
    let looks = 0;
    await shelf.load(() => (++looks > 1 ? [digest] : []));
    await shelf.collectNow(-1);
    expect((await shelf.open(digest)).manifest.name).toBe('a');
  });

  it('knows its bundles again', async () => {
    const info = await (await openShelf()).keep(bundleOf('a'), 'snapshot');
    expect((await openShelf()).list()).toEqual([info]);
  });

  it('takes signed bundles only, if it is told so, and hands the signature on', async () => {
    const sign = await generateKeyPair();
    const shelf = await openShelf({ signatureRequired: true, keys: [sign.publicKey] });
    const plain = await packBundle(bundleOf('a'), nodeCodecs);
    await expect(shelf.take(mapSource(plain.blobs, plain.digest))).rejects.toMatchObject({ code: 'BUNDLE_UNSIGNED' });
    expect(() => shelf.checkUnsignedAllowed()).toThrowError(expect.objectContaining({ code: 'BUNDLE_UNSIGNED' }));
    const stranger = await packBundle(bundleOf('a'), nodeCodecs, { sign: await generateKeyPair() });
    await expect(shelf.take(mapSource(stranger.blobs, stranger.digest, stranger.signature))).rejects.toMatchObject({
      code: 'BUNDLE_UNTRUSTED',
    });
    const signed = await packBundle(bundleOf('a'), nodeCodecs, { sign });
    const { digest } = await shelf.take(mapSource(signed.blobs, signed.digest, signed.signature));
    const file: Uint8Array[] = [];
    for await (const chunk of shelf.content(digest)) file.push(chunk);
    expect(Buffer.concat(file).toString('latin1')).toContain('vnd.pluvio.signature.ed25519');
  });
});
