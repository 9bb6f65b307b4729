/**
 * An HTTP service that is a worker: it answers requests by a route, leaves memory when nobody asks, and loses nothing that it has
 * acknowledged when its node is killed (`kill -9`) in the midst of requests.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PluvioClient } from 'pluvio';
import { startNode } from 'pluvio/node';
import { applyDeploy, buildProject, loadProject, planDeploy } from 'pluvio/project';

const GUESTS = 40;
const AT_ONCE = 4;
/** So many are acknowledged when the node is killed. */
const KILLED_AFTER = 15;

/** A node with its data in that folder, as a process of its own: this script again, which prints its addresses. It is found where it was. */
async function openNode(dataDir: string, place = '127.0.0.1:0') {
  const script = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [script, dataDir, place], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const [url = '', ingress = ''] = line.split(' ');
  const kill = async (): Promise<void> => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  return { client: new PluvioClient({ baseUrl: url }), ingress, kill };
}

async function runService(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'guestbook-'));
  let node = await openNode(folder);
  const built = await buildProject(await loadProject(fileURLToPath(new URL('.', import.meta.url))));
  await applyDeploy(node.client, await planDeploy(node.client, built), built, false);

  let next = 0;
  let signed = 0;
  let killing: Promise<void> | undefined;
  /** Signs as often as it takes; the key has the worker do it once. */
  async function sign(guest: number): Promise<void> {
    for (;;) {
      try {
        const headers = { 'idempotency-key': `guest-${guest}` };
        const answer = await fetch(`${node.ingress}/entries`, { method: 'POST', body: `guest ${guest}`, headers });
        if (answer.status === 201) return;
      } catch {
        await killing; // the node is gone: once more, with the next one
      }
    }
  }
  async function restart(): Promise<void> {
    await node.kill();
    console.error(`killed after ${signed} acknowledged entries`);
    node = await openNode(folder, new URL(node.ingress).host);
  }
  async function client(): Promise<void> {
    while (next < GUESTS) {
      await sign(next++);
      if (++signed === KILLED_AFTER) killing = restart();
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  await killing;

  while ((await node.client.workers.get('guestbook')).status !== 'hibernated');
  const book = await (await fetch(`${node.ingress}/entries`)).text(); // wakes it
  const entries = book
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\d+\. /, ''));
  const counted = new Set(entries).size === entries.length ? 'each once' : 'one came twice';
  console.log(`${signed} acknowledged, ${entries.length} in the book, ${counted}`);
  await node.kill();
  await rm(folder, { recursive: true });
}

const [dataDir, place = ''] = process.argv.slice(2);
if (dataDir === undefined) await runService();
else {
  process.stdin.on('end', () => process.exit()).resume(); // who has started it is gone
  const grants = { all: { 'http.inbound': ['*/*'] }, tenants: {} };
  const { url, ingress } = await startNode({ listen: '127.0.0.1:0', ingress: place, dataDir, grants });
  console.log(`${url} ${ingress}`);
}
