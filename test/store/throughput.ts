/**
 * How many inputs and commits per second the store makes durable: `node test/store/throughput.ts [--clients 64] [--seconds 5]`.
 *
 * Each client has a worker and does one request after the other: an append is an input of 1 KiB; a commit settles it, with a
 * checkpoint of 4 KiB and a message to the next worker every eighth time. The cost of one synchronised write is measured
 * beside it. Prints one line of JSON.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore, WORKERS } from '../../runtime/node/store/index.ts';

const BASE = `sha256:${'0'.repeat(64)}`;
const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '5' },
    folder: { type: 'string', default: '.cache' },
  },
});
const clients = Number(values.clients);
const ms = Number(values.seconds) * 1000;

function fsyncMs(folder: string): number {
  const file = openSync(join(folder, 'sync'), 'w');
  const times = Array.from({ length: 101 }, () => {
    writeSync(file, new Uint8Array(16_384));
    const from = performance.now();
    fdatasyncSync(file);
    return performance.now() - from;
  });
  closeSync(file);
  return times.sort((a, b) => a - b)[50] ?? 0;
}

/** Rounds per second of all clients together. */
async function rate(round: (client: number) => Promise<unknown>): Promise<number> {
  const from = performance.now();
  let rounds = 0;
  const loop = async (client: number): Promise<void> => {
    while (performance.now() - from < ms) {
      await round(client);
      rounds++;
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => loop(client)));
  return Math.round((rounds * 1000) / (performance.now() - from));
}

const folder = await mkdtemp(join(values.folder, 'store-'));
try {
  const syncMs = fsyncMs(folder);
  const store = await openStore({ dataDir: folder });
  const names = Array.from({ length: clients }, (_, at) => `worker-${at}`);
  await Promise.all(names.map((name) => store.collection(WORKERS).put(name, { name })));
  const body = new Uint8Array(1024).fill(7);
  const append = (client: number) =>
    store.appendInput(names[client] ?? '', { kind: 'call', key: null, body, info: { export: 'run' } });
  const appends = await rate(append);
  const commits = await rate(async (client) => {
    const worker = names[client] ?? '';
    const { seq } = await append(client);
    await store.commit(worker, {
      checkpoint: {
        base: BASE,
        delta: new Uint8Array(4096).fill(seq),
        side: null,
        inputSeq: seq,
        fuelUsed: String(seq),
        memoryPages: 1,
        resumable: false,
        atMs: Date.now(),
      },
      settled: [{ seq, outcome: body.subarray(0, 100) }],
      effects:
        seq % 8 === 0
          ? [
              {
                kind: 'send',
                seq,
                to: names[(client + 1) % clients] ?? '',
                key: `m:${worker}:${seq}:0`,
                body,
                info: null,
              },
            ]
          : [],
    });
  });
  const { requests, transactions } = store.statistics();
  await store.close();
  const perGroup = Math.round((10 * requests) / transactions) / 10;
  console.log(
    JSON.stringify({
      clients,
      appends_per_second: appends,
      journalled_commits_per_second: commits,
      requests_per_transaction: perGroup,
      fdatasync_ms: Math.round(syncMs * 1000) / 1000,
    }),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
