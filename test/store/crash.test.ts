/**
 * A process writes through the store and is killed (SIGKILL) after a random number of acknowledgements, again and again in one
 * data directory. After each time everything acknowledged is there, nothing is there twice, and nothing is half there.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { databasePath } from '../../runtime/node/store/index.ts';
import { openTestStore, testFolder, textOf } from '../../runtime/node/store/testing/test-stores.ts';
import { effectsOf, KEEP_ALL, outcomeOf, random } from './crash-work.ts';

const KILLS = Number(process.env['STORE_KILLS'] ?? 30);
const SEED = Number(process.env['STORE_SEED'] ?? Date.now() % 1_000_000);
const WRITER = fileURLToPath(new URL('crash-writer.ts', import.meta.url));

interface Acknowledged {
  readonly kind: 'append' | 'commit';
  readonly worker: string;
  readonly key: string;
  readonly seq: number;
  readonly checkpointId?: number | null;
}

/** Runs the writer until it has acknowledged `count` requests; gives all that it acknowledged before it died. */
async function writeUntilKilled(folder: string, seed: number, count: number): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [WRITER, folder, String(seed)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: Acknowledged[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    // The last line may be cut off.
    if (line.endsWith('}')) lines.push(JSON.parse(line) as Acknowledged);
    if (lines.length === count) child.kill('SIGKILL');
  }
  expect(lines.length, 'the writer ended by itself').toBeGreaterThanOrEqual(count);
  return lines;
}

interface Input {
  readonly worker: string;
  readonly seq: number;
  readonly key: string;
  readonly outcome: Uint8Array | null;
}

/** Everything in the database, with the numbers that its workers have come to. */
function readAll(path: string) {
  const db = new DatabaseSync(path, { readOnly: true });
  const inputs = db
    .prepare(
      'SELECT w.name AS worker, i.seq, i.key, i.outcome FROM input i JOIN worker w ON w.id = i.worker ORDER BY 1, 2',
    )
    .all() as unknown as Input[];
  const workers = db
    .prepare('SELECT name, last_seq AS lastSeq, unsettled, last_checkpoint AS lastCheckpoint FROM worker')
    .all() as unknown as { name: string; lastSeq: number; unsettled: number; lastCheckpoint: number }[];
  const outbox = db
    .prepare('SELECT key FROM outbox')
    .all()
    .map(({ key }) => String(key));
  db.close();
  return { inputs, workers, outbox };
}

function check(path: string, acknowledged: readonly Acknowledged[]): void {
  const { inputs, workers, outbox } = readAll(path);
  const byKey = new Map(inputs.map((input) => [`${input.worker} ${input.key}`, input]));
  for (const { kind, worker, key, seq, checkpointId } of acknowledged) {
    const found = byKey.get(`${worker} ${key}`);
    expect(found, `acknowledged: ${worker} ${key}`).toMatchObject({ seq });
    if (kind === 'commit') expect(textOf(found?.outcome)).toBe(textOf(outcomeOf(worker, key)));
    const { lastCheckpoint = 0 } = workers.find(({ name }) => name === worker) ?? {};
    expect(lastCheckpoint).toBeGreaterThanOrEqual(checkpointId ?? 0);
  }
  // What holds whether it was acknowledged or not.
  expect(byKey.size, 'no key is there twice').toBe(inputs.length);
  expect(new Set(outbox).size, 'no message is there twice').toBe(outbox.length);
  for (const { name, lastSeq, unsettled } of workers) {
    const own = inputs.filter(({ worker }) => worker === name);
    expect(own.map(({ seq }) => seq)).toEqual(Array.from({ length: lastSeq }, (_, at) => at + 1));
    expect(own.filter(({ outcome }) => outcome === null).length).toBe(unsettled);
  }
  const leaving = new Set(outbox);
  const expected = inputs.flatMap(({ worker, key, seq, outcome }) =>
    outcome === null ? [] : effectsOf(worker, key, seq),
  );
  for (const effect of expected) {
    if (effect.kind !== 'send') continue;
    const isThere = effect.to === 'elsewhere' ? leaving.has(effect.key) : byKey.has(`${effect.to} ${effect.key}`);
    expect(isThere, `${effect.key} was done`).toBe(true);
  }
  const arrived = inputs.filter(({ key }) => key.startsWith('m:')).length + outbox.length;
  expect(arrived, 'no effect is there of an input that is not settled').toBe(expected.length);
}

test(
  `${KILLS} kills lose nothing and do nothing twice (seed ${SEED})`,
  { timeout: 10_000 + KILLS * 10_000 },
  async () => {
    const next = random(SEED);
    const folder = await testFolder();
    const acknowledged: Acknowledged[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const count = 1 + Math.floor(next() * next() * 400);
      acknowledged.push(...(await writeUntilKilled(folder, Math.floor(next() * 1e6) * 100 + kill, count)));
      const store = await openTestStore({ dataDir: folder, thread: false, limits: KEEP_ALL, onDamage: 'refuse' });
      expect(await store.damaged()).toEqual([]);
      await store.close();
      check(databasePath(folder), acknowledged);
    }
    expect(acknowledged.filter(({ kind }) => kind === 'commit').length).toBeGreaterThan(KILLS);
  },
);
