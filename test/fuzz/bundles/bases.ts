/** Real bundles that changes are made to: bare, with files, with snapshots of several shapes, signed. */
import { type Bundle, generateKeyPair, packBundle, type PackedBundle } from '../../../runtime/bundle/index.ts';
import { type GuestOptions, loadModule, createWorker, decodeSnapshot, type Snapshot } from '../../../runtime/index.ts';
import { nodeCodecs } from '../../../runtime/node/codecs.ts';
import { arbitraryBundleParts } from './manifests.ts';
import { CORPUS, createFunctionImports } from '../../programs/corpus.ts';

/** A worker's snapshot with its module: stopped early. */
async function stopped(
  name: string,
  safepoint: number,
  options: GuestOptions,
): Promise<{ module: Uint8Array; snapshot: Snapshot }> {
  const program = CORPUS.find((candidate) => candidate.name === name);
  if (program === undefined) throw new Error(`the corpus has no ${name}`);
  const bytes = await program.load();
  const module = await loadModule(bytes);
  let polls = 0;
  const worker = await createWorker(module, { ...options, onPoll: () => (++polls === safepoint ? 'stop' : 'go on') });
  if (program.kind === 'function') await worker.call(program.export, program.args);
  else await worker.start();
  return { module: bytes, snapshot: decodeSnapshot(worker.snapshot()) };
}

export async function loadBaseBundles(): Promise<readonly PackedBundle[]> {
  const { manifest, files } = arbitraryBundleParts();
  const module = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const text = new TextEncoder();
  const small = await stopped('globals', 1, { imports: createFunctionImports() });
  const filled = await stopped('memory-bulk', 2, { imports: createFunctionImports() });
  const command = await stopped('sleeper', 3, { wasi: {} });
  const plain: Bundle = { manifest: { schemaVersion: 1, name: 'x' }, module, files: new Map() };
  const bundles: Bundle[] = [
    plain,
    { manifest, module, files },
    { ...plain, ...small },
    { ...plain, ...filled, log: text.encode('what it wrote') },
    { ...plain, ...command },
  ];
  const keys = await generateKeyPair();
  const packed = bundles.map((bundle, index) => packBundle(bundle, nodeCodecs, index === 1 ? { sign: keys } : {}));
  return Promise.all(packed);
}
