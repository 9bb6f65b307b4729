import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { smallBundle, text } from '../../test/arbitrary/bundle.ts';
import { readBundleVector } from '../../test/vectors/bundle-vector.ts';
import { PluvioError } from '../errors/index.ts';
import { nodeCodecs } from '../node/codecs.ts';
import { webCodecs } from './codecs.ts';
import { readDrop, writeDrop } from './drop.ts';
import type { BundleLimits } from './limits.ts';
import { packBundle, type PackedBundle } from './pack.ts';
import { generateKeyPair } from './signature.ts';
import { type TarFile, writeTar } from './tar.ts';
import { unpackBundle } from './unpack.ts';

/** A stream of one chunk, or of chunks of so many bytes. */
async function* streamOf(bytes: Uint8Array, chunkBytes = Infinity): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += chunkBytes)
    yield await Promise.resolve(bytes.subarray(at, at + chunkBytes));
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

async function codeOf(bytes: Uint8Array, limits: BundleLimits = {}): Promise<string> {
  try {
    await unpackBundle(await readDrop(streamOf(bytes), limits), nodeCodecs, limits);
    return 'none';
  } catch (error) {
    if (error instanceof PluvioError && error.code !== 'INTERNAL') return error.code;
    throw error;
  }
}

const bundle = smallBundle({
  files: new Map([
    ['input.txt', text('hi')],
    ['data/a', text('a')],
  ]),
});
let packed: PackedBundle;
let drop: Uint8Array;

beforeAll(async () => {
  packed = await packBundle(bundle, nodeCodecs, { sign: await generateKeyPair() });
  drop = await collect(writeDrop(packed));
});

describe('a .drop file', () => {
  test('comes back as it was, with its signature, whatever the chunks of the stream', async () => {
    for (const chunkBytes of [Infinity, 1000, 7]) {
      const source = await readDrop(streamOf(drop, chunkBytes));
      expect(source.digest).toBe(packed.digest);
      expect(source.signature).toEqual(packed.signature);
      expect(await unpackBundle(source, nodeCodecs, {}, { signatureRequired: true })).toEqual(bundle);
    }
  });

  test('has the same bytes for the same bundle', async () => {
    expect(Buffer.compare(await collect(writeDrop(packed)), drop)).toBe(0);
  });

  test('every truncation is found', async () => {
    for (let length = 0; length < drop.length; length++) {
      if (drop.subarray(length).length < 512) continue; // only the second of two blocks that mark the end is short
      expect(await codeOf(drop.subarray(0, length))).toMatch(/^(?:BUNDLE_MALFORMED|BLOB_NOT_FOUND)$/);
    }
    expect(await codeOf(drop.subarray(0, drop.length - 1))).toBe('BUNDLE_MALFORMED');
  });

  test('mutated bytes end in the same bundle or a coded error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: drop.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const mutated = drop.slice();
        mutated[at] = (mutated[at] ?? 0) ^ flip;
        expect(await codeOf(mutated)).toMatch(/^(?:none|BUNDLE_[A-Z]+|BLOB_NOT_FOUND)$/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('vectors', () => {
  const folder = new URL('../../test/vectors/bundle/', import.meta.url);
  test.each(['greeter'])('%s', async (name) => {
    const vector = readBundleVector(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
    const bytes = readFileSync(new URL(`${name}.bin`, folder));
    const source = await readDrop(streamOf(bytes));
    expect(source.digest).toBe(vector.digest);
    const trust = { keys: [vector.keys.publicKey], signatureRequired: true };
    expect(await unpackBundle(source, webCodecs, {}, trust)).toEqual(vector.bundle);
    const again = await packBundle(vector.bundle, webCodecs, { sign: vector.keys });
    expect(Buffer.compare(await collect(writeDrop(again)), bytes)).toBe(0);
  });
});

describe('archives of strangers', () => {
  const tarOf = (...files: TarFile[]): Promise<Uint8Array> => collect(writeTar(files));
  const layout: TarFile = { name: 'oci-layout', bytes: text('{"imageLayoutVersion":"1.0.0"}') };
  const index = (json: unknown): TarFile => ({ name: 'index.json', bytes: text(JSON.stringify(json)) });
  const blob: TarFile = { name: `blobs/sha256/${'0'.repeat(64)}`, bytes: text('x') };
  const entry = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: `sha256:${'0'.repeat(64)}`,
    size: 1,
  };
  const manifests = (...entries: unknown[]): TarFile => index({ schemaVersion: 2, manifests: entries });

  test.each<[name: string, code: string, files: TarFile[]]>([
    ['nothing', 'BUNDLE_MALFORMED', []],
    ['no layout', 'BUNDLE_MALFORMED', [manifests(entry), blob]],
    ['no index', 'BUNDLE_MALFORMED', [layout, blob]],
    ['a later layout', 'BUNDLE_MALFORMED', [{ ...layout, bytes: text('{"imageLayoutVersion":"2.0.0"}') }]],
    ['two manifests', 'BUNDLE_MALFORMED', [layout, manifests(entry, entry)]],
    ['no manifest', 'BUNDLE_MALFORMED', [layout, manifests()]],
    [
      'a signature that is none',
      'BUNDLE_SIGNATURE',
      [layout, manifests({ ...entry, annotations: { 'vnd.pluvio.signature.ed25519': 'x' } })],
    ],
    [
      'a signature that is no text',
      'BUNDLE_MALFORMED',
      [layout, manifests({ ...entry, annotations: { 'vnd.pluvio.signature.ed25519': 1 } })],
    ],
    ['a blob that is not there', 'BLOB_NOT_FOUND', [layout, manifests(entry)]],
    ['a blob of another digest', 'BUNDLE_DIGEST', [layout, manifests(entry), blob]],
    ['a blob twice', 'BUNDLE_PATH', [layout, manifests(entry), blob, blob]],
    ['an index twice', 'BUNDLE_PATH', [layout, manifests(entry), manifests(entry)]],
    ['a file elsewhere', 'BUNDLE_PATH', [layout, { name: '../../etc/cron.d/x', bytes: text('x') }]],
    ['a blob with a path in its name', 'BUNDLE_PATH', [layout, { ...blob, name: `blobs/sha256/../${'0'.repeat(61)}` }]],
  ])('%s: %s', async (_, code, files) => {
    expect(await codeOf(await tarOf(...files))).toBe(code);
  });

  test('limits hold while reading', async () => {
    const large = await tarOf(layout, { ...blob, bytes: new Uint8Array(1_000_000) });
    expect(await codeOf(large, { blobBytes: 999_999 })).toBe('BUNDLE_LIMIT');
    expect(await codeOf(large, { totalBytes: 1000, blobs: 10 })).toBe('BUNDLE_LIMIT');
    expect(await codeOf(await tarOf(layout, blob, { ...blob, name: blob.name.replace('0', '1') }), { blobs: 1 })).toBe(
      'BUNDLE_LIMIT',
    );
  });

  test('an announced size takes no memory, and an endless stream is left', async () => {
    const header = (await tarOf({ ...blob, bytes: new Uint8Array() })).subarray(0, 512).slice();
    header.set(text('00777777777'), 124); // 128 MiB - 1
    header.set(text('        '), 148);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.set(text(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
    const before = process.memoryUsage().arrayBuffers;
    expect(await codeOf(header)).toBe('BUNDLE_MALFORMED');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 2 ** 20);
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield await Promise.resolve(new Uint8Array(65_536));
      } finally {
        closed = true;
      }
    }
    await expect(readDrop(endless(), { totalBytes: 2 ** 20, blobs: 1 })).rejects.toThrow(
      expect.objectContaining({ code: 'BUNDLE_LIMIT' }),
    );
    expect(closed).toBe(true);
  });

  test.each([
    ['a symbolic link', 156, '2'],
    ['a hard link', 156, '1'],
    ['a device', 156, '3'],
    ['an extended header', 156, 'x'],
    ['another magic', 257, 'tar'],
    ['a size that is no number', 124, '0000zz00000'],
    ['a negative size', 124, '-0000000001'],
  ])('%s is refused', async (_, at, field) => {
    const bytes = (await tarOf(layout)).slice();
    bytes.set(text(field), at);
    bytes.set(text('        '), 148);
    const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    bytes.set(text(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
    await expect(readDrop(streamOf(bytes))).rejects.toThrow(expect.objectContaining({ code: 'BUNDLE_MALFORMED' }));
  });
});

const skopeoMissing = spawnSync('skopeo', ['--version']).status !== 0;

test('skopeo is there where the whole suite must run', () => {
  expect(skopeoMissing && process.env['CI'] !== undefined).toBe(false);
});

describe.skipIf(skopeoMissing)('skopeo (skipped: it is not installed)', () => {
  const skopeo = (...args: string[]): Buffer => execFileSync('skopeo', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pluvio-drop-'));
    writeFileSync(join(folder, 'x.drop'), drop);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('reads manifest and config', () => {
    const archive = `oci-archive:${join(folder, 'x.drop')}`;
    expect(Buffer.compare(skopeo('inspect', '--raw', archive), packed.manifestBytes)).toBe(0);
    const config = JSON.parse(skopeo('inspect', '--raw', '--config', archive).toString()) as Record<string, unknown>;
    expect(config).toMatchObject({ architecture: 'wasm', os: 'wasip1' });
  });

  test('copies the bundle to a layout and into an archive of its own, which reads as the same bundle', async () => {
    const layoutFolder = `oci:${join(folder, 'layout')}:latest`;
    skopeo('copy', `oci-archive:${join(folder, 'x.drop')}`, layoutFolder);
    skopeo('copy', layoutFolder, `oci-archive:${join(folder, 'y.drop')}`);
    const source = await readDrop(streamOf(readFileSync(join(folder, 'y.drop'))));
    expect(source.digest).toBe(packed.digest);
    expect(await unpackBundle(source, nodeCodecs)).toEqual(bundle);
  });
});
