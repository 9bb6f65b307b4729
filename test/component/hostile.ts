/**
 * What a node's memory grows by while a component has it hold as much as it can, each attack on a node in a process of its own:
 *
 *     npm run hostile -- [--seconds 10] [--only ATTACK]…
 *
 * A line for each attack; the last line is JSON. Exit 1: one took more than a host may hold, with what the process itself takes meanwhile.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startNode } from '../../runtime/node/index.ts';
import { PluvioClient } from '../../sdk/client/index.ts';
import { deploy } from '../node/deploy.ts';
import { ATTACKS, type Attack, hostileComponent } from './hostile-guest.ts';

const MIB = 2 ** 20;
/** The limit `heldBytes`, twice for a body that is on its way, and what is garbage at the time. */
const GROWTH_MAX_BYTES = 256 * MIB;
/** Bodies of the requests that a second has room for, with the engine and with the main thread. */
const BURST_BYTES = 2 * 1000 * 60_000;
const ANSWER_BYTES = 4_000_000;
const SAMPLE_MS = 20;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    only: { type: 'string', multiple: true, default: [] },
    attack: { type: 'string' },
    authority: { type: 'string', default: '' },
  },
});
const limitMs = Number(values.seconds) * 1000;

interface Measured {
  readonly attack: Attack;
  readonly end: string;
  readonly grownBytes: number;
  readonly ms: number;
}

const residentBytes = (): number => process.memoryUsage().rss;

async function openNode(authority: string) {
  const capabilities = { 'http.outbound': [`http://${authority}`], 'http.inbound': ['*/*'] };
  const node = await startNode({
    listen: '127.0.0.1:0',
    ingress: '127.0.0.1:0',
    grants: { all: capabilities, tenants: {} },
    outbound: { allowPrivate: ['127.0.0.1'] },
  });
  const client = new PluvioClient({ baseUrl: node.url });
  const routes = [{ path: '/*', export: 'handle' }];
  await deploy(client, await hostileComponent(), { name: 'hostile', capabilities, routes });
  return { node, client };
}

/** In a process of its own. */
async function measure(attack: Attack, authority: string): Promise<Measured> {
  const { node, client } = await openNode(authority);
  const call = (which: Attack) =>
    client.workers.call('hostile', 'attack', [Object.keys(ATTACKS).indexOf(which), authority]);
  await call('nothing');
  const before = residentBytes();
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, residentBytes())), SAMPLE_MS);
  const began = performance.now();
  const ends =
    attack === 'answering'
      ? fetch(`${node.ingress}/`).then(async (answer) => `${(await answer.bytes()).length} bytes`)
      : call(attack).then((outcome) =>
          outcome.kind === 'trapped' ? `${outcome.code}: ${outcome.message}` : outcome.kind,
        );
  const late = delay(limitMs).then(() => 'given up');
  const end = await Promise.race([ends, late]);
  await delay(10 * SAMPLE_MS);
  clearInterval(timer);
  return { attack, end, grownBytes: most - before, ms: Math.round(performance.now() - began) };
}

/** Answers some requests with what is large, and the first of each attack never where it is to wait. */
async function openServer(): Promise<{ authority: (attack: Attack) => string; close: () => void }> {
  const body = Buffer.alloc(ANSWER_BYTES);
  const answering = createServer((_, response) => response.end(body)).listen(0, '127.0.0.1');
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await Promise.all([once(answering, 'listening'), once(silent, 'listening')]);
  const hostOf = (server: typeof silent): string => `127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on TCP
  return {
    authority: (attack) => hostOf(attack === 'waits' || attack === 'dropped' ? silent : answering),
    close: () => [answering, silent].forEach((server) => server.close().closeAllConnections()),
  };
}

async function inProcess(attack: Attack, authority: string): Promise<Measured> {
  const args = ['--attack', attack, '--authority', authority, '--seconds', values.seconds];
  const child = fork(fileURLToPath(import.meta.url), args);
  const ended = once(child, 'exit');
  const [measured] = (await Promise.race([once(child, 'message'), ended])) as [Measured | number | null];
  child.kill('SIGKILL');
  await ended;
  if (typeof measured === 'object' && measured !== null) return measured;
  throw new Error(`the node under attack "${attack}" has ended`);
}

const mostBytes = (attack: Attack): number => GROWTH_MAX_BYTES + (attack === 'dropped' ? BURST_BYTES : 0);

if (values.attack !== undefined) {
  process.send?.(await measure(values.attack as Attack, values.authority)); // the parent gave it
} else {
  const server = await openServer();
  const names = Object.keys(ATTACKS) as Attack[]; // of the table
  const all: Measured[] = [];
  for (const attack of names.filter((name) => values.only.length === 0 || values.only.includes(name))) {
    const measured = await inProcess(attack, server.authority(attack));
    const { end, grownBytes, ms } = measured;
    console.log(
      `${grownBytes > mostBytes(attack) ? 'FAILED ' : ''}${attack.padEnd(10)} ${String(Math.round(grownBytes / MIB)).padStart(5)} MiB ${String(ms).padStart(6)} ms  ${end}`,
    );
    all.push(measured);
  }
  server.close();
  console.log(JSON.stringify(all));
  process.exitCode = all.some(({ attack, grownBytes }) => grownBytes > mostBytes(attack)) ? 1 : 0;
}
