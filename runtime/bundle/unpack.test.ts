import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assemble, fileLayer, MANIFEST_LAYER, MODULE_LAYER, type RawLayer } from '../../test/arbitrary/assembled.ts';
import { smallBundle } from '../../test/arbitrary/bundle.ts';
import { encodePlain } from '../engine/messagepack.ts';
import { PluvioError } from '../errors/index.ts';
import { nodeCodecs } from '../node/codecs.ts';
import { type BlobSource, mapSource } from './blob-store.ts';
import { digestOf, hashOfDigest } from './digest.ts';
import type { BundleLimits } from './limits.ts';
import { packBundle } from './pack.ts';
import { listBlobs, unpackBundle } from './unpack.ts';

const MIB = 2 ** 20;
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** The code with which unpacking ends; an error without a code fails the test. */
async function codeOf(source: BlobSource, limits: BundleLimits = {}): Promise<string> {
  try {
    await unpackBundle(source, nodeCodecs, limits);
    return 'none';
  } catch (error) {
    if (error instanceof PluvioError && error.code !== 'INTERNAL') return error.code;
    throw error;
  }
}

const of = (...layers: RawLayer[]): Promise<BlobSource> => assemble([MODULE_LAYER, MANIFEST_LAYER, ...layers]);
const withManifest = (json: unknown): Promise<BlobSource> =>
  assemble([MODULE_LAYER, { ...MANIFEST_LAYER, bytes: text(JSON.stringify(json)) }]);

test('the assembled bundle that the cases below change is good', async () => {
  expect(await codeOf(await of(fileLayer('a'), fileLayer('b/c')))).toBe('none');
});

describe('documents', () => {
  const changed = (change: object): Promise<BlobSource> =>
    assemble([MODULE_LAYER, MANIFEST_LAYER], (json) => ({ ...json, ...change }));

  test.each<[name: string, code: string, source: () => Promise<BlobSource>]>([
    ['no layers', 'BUNDLE_MALFORMED', () => assemble([])],
    ['no manifest', 'BUNDLE_MALFORMED', () => assemble([MODULE_LAYER])],
    ['two modules', 'BUNDLE_MALFORMED', () => of(MODULE_LAYER)],
    ['a layer of an unknown type', 'BUNDLE_MALFORMED', () => of({ mediaType: 'text/plain', bytes: text('x') })],
    [
      'memory without a snapshot',
      'BUNDLE_MALFORMED',
      () => of({ mediaType: 'application/vnd.pluvio.memory.v1', bytes: text('x') }),
    ],
    [
      'a module that is none',
      'BUNDLE_MALFORMED',
      () => assemble([{ ...MODULE_LAYER, bytes: text('#!/bin/sh') }, MANIFEST_LAYER]),
    ],
    ['an unknown field', 'BUNDLE_MALFORMED', () => changed({ extra: 1 })],
    ['another artifact type', 'BUNDLE_MALFORMED', () => changed({ artifactType: 'application/vnd.example' })],
    ['a later version', 'BUNDLE_VERSION', () => changed({ artifactType: 'application/vnd.pluvio.bundle.v2+json' })],
    ['layers that are no list', 'BUNDLE_MALFORMED', () => changed({ layers: {} })],
    ['a layer that is null', 'BUNDLE_MALFORMED', () => changed({ layers: [null] })],
    [
      'a digest of another hash',
      'BUNDLE_MALFORMED',
      () => changed({ config: { mediaType: 'application/vnd.wasm.config.v0+json', size: 1, digest: 'md5:00' } }),
    ],
    [
      'another architecture',
      'BUNDLE_MALFORMED',
      () => assemble([MODULE_LAYER, MANIFEST_LAYER], undefined, (json) => ({ ...json, architecture: 'amd64' })),
    ],
    [
      'a config of other layers',
      'BUNDLE_MALFORMED',
      () => assemble([MODULE_LAYER, MANIFEST_LAYER], undefined, (json) => ({ ...json, layerDigests: [] })),
    ],
    [
      'a file without a path',
      'BUNDLE_MALFORMED',
      () => of({ mediaType: 'application/vnd.pluvio.file.v1', bytes: text('x') }),
    ],
    [
      'a manifest that is not JSON',
      'BUNDLE_MALFORMED',
      () => assemble([MODULE_LAYER, { ...MANIFEST_LAYER, bytes: text('{') }]),
    ],
    [
      'a manifest with an unknown field',
      'BUNDLE_MANIFEST_INVALID',
      () => withManifest({ schemaVersion: 1, name: 'x', root: true }),
    ],
    [
      'standard input that is no file',
      'BUNDLE_MANIFEST_INVALID',
      () => withManifest({ schemaVersion: 1, name: 'x', stdin: 'a' }),
    ],
    [
      'a mount of what is not there',
      'BUNDLE_MANIFEST_INVALID',
      () => withManifest({ schemaVersion: 1, name: 'x', files: [{ path: '/a', source: 'a' }] }),
    ],
  ])('%s: %s', async (_, code, source) => {
    expect(await codeOf(await source())).toBe(code);
  });
});

describe('paths', () => {
  test.each([
    '',
    '/etc/passwd',
    '..',
    '../x',
    'a/../b',
    './a',
    'a/.',
    'a//b',
    'a/',
    'a\\b',
    'C:x',
    'a\0b',
    'a\nb',
    'a\u0085b',
    `${'a'.repeat(256)}`,
    `${'a/'.repeat(600)}b`,
  ])('%j is refused', async (path) => {
    expect(await codeOf(await of(fileLayer(path)))).toBe('BUNDLE_PATH');
  });

  test('twice the same, and a file as a folder', async () => {
    expect(await codeOf(await of(fileLayer('a', '1'), fileLayer('a', '2')))).toBe('BUNDLE_PATH');
    expect(await codeOf(await of(fileLayer('a/b/c'), fileLayer('a')))).toBe('BUNDLE_PATH');
    expect(await codeOf(await of(fileLayer('a'), fileLayer('ab/c'), fileLayer('...')))).toBe('none');
  });
});

describe('limits hold before anything is fetched', () => {
  async function fetchedBefore(source: BlobSource, limits: BundleLimits): Promise<[code: string, fetches: number]> {
    let fetches = 0;
    const counting = {
      ...source,
      fetch: (...args: Parameters<BlobSource['fetch']>) => {
        fetches++;
        return source.fetch(...args);
      },
    };
    return [await codeOf(counting, limits), fetches];
  }

  test.each<[name: string, limits: BundleLimits, layers: RawLayer[]]>([
    ['totalBytes', { totalBytes: 1000 }, [fileLayer('a', 'x'.repeat(1000))]],
    ['totalBytes that are only claimed', {}, [{ ...fileLayer('a'), sizeBytes: 2 ** 52 }]],
    ['blobBytes', { blobBytes: 999 }, [fileLayer('a', 'x'.repeat(1000))]],
    ['blobs', { blobs: 4 }, [fileLayer('a'), fileLayer('b')]],
    ['files', { files: 1 }, [fileLayer('a'), fileLayer('b')]],
    ['fileBytes', { fileBytes: 9 }, [fileLayer('a', '0123456789')]],
    ['moduleBytes', { moduleBytes: 7 }, []],
    ['logBytes', { logBytes: 0 }, [{ mediaType: 'application/vnd.pluvio.log.v1', bytes: text('x') }]],
    [
      'snapshotBytes',
      { snapshotBytes: 3 },
      [{ mediaType: 'application/vnd.pluvio.snapshot.v1+msgpack', bytes: text('1234') }],
    ],
    ['metadataBytes', { metadataBytes: 200 }, []],
  ])('%s', async (_, limits, layers) => {
    expect(await fetchedBefore(await of(...layers), limits)).toEqual(['BUNDLE_LIMIT', 1]);
  });

  test('a limit that is out of its own range is named', async () => {
    expect(await codeOf(await of(), { totalBytes: -1 })).toBe('LIMIT_OUT_OF_RANGE');
  });
});

describe('memory', () => {
  const SNAPSHOT_TYPE = 'application/vnd.pluvio.snapshot.v1+msgpack';
  const ZSTD_TYPE = 'application/vnd.pluvio.memory.v1+zstd';
  const RAW_TYPE = 'application/vnd.pluvio.memory.v1';
  type Group = readonly [bytes: Uint8Array, contentBytes: number];

  async function bundleOf(
    groups: readonly Group[],
    layers: readonly RawLayer[],
    runs: unknown[] = [],
    pages = 1,
  ): Promise<BlobSource> {
    const entries = await Promise.all(
      groups.map(async ([bytes, contentBytes]) => [hashOfDigest(await digestOf(bytes, nodeCodecs)), contentBytes]),
    );
    const instance = {
      module: new Uint8Array(32),
      globals: [],
      memories: [[pages, runs]],
      tables: [],
      droppedDatas: [],
      droppedElements: [],
    };
    const state = { instances: [instance], frames: [], starting: false, fuelUsed: 0n, hosts: {} };
    const bytes = encodePlain({ version: 1, groups: entries, state }, 'snapshot');
    return of({ mediaType: SNAPSHOT_TYPE, bytes }, ...layers);
  }

  const block = new Uint8Array(4096).fill(1);
  const hash = async (bytes: Uint8Array): Promise<Uint8Array> => nodeCodecs.sha256(bytes);

  test('the snapshot that the cases below change is good', async () => {
    const runs = [0, 1, 0, 0, await hash(block), 2, 1, 0, 0, await hash(block)];
    expect(await codeOf(await bundleOf([[block, 4096]], [{ mediaType: RAW_TYPE, bytes: block }], runs))).toBe('none');
  });

  test('a frame that expands to more than it says stops at what it says', async () => {
    const bomb = await nodeCodecs.zstdCompress(new Uint8Array(256 * MIB));
    expect(bomb.byteLength).toBeLessThan(32 * 1024);
    const layers = [{ mediaType: ZSTD_TYPE, bytes: bomb }];
    const before = process.memoryUsage().arrayBuffers;
    expect(await codeOf(await bundleOf([[bomb, 4 * MIB]], layers))).toBe('BUNDLE_MALFORMED');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * MIB);
    expect(await codeOf(await bundleOf([[bomb, 256 * MIB]], layers))).toBe('SNAPSHOT_MALFORMED');
  });

  test('many small frames that expand to much are refused by their claims', async () => {
    const groups: Group[] = [];
    for (let index = 0; index < 40; index++) {
      groups.push([await nodeCodecs.zstdCompress(new Uint8Array(4 * MIB).fill(index)), 4 * MIB]);
    }
    const layers = groups.map(([bytes]) => ({ mediaType: ZSTD_TYPE, bytes }));
    const source = await bundleOf(groups, layers);
    expect(await codeOf(source)).toBe('BUNDLE_LIMIT');
    expect(await codeOf(source, { expansion: 100_000 })).toBe('none');
    expect(await codeOf(source, { expansion: 100_000, memoryBytes: 159 * MIB })).toBe('BUNDLE_LIMIT');
  });

  test.each<[name: string, code: string, groups: Group[], layers: RawLayer[], runs: unknown[]]>([
    ['a group that no layer is', 'BUNDLE_MALFORMED', [[block, 4096]], [], []],
    [
      'a frame that is smaller than it says',
      'BUNDLE_MALFORMED',
      [[block, 4097]],
      [{ mediaType: RAW_TYPE, bytes: block }],
      [],
    ],
    ['a frame that is no zstd', 'BUNDLE_MALFORMED', [[block, 4096]], [{ mediaType: ZSTD_TYPE, bytes: block }], []],
    [
      'an empty frame',
      'BUNDLE_MALFORMED',
      [[new Uint8Array(), 1]],
      [{ mediaType: ZSTD_TYPE, bytes: new Uint8Array() }],
      [],
    ],
    [
      'a run of a group that is not there',
      'SNAPSHOT_MALFORMED',
      [[block, 4096]],
      [{ mediaType: RAW_TYPE, bytes: block }],
      [0, 1, 1, 0, block.subarray(0, 32)],
    ],
    [
      'a run beyond its group',
      'SNAPSHOT_MALFORMED',
      [[block, 4096]],
      [{ mediaType: RAW_TYPE, bytes: block }],
      [0, 2, 0, 0, block.subarray(0, 32)],
    ],
    [
      'an offset beyond its group',
      'SNAPSHOT_MALFORMED',
      [[block, 4096]],
      [{ mediaType: RAW_TYPE, bytes: block }],
      [0, 1, 0, 1, block.subarray(0, 32)],
    ],
    [
      'a run beyond its memory',
      'SNAPSHOT_MALFORMED',
      [[block, 4096]],
      [{ mediaType: RAW_TYPE, bytes: block }],
      [16, 1, 0, 0, block.subarray(0, 32)],
    ],
    [
      'a chunk of another hash',
      'BUNDLE_DIGEST',
      [[block, 4096]],
      [{ mediaType: RAW_TYPE, bytes: block }],
      [0, 1, 0, 0, block.subarray(0, 32)],
    ],
    [
      'a run without its hash',
      'SNAPSHOT_MALFORMED',
      [[block, 4096]],
      [{ mediaType: RAW_TYPE, bytes: block }],
      [0, 1, 0, 0],
    ],
  ])('%s: %s', async (_, code, groups, layers, runs) => {
    expect(await codeOf(await bundleOf(groups, layers, runs))).toBe(code);
  });
});

describe('damage', () => {
  test('every blob that is missing, short, long or changed is found', async () => {
    const { digest, blobs, manifestBytes } = await packBundle(smallBundle(), nodeCodecs);
    expect(listBlobs(manifestBytes).length).toBe(blobs.size - 1);
    for (const [blob, bytes] of blobs) {
      const without = new Map(blobs);
      without.delete(blob);
      expect(await codeOf(mapSource(without, digest))).toBe('BLOB_NOT_FOUND');
      const flipped = bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
      const changes = [bytes.subarray(1), new Uint8Array([...bytes, 0]), flipped].filter(
        (one) => Buffer.compare(one, bytes) !== 0,
      );
      for (const changed of changes) {
        expect(await codeOf(mapSource(new Map([...blobs, [blob, changed]]), digest))).toBe('BUNDLE_DIGEST');
      }
    }
  });

  test('mutated documents and snapshots with digests that fit end in a bundle or a coded error', async () => {
    const { manifestBytes, blobs } = await packBundle(smallBundle(), nodeCodecs);
    const json = JSON.parse(new TextDecoder().decode(manifestBytes)) as {
      layers: { mediaType: string; digest: `sha256:${string}`; annotations?: Record<string, string> }[];
    };
    const layers = json.layers.map(({ mediaType, digest, annotations }): RawLayer => {
      const title = annotations?.['org.opencontainers.image.title'];
      return { mediaType, bytes: blobs.get(digest)!, ...(title === undefined ? {} : { title }) };
    });
    expect(await codeOf(await assemble(layers))).toBe('none');
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: layers.length - 1 }), edits, async (which, list) => {
        const mutated = layers.map((layer, index) => {
          if (index !== which || layer.bytes.byteLength === 0) return layer;
          const bytes = layer.bytes.slice();
          for (const [at, byte] of list) bytes[at % bytes.length] = byte;
          return { ...layer, bytes };
        });
        expect(await codeOf(await assemble(mutated))).toMatch(/^(?:none|BUNDLE_|SNAPSHOT_)/);
      }),
      { numRuns: 500 },
    );
  });
});
