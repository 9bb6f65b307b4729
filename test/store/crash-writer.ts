/**
 * A process that writes through the store until it is killed, and tells on standard output what was acknowledged, a line of
 * JSON each. It begins as a node does: what is journalled and not settled is done first, with the same keys.
 *
 * `node test/store/crash-writer.ts FOLDER SEED`
 */
import { writeSync } from 'node:fs';
import { nextCronMs, openStore, WORKERS } from '../../runtime/node/store/index.ts';
import { checkpointOf, effectsOf, KEEP_ALL, NAMES, outcomeOf, random } from './crash-work.ts';

const [dataDir = '', seed = '0'] = process.argv.slice(2);
const next = random(Number(seed));
const store = await openStore({ dataDir, limits: KEEP_ALL });
await Promise.all(NAMES.map((name) => store.collection(WORKERS).put(name, { name })));

const acknowledge = (line: object): void => {
  writeSync(1, `${JSON.stringify(line)}\n`);
};

/** What a worker does with an input; the same again whenever it is done again. */
async function handle(worker: string, seq: number, key: string, withCheckpoint: boolean): Promise<void> {
  const { checkpointId } = await store.commit(worker, {
    ...(withCheckpoint ? { checkpoint: checkpointOf(seq) } : {}),
    settled: [{ seq, outcome: outcomeOf(worker, key) }],
    effects: effectsOf(worker, key, seq),
  });
  acknowledge({ kind: 'commit', worker, key, seq, checkpointId });
}

/** A worker takes its inputs in order, one after the other, from where its last checkpoint is. */
async function work(worker: string): Promise<never> {
  let lastSeq = (await store.checkpoint(worker))?.inputSeq ?? 0;
  for (;;) {
    for (const { seq, key } of await store.pendingInputs(worker, lastSeq, 20)) {
      await handle(worker, seq, key ?? '', next() < 0.4);
      lastSeq = seq;
    }
    await news.promise;
  }
}

let news = Promise.withResolvers<void>();
function wake(): void {
  news.resolve();
  news = Promise.withResolvers<void>();
}

async function client(number: number): Promise<never> {
  const worker = NAMES[number % NAMES.length] ?? '';
  for (let at = 0; ; at++) {
    const key = `c:${seed}:${number}:${at}`;
    const { seq } = await store.appendInput(worker, { kind: 'call', key, body: Buffer.from(key), info: { at } });
    acknowledge({ kind: 'append', worker, key, seq });
    wake();
  }
}

/** A timer of cron, fired again and again as if a second had gone by. */
async function timers(): Promise<never> {
  const worker = NAMES[0];
  const cron = '* * * * * *';
  const [known] = await store.timers(worker);
  let nowMs = known?.dueMs ?? 1000;
  if (!known) await store.commit(worker, { timers: [{ id: 'tick', dueMs: nowMs, cron, payload: new Uint8Array(1) }] });
  for (;;) {
    for (const { seq, dueMs } of await store.fireTimers(nowMs, 10)) {
      acknowledge({ kind: 'append', worker, key: `t:tick:${dueMs}`, seq });
    }
    wake();
    nowMs = nextCronMs(cron, nowMs) ?? nowMs;
  }
}

await Promise.all([timers(), ...NAMES.map(work), ...[0, 1, 2, 3].map(client)]);
