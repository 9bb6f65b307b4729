/** Bundles and `.drop` files: forged documents with digests that fit, hostile archives, hostile frames. */
import { listBlobs, readDrop, unpackBundle } from '../../../runtime/bundle/index.ts';
import { decodePlain } from '../../../runtime/engine/messagepack.ts';
import { loadModule, restoreWorker } from '../../../runtime/index.ts';
import { nodeCodecs } from '../../../runtime/node/codecs.ts';
import { createFunctionImports } from '../../programs/corpus.ts';
import { changeBytes } from '../change-bytes.ts';
import { changeTree } from '../change-tree.ts';
import { Choices } from '../choices.ts';
import { handClock } from '../hand-clock.ts';
import { RUN_LIMITS } from '../modules/run-module.ts';
import { looseMessagePack } from '../snapshots/loose-messagepack.ts';
import { type Input, mustHold, type Target } from '../target.ts';
import { loadBaseBundles } from './bases.ts';
import { looseTar } from './loose-tar.ts';
import { type BundleParts, filesOf, layerOf, partsOf, refreshConfig, refreshDigests, refreshIndex } from './parts.ts';
import { hostileFrame } from './zstd.ts';

const MIB = 2 ** 20;
/** What a careful receiver allows. */
const LIMITS = {
  totalBytes: 8 * MIB,
  blobBytes: 4 * MIB,
  blobs: 100,
  metadataBytes: 256 * 1024,
  memoryBytes: 16 * MIB,
  files: 50,
} as const;

const JSON_TREE = { binary: false };

/** Changes the JSON that a layer holds, if it is JSON. */
function changeManifestLayer(parts: BundleParts, choices: Choices): void {
  const layer = layerOf(parts, 'manifest');
  if (layer === undefined) return;
  const root = { json: JSON.parse(new TextDecoder().decode(layer.bytes)) as unknown };
  changeTree(root, choices, JSON_TREE);
  layer.bytes = new TextEncoder().encode(JSON.stringify(root.json) ?? '');
}

function changeSnapshotLayer(parts: BundleParts, choices: Choices): void {
  const layer = layerOf(parts, 'snapshot');
  if (layer === undefined) return;
  const root = { state: decodePlain(layer.bytes) };
  changeTree(root, choices, { binary: true });
  layer.bytes = looseMessagePack(root.state, choices);
}

function changeMemoryLayer(parts: BundleParts, choices: Choices): void {
  const layer = layerOf(parts, 'memoryZstd') ?? layerOf(parts, 'memory');
  if (layer !== undefined) layer.bytes = hostileFrame(choices, layer.bytes);
}

function changeLayers(parts: BundleParts, choices: Choices): void {
  const index = choices.below(parts.layers.length);
  const layer = parts.layers[index];
  if (layer === undefined) return;
  switch (choices.below(4)) {
    case 0:
      parts.layers.splice(index, 1);
      return;
    case 1:
      parts.layers.splice(choices.below(parts.layers.length), 0, {
        entry: structuredClone(layer.entry),
        bytes: layer.bytes,
      });
      return;
    case 2:
      layer.bytes = changeBytes(layer.bytes, choices);
      return;
    default:
      changeTree(layer.entry, choices, JSON_TREE);
  }
}

const LAYER_CHANGES = [
  changeManifestLayer,
  changeManifestLayer,
  changeSnapshotLayer,
  changeSnapshotLayer,
  changeMemoryLayer,
  changeLayers,
];

/** One change, after which the digests fit again, or not. */
function changeParts(parts: BundleParts, choices: Choices): void {
  const fits = !choices.oneIn(12);
  if (choices.below(3) > 0) {
    tryChange(() => choices.pick(LAYER_CHANGES)(parts, choices));
    if (fits) tryChange(() => refreshDigests(parts));
  } else {
    const document = choices.pick(['layout', 'index', 'manifest', 'config'] as const);
    tryChange(() => changeTree(parts[document], choices, JSON_TREE));
    if (fits && document === 'config') tryChange(() => refreshConfig(parts));
    if (document === 'index' || !fits) return;
  }
  if (fits) tryChange(() => refreshIndex(parts));
}

/** A later change may meet what an earlier one made: then it changes nothing. */
function tryChange(change: () => void): void {
  try {
    change();
  } catch {
    // for instance a tree that has become a cycle
  }
}

/** The stream in pieces of any size. */
async function* pieces(bytes: Uint8Array, choices: Choices): AsyncGenerator<Uint8Array> {
  const size = choices.pick([1, 7, 512, 4096, 65_536, 2 ** 30]);
  if (size === 1 && bytes.length > 4096) yield bytes;
  else for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function check({ bytes, salt }: Input): Promise<string> {
  const choices = new Choices(salt, 1);
  const source = await readDrop(pieces(bytes, choices), LIMITS);
  const bundle = await unpackBundle(source, nodeCodecs, LIMITS, choices.oneIn(10) ? { signatureRequired: true } : {});
  const blobs = listBlobs(await source.fetch(source.digest, LIMITS.metadataBytes), LIMITS);
  mustHold(blobs.length > 0, () => 'an unpacked bundle lists no blobs');
  for (const path of bundle.files.keys()) mustHold(!/^\/|(^|\/)\.\.(\/|$)|\0/.test(path), () => `a file at ${path}`);
  if (bundle.snapshot === undefined) return 'unpacked';
  const module = await loadModule(bundle.module);
  const wasi = { ...handClock(), scratchBytes: MIB };
  const options = {
    limits: RUN_LIMITS,
    ...(module.imports.some((entry) => entry.module.startsWith('wasi'))
      ? { wasi }
      : { imports: createFunctionImports() }),
  };
  const worker = await restoreWorker(module, bundle.snapshot, options);
  const outcome = worker.state === 'stopped' ? await worker.resume() : { kind: 'idle' };
  await worker.close();
  return `restored, ${outcome.kind}`;
}

async function openTarget(make: (parts: BundleParts, choices: Choices) => Uint8Array): Promise<Target> {
  const bases = await loadBaseBundles();
  return {
    make(choices): Input {
      const salt = choices.bits32();
      const number = choices.below(bases.length);
      const base = bases[number];
      if (base === undefined) throw new Error('there are bundles to change');
      return { base: String(number), salt, bytes: make(partsOf(base), choices) };
    },
    check,
  };
}

/** Bundles whose parts are forged, in archives as they should be. */
export const openBundleTarget = (): Promise<Target> =>
  openTarget((parts, choices) => {
    choices.changes(3, (own) => changeParts(parts, own));
    let files: ReturnType<typeof filesOf> = [];
    tryChange(() => (files = filesOf(parts)));
    return looseTar(files, choices, 0);
  });

/** Archives that are forged around bundles as they should be. */
export const openDropTarget = (): Promise<Target> =>
  openTarget((parts, choices) => {
    let bytes = looseTar(filesOf(parts), choices, 3);
    if (choices.oneIn(4)) choices.changes(3, (own) => (bytes = changeBytes(bytes, own)));
    return bytes;
  });
