/** What must hold with a real registry and a real tool beside it, a row each. */
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { packBundle, type PackedBundle, unpackBundle } from '../../runtime/bundle/index.ts';
import { fetchKnownChunks, parseReference, pullBundle, pushBundle } from '../../runtime/bundle/registry/index.ts';
import { nodeCodecs as codecs } from '../../runtime/node/codecs.ts';
import { PluvioClient } from '../../sdk/client/index.ts';
import { openCuttingProxy } from './cutting-proxy.ts';
import { type Ran, ROOT, type Setting, USER } from './e2e-setting.ts';
import { type Change, noisyBundle } from './noisy-worker.ts';

/** Facts that a check prints beside its name. */
export type Facts = Readonly<Record<string, number | string>>;
export interface Check {
  readonly name: string;
  readonly run: (setting: Setting) => Promise<Facts>;
}

const PI = join(ROOT, 'examples/pi/pi.wasm');
const SLEEPER = join(ROOT, 'test/programs/sleeper/sleeper.wasm');
const SHARE_MAX = 0.05;

/** The output of a command that has done what it was told. */
function done({ exitCode, stdout, stderr }: Ran): string {
  assert.equal(exitCode, 0, stderr);
  return stdout.trim();
}

function failed({ exitCode, stderr }: Ran, code: string): void {
  assert.equal(exitCode, 1, stderr);
  assert.match(stderr, new RegExp(`error\\[${code}\\]`));
}

const sha256 = (bytes: string | Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const pushedOf = (text: string): { digest: string; blobsSent: number; blobsMounted: number; bytesSent: number } =>
  JSON.parse(text) as { digest: string; blobsSent: number; blobsMounted: number; bytesSent: number }; // as `push -o json` writes it

async function pushAndSkip({ pluvio, skopeo, open }: Setting): Promise<Facts> {
  const first = pushedOf(done(await pluvio(['push', PI, `${open.host}/tools/pi:1`, '-o', 'json'])));
  assert.equal(first.blobsSent, 3);
  const again = pushedOf(done(await pluvio(['push', PI, `${open.host}/tools/pi:1`, '-o', 'json'])));
  assert.deepEqual([again.blobsSent, again.bytesSent, again.digest], [0, 0, first.digest]);
  const mounted = pushedOf(
    done(await pluvio(['push', PI, `${open.host}/other/pi:1`, '--mount-from', 'tools/pi', '-o', 'json'])),
  );
  assert.deepEqual([mounted.blobsMounted, mounted.bytesSent], [3, 0]);
  const raw = await skopeo('inspect', '--raw', '--tls-verify=false', `docker://${open.host}/tools/pi:1`);
  assert.equal(sha256(raw.stdout), first.digest);
  return { sentBytes: first.bytesSent };
}

async function runAndPull({ pluvio, open, folder }: Setting): Promise<Facts> {
  const expected = done(await pluvio(['run', PI, '50']));
  assert.equal(done(await pluvio(['run', `${open.host}/tools/pi:1`, '50'])), expected);
  const file = join(folder, 'pulled.drop');
  const digest = done(await pluvio(['pull', `${open.host}/tools/pi:1`, '-o', file]));
  assert.equal(done(await pluvio(['run', file, '50'])), expected);
  failed(await pluvio(['pull', `${open.host}/tools/none:1`, '-o', file]), 'REGISTRY_NOT_FOUND');
  assert.equal(done(await pluvio(['pull', `${open.host}/tools/pi@${digest}`, '-o', file])), digest);
  return { digest: digest.slice(0, 19) };
}

async function copiesOfSkopeo({ pluvio, skopeo, open, folder }: Setting): Promise<Facts> {
  const [ours, theirs] = [join(folder, 'ours.drop'), join(folder, 'theirs.drop')];
  const digest = done(await pluvio(['pull', `${open.host}/tools/pi:1`, '-o', ours]));
  const to = `${open.host}/copies/pi:1`;
  done(await skopeo('copy', '--dest-tls-verify=false', `oci-archive:${ours}`, `docker://${to}`));
  assert.equal(done(await pluvio(['pull', to, '-o', theirs])), digest);
  assert.deepEqual(await readFile(theirs), await readFile(ours));
  const from = `docker://${open.host}/tools/pi:1`;
  done(await skopeo('copy', '--src-tls-verify=false', from, `oci-archive:${join(folder, 'archive.drop')}`));
  const inspected = done(await pluvio(['inspect', join(folder, 'archive.drop'), '-o', 'json']));
  assert.equal((JSON.parse(inspected) as { bundle: { digest: string } }).bundle.digest, digest);
  return {};
}

async function signaturesAndSboms({ pluvio, open, folder }: Setting): Promise<Facts> {
  const [key, other, sbom, got] = ['key.pem', 'other.pem', 'pi.spdx.json', 'got.json'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string]; // as many as are named
  const publicKey = async (file: string): Promise<string> =>
    (JSON.parse(done(await pluvio(['token', 'key', file, '-o', 'json']))) as { publicKey: string }).publicKey;
  const [trusted, stranger] = [await publicKey(key), await publicKey(other)];
  await writeFile(sbom, JSON.stringify({ spdxVersion: 'SPDX-2.3', name: 'pi' }));
  const to = `${open.host}/signed/pi:1`;
  const options = ['--sign', key, '--annotation', 'version=1.2', '--annotation', 'licenses=Apache-2.0', '--sbom', sbom];
  done(await pluvio(['push', ...options, PI, to]));
  const drop = join(folder, 'signed.drop');
  const pull = ['pull', to, '-o', drop];
  done(await pluvio([...pull, '--trust', trusted, '--sbom', got]));
  assert.deepEqual(await readFile(got), await readFile(sbom));
  failed(await pluvio([...pull, '--trust', stranger]), 'BUNDLE_UNTRUSTED');
  done(await pluvio(['push', PI, `${open.host}/tools/pi:1`]));
  failed(await pluvio(['pull', `${open.host}/tools/pi:1`, '-o', drop, '--require-signature']), 'BUNDLE_UNSIGNED');
  failed(await pluvio(['run', '--require-signature', PI, '5']), 'BUNDLE_UNSIGNED');
  done(await pluvio(['run', '--trust', trusted, to, '5']));
  // The file keeps the signature: pushed from there it is found again.
  done(await pluvio([...pull, '--trust', trusted]));
  done(await pluvio(['push', drop, `${open.host}/signed/copy:1`]));
  done(await pluvio(['pull', `${open.host}/signed/copy:1`, '-o', drop, '--trust', trusted]));
  return {};
}

async function signIn({ pluvio, locked, tokened, folder }: Setting): Promise<Facts> {
  const config = join(folder, 'docker');
  await mkdir(config, { recursive: true });
  const auth = Buffer.from(`${USER.user}:${USER.password}`).toString('base64');
  const write = (json: unknown): Promise<void> => writeFile(join(config, 'config.json'), JSON.stringify(json));
  const env = { DOCKER_CONFIG: config };
  for (const { host } of [locked, tokened]) {
    const to = `${host}/tools/pi:1`;
    // The token service is at another port.
    const allow = ['--allow-private', '127.0.0.1'];
    failed(await pluvio(['push', PI, to, ...allow]), 'REGISTRY_DENIED');
    await write({ auths: { [host]: { auth: Buffer.from('ann:wrong').toString('base64') } } });
    failed(await pluvio(['push', PI, to, ...allow], env), 'REGISTRY_DENIED');
    await write({ auths: { [host]: { auth } } });
    done(await pluvio(['push', PI, to, ...allow], env));
    done(await pluvio(['run', ...allow, to, '5'], env));
  }
  failed(await pluvio(['push', PI, `${tokened.host}/tools/pi:1`], env), 'REGISTRY_REFUSED');
  const helper = join(folder, 'docker-credential-e2e');
  const answer = JSON.stringify({ Username: USER.user, Secret: USER.password });
  await writeFile(helper, `#!/bin/sh\ncat >/dev/null\necho '${answer}'\n`);
  await chmod(helper, 0o755);
  await write({ credHelpers: { [locked.host]: 'e2e' } });
  const path = `${folder}:${process.env['PATH'] ?? ''}`;
  done(await pluvio(['run', `${locked.host}/tools/pi:1`, '5'], { ...env, PATH: path }));
  return {};
}

async function suspendAndResume({ pluvio, open, startNode }: Setting): Promise<Facts> {
  const steps = 40;
  const lines = (from: number): string[] =>
    Array.from({ length: steps - from + 1 }, (_, index) => `step ${from + index} of ${steps}: slept`);
  const [north, south] = [await startNode(), await startNode()];
  const client = new PluvioClient({ baseUrl: north });
  const module = new Uint8Array(await readFile(SLEEPER));
  await client.workers.create({ name: 'sleeper', module, args: [String(steps), '50'] });
  for await (const piece of client.workers.logs('sleeper', { follow: true })) if (piece.bytes.length > 0) break;
  await client.workers.stop('sleeper');
  let before = '';
  for await (const { bytes } of client.workers.logs('sleeper')) before += new TextDecoder().decode(bytes);
  const said = before.trim().split('\n').length;
  const to = `${open.host}/team/sleeper:monday`;
  done(await pluvio(['snapshot', 'sleeper', '--push', to, '--node', north]));
  await client.workers.delete('sleeper');
  assert.ok(said < steps, 'it was stopped on its way');
  assert.deepEqual(done(await pluvio(['resume', to])).split('\n'), lines(said + 1), 'it goes on here');
  // A node has the log as well, which goes on where it was.
  assert.deepEqual(done(await pluvio(['resume', to, '--node', south, '--logs'])).split('\n'), lines(1));
  done(await pluvio(['push', 'sleeper', `${open.host}/team/code:1`, '--code', '--node', south]));
  assert.deepEqual(done(await pluvio(['run', `${open.host}/team/code:1`, '2', '1'])).split('\n').length, 2);
  return { saidBefore: said, saidAfter: steps - said };
}

async function nodePulls({ pluvio, open, startNode }: Setting): Promise<Facts> {
  const reference = `${open.host}/tools/pi:1`;
  const closed = await startNode();
  failed(await pluvio(['run', '--node', closed, '--node-pulls', reference]), 'REGISTRY_REFUSED');
  const listed = ['--set', `registries.allow=${open.host}/tools`];
  const halfOpen = await startNode(...listed);
  failed(await pluvio(['run', '--node', halfOpen, '--node-pulls', reference]), 'REGISTRY_REFUSED');
  const rules = await pluvio(['run', '--node', halfOpen, '--node-pulls', '--require-signature', reference]);
  assert.equal(rules.exitCode, 2, 'the rules of the command are not the node’s');
  const willing = await startNode(...listed, '--set', 'registries.allowPrivate=127.0.0.1');
  const output = done(await pluvio(['run', '--node', willing, '--node-pulls', '--logs', reference]));
  assert.match(output, /^3\./);
  failed(await pluvio(['run', '--node', willing, '--node-pulls', `${open.host}/other/pi:1`]), 'REGISTRY_REFUSED');
  return {};
}

/** A bundle with memory, packed as `snapshot --push` does. */
const packNoisy = async (change: Change, known: Parameters<typeof packBundle>[2]): Promise<PackedBundle> =>
  packBundle(await noisyBundle(change), codecs, known);

async function shareMemory({ open }: Setting): Promise<Facts> {
  const at = (tag: string): ReturnType<typeof parseReference> => parseReference(`${open.host}/team/noisy:${tag}`);
  const first = await packNoisy('none', { known: new Map() });
  const whole = await pushBundle(first, at('1'), { codecs });
  const facts: Record<string, number> = { wholeBytes: whole.bytesSent };
  for (const [change, name] of [
    ['in one place', 'onePlace'],
    ['all over', 'allOver'],
  ] as const) {
    const next = await packNoisy(change, { known: await fetchKnownChunks(at('1'), { codecs }) });
    const { bytesSent } = await pushBundle(next, at(name), { codecs });
    const percent = Math.round((10_000 * bytesSent) / whole.bytesSent) / 100;
    facts[`${name}Bytes`] = bytesSent;
    facts[`${name}Percent`] = percent;
    assert.ok(bytesSent <= SHARE_MAX * whole.bytesSent, `${change}: ${percent} % was sent`);
    const { source } = await pullBundle(at(name), { codecs });
    const pulled = await unpackBundle(source, codecs);
    const flat = (bundle: typeof pulled): string => sha256(memoryOf(bundle));
    assert.equal(flat(pulled), flat(await noisyBundle(change)));
  }
  return facts;
}

/** The memory of a snapshot as a whole. */
function memoryOf({ snapshot }: Awaited<ReturnType<typeof noisyBundle>>): Buffer {
  const memory = snapshot?.instances[0]?.memories[0];
  const bytes = Buffer.alloc((memory?.pages ?? 0) * 65_536);
  for (const run of memory?.runs ?? []) bytes.set(run.bytes, run.offset);
  return bytes;
}

async function brokenConnections({ open }: Setting): Promise<Facts> {
  const proxy = await openCuttingProxy(open.host);
  try {
    const bundle = await packBundle(
      { manifest: { schemaVersion: 1, name: 'large' }, module: new Uint8Array(await readFile(PI)), files: noiseFile() },
      codecs,
    );
    const reference = parseReference(`${proxy.host}/team/large:1`);
    const limits = { chunkBytes: 2 ** 20 };
    // Between two pieces: this registry forgets an upload that was cut within one.
    proxy.cutBefore('content-range: 2097152-');
    const sent = await pushBundle(bundle, reference, { codecs, limits });
    proxy.cutAfter('down', 2.5 * 2 ** 20);
    const pulled = await pullBundle(reference, { codecs });
    assert.deepEqual([...pulled.blobs], [...bundle.blobs]);
    assert.equal(proxy.cuts, 2);
    assert.equal(sent.bytesSent, bundle.sizes.totalBytes - bundle.manifestBytes.byteLength, 'nothing is sent twice');
    proxy.cutAfter('up', 2.5 * 2 ** 20);
    const anew = await pushBundle(bundle, parseReference(`${proxy.host}/team/anew:1`), { codecs, limits });
    assert.equal(proxy.cuts, 3);
    return { blobBytes: sent.bytesSent, cutWithinAPieceBytes: anew.bytesSent };
  } finally {
    await proxy.close();
  }
}

function noiseFile(): Map<string, Uint8Array> {
  const pieces = Array.from({ length: 2 ** 17 }, (_, index) => createHash('sha256').update(String(index)).digest());
  return new Map([['noise', new Uint8Array(Buffer.concat(pieces))]]);
}

async function badFiles({ pluvio, open, folder }: Setting): Promise<Facts> {
  const drop = join(folder, 'damaged.drop');
  await copyFile(join(folder, 'pulled.drop'), drop);
  const bytes = await readFile(drop);
  bytes[bytes.length - 5000] = (bytes[bytes.length - 5000] ?? 0) ^ 1;
  await writeFile(drop, bytes);
  failed(await pluvio(['push', drop, `${open.host}/tools/damaged:1`]), 'BUNDLE_DIGEST');
  failed(await pluvio(['push', PI, 'no reference']), 'INVALID_ARGUMENT');
  failed(await pluvio(['push', '--sbom', PI, PI, `${open.host}/tools/pi:1`]), 'BUNDLE_MALFORMED');
  return {};
}

export const CHECKS: readonly Check[] = [
  { name: 'push, skip, mount, as skopeo sees it', run: pushAndSkip },
  { name: 'run and pull', run: runAndPull },
  { name: 'copies by skopeo, both ways', run: copiesOfSkopeo },
  { name: 'signature, annotations and SBOM', run: signaturesAndSboms },
  { name: 'signing in: password, token, helper', run: signIn },
  { name: 'suspend here, resume there', run: suspendAndResume },
  { name: 'a node pulls', run: nodePulls },
  { name: 'memory is shared', run: shareMemory },
  { name: 'broken connections are taken up', run: brokenConnections },
  { name: 'what is damaged is not pushed', run: badFiles },
];
