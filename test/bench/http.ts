/** Calls over HTTP, against a server that only gives back what it gets, and against workerd with the same module. */
import { type Benchmark, progress, rotated } from './benchmark.ts';
import { startChildNode } from '../node/child-node.ts';
import { missing } from '../node/features.ts';
import { loadWith, type LoadResult } from './http-load.ts';
import { ECHO_SERVERS, type EchoServer, type Payload, type ServerName } from './http-servers.ts';
import { type Machine, machine, machineLine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { summarise, type Summary } from './statistics.ts';
import { formatTable, range, spread } from './table.ts';

const NAMES = Object.keys(ECHO_SERVERS) as ServerName[]; // the table has exactly these keys
const BODY_BYTES = 100;
const CONNECTIONS = 32;
const SECONDS = { warm: 2, measured: 5 } as const;
const QUICK_SECONDS = { warm: 1, measured: 1 } as const;

/** workerd closes a connection now and then before it has answered. */
const PASSES: Readonly<Partial<Record<ServerName, { readonly oneBadIn: number }>>> = { workerd: { oneBadIn: 10_000 } };

/** 100 bytes of each kind. */
const BODIES: Readonly<Record<Payload, { readonly contentType: string; readonly body: string }>> = {
  bytes: { contentType: 'application/octet-stream', body: 'b'.repeat(BODY_BYTES) },
  numbers: { contentType: 'application/json', body: '{"args":[7]}'.padEnd(BODY_BYTES) },
};

export interface HttpResult {
  readonly benchmark: 'http';
  readonly machine: Machine;
  readonly rounds: number;
  readonly connections: number;
  /** What a node of today takes: see `Payload`. */
  readonly payload: Payload;
  /** Requests per second, ours to theirs. */
  readonly vs_hono: number;
  readonly vs_workerd: number;
  readonly per_server: Readonly<Record<ServerName, ServerResult>>;
}

export interface ServerResult {
  readonly per_second: Summary;
  /** Ours to it; of ours 1. */
  readonly ratio: Summary;
  readonly p50_ms: Summary;
  readonly p99_ms: Summary;
}

/** What calls take, on a node as it is now. */
async function payloadOf(): Promise<Payload> {
  const node = await startChildNode({}, []);
  try {
    const reasons = await missing(node, ['calls with bytes']);
    for (const reason of reasons) progress(`${reason}: measured with numbers`);
    return reasons.length === 0 ? 'bytes' : 'numbers';
  } finally {
    await node.kill();
  }
}

/** @throws Error if the server does not give back what it gets */
async function checkEcho(name: ServerName, { origin, paths }: EchoServer, payload: Payload): Promise<void> {
  const { body, contentType } = BODIES[payload];
  const answer = await (
    await fetch(origin + paths[0], { method: 'POST', body, headers: { 'content-type': contentType } })
  ).text();
  const good = payload === 'bytes' || name === 'hono' ? answer === body : answer.includes('"values":[7]');
  if (!good) throw new Error(`${name} answered ${JSON.stringify(answer.slice(0, 200))}`);
}

async function measureServer(name: ServerName, payload: Payload, quick: boolean): Promise<LoadResult> {
  const server = await ECHO_SERVERS[name](payload, CONNECTIONS);
  const seconds = quick ? QUICK_SECONDS : SECONDS;
  const { origin, paths } = server;
  const job = { origin, paths, ...BODIES[payload], connections: CONNECTIONS, ...PASSES[name] };
  try {
    await checkEcho(name, server, payload);
    await loadWith({ ...job, seconds: seconds.warm });
    return await loadWith({ ...job, seconds: seconds.measured });
  } finally {
    await server.close();
  }
}

async function measure({ quick, rounds }: BenchOptions): Promise<HttpResult> {
  const before = machine();
  const payload = await payloadOf();
  const runs = new Map<ServerName, LoadResult[]>(NAMES.map((name) => [name, []]));
  for (let turn = 0; turn < rounds; turn++) {
    for (const name of rotated(NAMES, turn)) runs.get(name)?.push(await measureServer(name, payload, quick));
    progress(`round ${turn + 1} of ${rounds}`);
  }
  const ours = runs.get('pluvio') ?? [];
  const serverResult = (name: ServerName): ServerResult => {
    const results = runs.get(name) ?? [];
    return {
      per_second: summarise(results.map(({ perSecond }) => perSecond)),
      ratio: summarise(results.map(({ perSecond }, turn) => (ours[turn]?.perSecond ?? Number.NaN) / perSecond)),
      p50_ms: summarise(results.map(({ p50Ms }) => p50Ms)),
      p99_ms: summarise(results.map(({ p99Ms }) => p99Ms)),
    };
  };
  const perServer = { pluvio: serverResult('pluvio'), hono: serverResult('hono'), workerd: serverResult('workerd') };
  return {
    benchmark: 'http',
    machine: before,
    rounds,
    connections: CONNECTIONS,
    payload,
    vs_hono: perServer.hono.ratio.median,
    vs_workerd: perServer.workerd.ratio.median,
    per_server: perServer,
  };
}

function format({ machine: where, per_server, payload, connections }: HttpResult): string {
  const rows = NAMES.map((name) => {
    const { per_second, ratio, p50_ms, p99_ms } = per_server[name];
    return [name, range(per_second), spread(ratio), range(p50_ms), range(p99_ms)];
  });
  const header = ['server', 'requests per second', 'Pluvio to it', 'p50, ms', 'p99, ms'];
  return `${machineLine(where)}; ${connections} connections, 100 bytes as ${payload}\n\n${formatTable(header, rows)}`;
}

export const http: Benchmark<HttpResult> = {
  question: 'How many calls a second does a node answer, against a bare server and workerd?',
  measure,
  format,
};
