/**
 * Components as their authors make them, on nodes, a line each; the last line is JSON with the counts:
 *
 *     npm run components [-- --only TEXT]
 *
 * Exit 1: something does not hold.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { WorkerManifest } from '../../runtime/bundle/index.ts';
import { packBundle, writeDrop } from '../../runtime/bundle/index.ts';
import { createWorker, loadModule, restoreWorker } from '../../runtime/index.ts';
import { nodeCodecs, startNode } from '../../runtime/node/index.ts';
import { PluvioClient } from '../../sdk/client/index.ts';
import { runBareCommand } from '../programs/run-bare.ts';
import { javascriptGreeter, javascriptServer } from './javascript.ts';
import { liftCommand } from './tools.ts';

type Node = Awaited<ReturnType<typeof openNode>>;

async function openNode(dataDir: string) {
  const node = await startNode({
    listen: '127.0.0.1:0',
    ingress: '127.0.0.1:0',
    dataDir,
    grants: { all: { 'http.inbound': ['*/*'] }, tenants: {} },
  });
  return { ...node, ingress: node.ingress ?? '', client: new PluvioClient({ baseUrl: node.url }) };
}

async function deploy({ client }: Node, manifest: Omit<WorkerManifest, 'schemaVersion'>, module: Uint8Array) {
  const packed = await packBundle(
    { manifest: { schemaVersion: 1, ...manifest }, module, files: new Map() },
    nodeCodecs,
  );
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeDrop(packed)) chunks.push(chunk);
  const { digest } = await client.bundles.upload(new Blob(chunks as BlobPart[])); // chunks lie in buffers of their own
  await client.workers.create({ name: manifest.name, bundle: digest });
}

async function until({ client }: Node, name: string, status: string): Promise<void> {
  for (const deadline = Date.now() + 30_000; (await client.workers.get(name)).status !== status; await delay(20)) {
    assert(Date.now() < deadline, `${name} is not ${status} within 30 s`);
  }
}

/** Some seconds. */
const ROUNDS = 30_000_000;
/** A request has 30 seconds, on its way through two nodes. */
const REQUEST_ROUNDS = 25_000_000;

/** Has a node take up a program's 12 MB of code, so that a move to it takes less than the call that is moved. */
async function warm(node: Node, module: Uint8Array): Promise<void> {
  await deploy(node, { name: 'before' }, module);
  await node.client.workers.delete('before');
}

/** Moves a worker in the midst of a call. */
async function moveInTheMidst([source, target]: readonly [Node, Node], name: string): Promise<void> {
  await until(source, name, 'running');
  await source.client.workers.move(name, { target: target.url });
  assert.equal((await target.client.workers.get(name)).status, 'running', 'the call ended before the move');
}

/** Stopped in the midst of JavaScript, taken up from bytes, finished; with the same answer as undisturbed. */
async function javascriptInProcess(): Promise<string> {
  const module = await loadModule(javascriptGreeter());
  const undisturbed = await createWorker(module, { wasi: {} });
  const expected = await undisturbed.call('greet', ['Ada', ROUNDS]);
  const worker = await createWorker(module, { wasi: {} });
  const running = worker.call('greet', ['Ada', ROUNDS]);
  await delay(100);
  await worker.stop();
  assert.deepEqual(await running, { kind: 'stopped' });
  const bytes = worker.snapshot();
  const moved = await restoreWorker(module, bytes, { wasi: {} });
  assert.deepEqual(await moved.resume(), expected);
  return `stopped in a function, ${(bytes.length / 2 ** 10).toFixed(0)} KiB, went on: ${JSON.stringify(expected)}`;
}

async function javascriptOnNodes(nodes: readonly [Node, Node]): Promise<string> {
  const [source, target] = nodes;
  const module = javascriptGreeter();
  await deploy(source, { name: 'greeter' }, module);
  assert.match(String((await source.client.workers.call('greeter', 'greet', ['Ada', 1])).kind), /returned/);
  await warm(target, module);
  const running = source.client.workers.call('greeter', 'greet', ['Bob', ROUNDS]).catch(() => undefined);
  await moveInTheMidst(nodes, 'greeter');
  await running;
  const outcome = await target.client.workers.waitOutcome('greeter');
  assert(
    outcome?.kind === 'returned' && /^Hello, Bob! \d+ 2$/.test(String(outcome.values[0])),
    JSON.stringify(outcome),
  );
  await target.client.workers.delete('greeter');
  return `moved in the midst of a call, which returned ${JSON.stringify(outcome.values[0])}`;
}

async function outputOf({ client }: Node, name: string): Promise<string> {
  let text = '';
  for await (const { bytes } of client.workers.logs(name)) text += new TextDecoder().decode(bytes);
  return text;
}

async function liftedProgram([source, target]: readonly [Node, Node]): Promise<string> {
  const bytes = new Uint8Array(await readFile(new URL('../../examples/pi/pi.wasm', import.meta.url)));
  const expected = await runBareCommand('pi', bytes, { args: ['20000'] });
  await source.client.workers.create({ name: 'pi', module: await liftCommand(bytes), args: ['20000'] });
  await source.client.workers.move('pi', { target: target.url });
  assert.deepEqual(await target.client.workers.waitOutcome('pi'), { kind: 'exited', code: 0 });
  assert.equal(await outputOf(target, 'pi'), expected.stdout);
  await target.client.workers.delete('pi');
  return `moved as it ran, wrote all of its ${expected.stdout.length} characters`;
}

async function httpService(nodes: readonly [Node, Node]): Promise<string> {
  const [source, target] = nodes;
  const module = javascriptServer();
  const manifest = {
    name: 'server',
    routes: [{ path: '/*', export: 'handle' }],
    capabilities: { 'http.inbound': ['*/*'] },
    hibernate: { afterMs: 200 },
    checkpoint: 'each-call', // so that a request which it moves with is answered
  } as const;
  await deploy(source, manifest, module);
  await warm(target, module);
  const ask = async ({ ingress }: Node, path: string, body: string): Promise<string> =>
    (await fetch(`${ingress}/${path}`, { method: 'POST', body })).text();
  assert.equal(await ask(source, '0', 'hello'), 'post /0 5 0 1\n');
  await until(source, 'server', 'hibernated');
  assert.equal(await ask(source, '0', ''), 'post /0 0 0 2\n');
  const midst = ask(source, String(REQUEST_ROUNDS), 'x'.repeat(100_000));
  await moveInTheMidst(nodes, 'server');
  assert.match(await midst, new RegExp(`^post /${REQUEST_ROUNDS} 100000 \\d+ 3\\n$`));
  assert.equal(await ask(target, '0', ''), 'post /0 0 0 4\n');
  assert.equal(await ask(source, '0', ''), 'post /0 0 0 5\n'); // passed on
  await target.client.workers.delete('server');
  return 'answered, hibernated, woken by a request, moved in the midst of one, answered on both nodes';
}

const failures: string[] = [];
let passed = 0;

const { values: options } = parseArgs({ options: { only: { type: 'string', default: '' } } });

async function check(name: string, run: () => Promise<string>): Promise<void> {
  if (!name.includes(options.only)) return;
  const beganMs = performance.now();
  try {
    const text = await run();
    console.log(`ok      ${name.padEnd(24)} ${((performance.now() - beganMs) / 1000).toFixed(1)} s  ${text}`);
    passed++;
  } catch (error) {
    failures.push(name);
    console.log(`failed  ${name}: ${(error instanceof Error ? error.message : String(error)).replaceAll('\n', ' | ')}`);
  }
}

const folder = await mkdtemp(join(tmpdir(), 'pluvio-components-'));
const nodes = [await openNode(join(folder, 'a')), await openNode(join(folder, 'b'))] as const;
await check('JavaScript', javascriptInProcess);
await check('JavaScript on nodes', () => javascriptOnNodes(nodes));
await check('a C program, lifted', () => liftedProgram(nodes));
await check('wasi:http in JavaScript', () => httpService(nodes));
await Promise.all(nodes.map((node) => node.close()));
await rm(folder, { recursive: true, force: true });
console.log(JSON.stringify({ passed, failed: failures.length, failures }));
process.exit(failures.length > 0 ? 1 : 0);
