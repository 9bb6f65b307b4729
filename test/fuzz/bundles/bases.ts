/** Real bundles that changes are made to: bare, with files, with snapshots of several shapes, signed. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { type Bundle, type KeyPair, packBundle, type PackedBundle } from '../../../runtime/bundle/index.ts';
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

/** PKCS #8 of an Ed25519 key, up to the key itself. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_KEY_BYTES = 32;

/** The same keys in every process, so that a case has the same bytes. */
function fixedKeys(): KeyPair {
  const privateKey = Buffer.concat([PKCS8_HEAD, Buffer.alloc(32, 7)]);
  const key = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return { publicKey: new Uint8Array(spki.subarray(-PUBLIC_KEY_BYTES)), privateKey: new Uint8Array(privateKey) };
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
  const keys = fixedKeys();
  const packed = bundles.map((bundle, index) => packBundle(bundle, nodeCodecs, index === 1 ? { sign: keys } : {}));
  return Promise.all(packed);
}
