import { describe, expect, it } from 'vitest';
import { generateKeyPair, unpackBundle } from '../../runtime/bundle/index.ts';
import { prepareForPush, pullBundle, pullDocument, pushBundle } from '../../runtime/bundle/registry/index.ts';
import type { LocalRegistry } from './local-registry.ts';
import { at, bundleOf, codecs, NO_PAUSE, noise, openRegistry } from './open-registry.ts';

const pulled = (registry: LocalRegistry, options: Partial<Parameters<typeof pullBundle>[1]> = {}) =>
  pullBundle(at(registry), { codecs, ...NO_PAUSE, ...options });

describe.each([
  ['a registry with referrers', true],
  ['a registry without', false],
])('%s', (_, hasReferrersApi) => {
  it('gives back what it was given, with signature and document', async () => {
    const registry = await openRegistry({ hasReferrersApi });
    const keys = await generateKeyPair();
    const bundle = await bundleOf([0, 1, 100_000], { sign: keys });
    const sbom = { mediaType: 'application/spdx+json', bytes: noise(100, 9), title: 'pi.spdx.json' };
    const sent = await pushBundle(bundle, at(registry), { codecs, documents: [sbom] });
    expect(sent).toMatchObject({ blobsThere: 0, blobsMounted: 0, digest: bundle.digest });

    const { source, blobs } = await pulled(registry, { trust: { keys: [keys.publicKey], signatureRequired: true } });
    expect([...blobs]).toEqual([...bundle.blobs]);
    expect(source.signature).toEqual(bundle.signature);
    expect((await unpackBundle(source, codecs)).files.get('file-2')).toEqual(noise(100_000, 2));
    const document = await pullDocument(at(registry), bundle.digest, [sbom.mediaType], { codecs });
    expect(document).toEqual({ mediaType: sbom.mediaType, bytes: sbom.bytes });
  });

  it('keeps the signatures of several, once each', async () => {
    const registry = await openRegistry({ hasReferrersApi });
    const [first, second, third] = [await generateKeyPair(), await generateKeyPair(), await generateKeyPair()];
    for (const sign of [first, second, first])
      await pushBundle(await bundleOf([10], { sign }), at(registry), { codecs });
    for (const { publicKey } of [first, second]) {
      const { source } = await pulled(registry, { trust: { keys: [publicKey] } });
      expect(source.signature?.publicKey).toEqual(publicKey);
    }
    await expect(pulled(registry, { trust: { keys: [third.publicKey] } })).rejects.toMatchObject({
      code: 'BUNDLE_UNTRUSTED',
    });
    const { digest } = await bundleOf([10]);
    const index = registry.repository('team/pi').manifests.get(digest.replace(':', '-'));
    const entries = index && (JSON.parse(index.bytes.toString()) as { manifests: unknown[] }).manifests;
    expect(entries?.length).toBe(hasReferrersApi ? undefined : 2);
  });
});

it('a second push sends only what changed', async () => {
  const registry = await openRegistry();
  await pushBundle(await bundleOf([1000, 2000]), at(registry), { codecs });
  const next = await pushBundle(await bundleOf([1000, 2000, 50]), at(registry, 'team/pi:2'), { codecs });
  expect(next).toMatchObject({ blobsThere: 4, blobsSent: 2, blobsMounted: 0 });
});

it('what another repository has is mounted, and sent if that cannot be', async () => {
  const registry = await openRegistry();
  const bundle = await bundleOf([1000]);
  await pushBundle(bundle, at(registry, 'team/pi:1'), { codecs });
  const mounted = await pushBundle(bundle, at(registry, 'other/pi:1'), { codecs, mountFrom: 'team/pi' });
  expect(mounted).toMatchObject({ blobsMounted: 4, blobsSent: 0, bytesSent: 0 });
  const sent = await pushBundle(bundle, at(registry, 'third/pi:1'), { codecs, mountFrom: 'nobody/pi' });
  expect(sent).toMatchObject({ blobsMounted: 0, blobsSent: 4 });
});

it('large blobs go in pieces', async () => {
  const registry = await openRegistry();
  const bundle = await bundleOf([2500]);
  const told: number[] = [];
  await pushBundle(bundle, at(registry), {
    codecs,
    limits: { chunkBytes: 1000 },
    onBytes: (bytes) => told.push(bytes),
  });
  expect(registry.seen.map(({ contentRange }) => contentRange).filter((range) => range !== undefined)).toEqual([
    '0-999',
    '1000-1999',
    '2000-2499',
  ]);
  const blobBytes = [...bundle.blobs.values()].reduce((total, bytes) => total + bytes.byteLength, 0);
  expect(told.reduce((total, bytes) => total + bytes, 0)).toBe(blobBytes - bundle.manifestBytes.byteLength);
  expect((await pulled(registry)).source.digest).toBe(bundle.digest);
});

it('the tag comes last, and blobs before manifests', async () => {
  const registry = await openRegistry();
  const bundle = await bundleOf([10], { sign: await generateKeyPair() });
  await pushBundle(bundle, at(registry), { codecs });
  const written = registry.seen.filter(({ method }) => method === 'PUT').map(({ url }) => url.replace(/\?.*$/, ''));
  const manifests = written.filter((url) => url.includes('/manifests/'));
  expect(written.slice(-manifests.length)).toEqual(manifests);
  expect(manifests[0]).toBe(`/v2/team/pi/manifests/${bundle.digest}`);
  expect(manifests.at(-1)).toBe('/v2/team/pi/manifests/1');
});

it('a blob that is known is not read, unless it is another', async () => {
  const registry = await openRegistry();
  const bundle = await bundleOf([1000]);
  await pushBundle(bundle, at(registry), { codecs });
  const all = await pulled(registry, { known: (digest) => Promise.resolve(bundle.blobs.get(digest)) });
  expect(all.bytesReceived).toBe(0);
  expect(registry.count('GET', '/blobs/')).toBe(0);
  const other = pulled(registry, { known: () => Promise.resolve(Uint8Array.of(1)) });
  await expect(other).rejects.toMatchObject({ code: 'BUNDLE_DIGEST' });
});

it('a reference with a digest stands for that alone', async () => {
  const registry = await openRegistry();
  const bundle = await bundleOf([10]);
  const other = await bundleOf([11]);
  await pushBundle(bundle, at(registry, `team/pi@${bundle.digest}`), { codecs });
  await expect(pushBundle(other, at(registry, `team/pi@${bundle.digest}`), { codecs })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
  expect([...registry.repository('team/pi').manifests.keys()]).toEqual([bundle.digest]);
  const { source } = await pullBundle(at(registry, `team/pi@${bundle.digest}`), { codecs });
  expect(source.digest).toBe(bundle.digest);
});

describe('annotations', () => {
  it('are in the manifest, and change the digest', async () => {
    const registry = await openRegistry();
    const bundle = await bundleOf([10]);
    const annotations = { 'org.opencontainers.image.version': '2' };
    const sign = await generateKeyPair();
    const prepared = await prepareForPush(bundle, { annotations, sign }, codecs);
    expect(prepared.digest).not.toBe(bundle.digest);
    await pushBundle(prepared, at(registry), { codecs });
    const { source, manifestBytes } = await pulled(registry, { trust: { keys: [sign.publicKey] } });
    expect(JSON.parse(new TextDecoder().decode(manifestBytes))).toMatchObject({ annotations });
    expect((await unpackBundle(source, codecs)).manifest.name).toBe('pi');
  });

  it('leave no signature behind that does not hold', async () => {
    const bundle = await bundleOf([10], { sign: await generateKeyPair() });
    const prepared = prepareForPush(bundle, { annotations: { version: '2' } }, codecs);
    await expect(prepared).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, '']));
  const created = 'org.opencontainers.image.created';
  it.each([
    ['as many as there may be', many(64), true],
    ['one more', many(65), false],
    ['the longest value', { a: 'x'.repeat(4096) }, true],
    ['a longer one', { a: 'x'.repeat(4097) }, false],
    ['a name with spaces', { 'a b': '' }, false],
    ['a time', { [created]: '2026-01-31T12:00:00Z' }, true],
    ['no time', { [created]: 'yesterday' }, false],
  ])('%s', async (_, annotations, isTaken) => {
    const prepared = prepareForPush(await bundleOf([]), { annotations }, codecs);
    if (isTaken) await expect(prepared).resolves.toBeDefined();
    else await expect(prepared).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
