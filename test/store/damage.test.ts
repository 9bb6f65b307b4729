/** Files that were cut off, changed or taken away: what is found, what is said, and what goes on. */
import { existsSync } from 'node:fs';
import { copyFile, open, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, test } from 'vitest';
import { databasePath, type NodeStore } from '../../runtime/node/store/index.ts';
import {
  addWorkers,
  bytes,
  call,
  checkpoint,
  openTestStore,
  pendingOf,
  testFolder,
} from '../../runtime/node/store/testing/test-stores.ts';
import { random } from './crash-work.ts';

const WORKERS = 40;
const name = (number: number): string => `w${String(number).padStart(2, '0')}`;
const NAMES = Array.from({ length: WORKERS }, (_, number) => name(number));

async function fill(store: NodeStore): Promise<void> {
  await addWorkers(store, ...NAMES);
  await Promise.all(
    NAMES.map(async (worker) => {
      await store.appendInputs(worker, [call(`${worker} one `.repeat(50), 'k1'), call(`${worker} two `.repeat(50))]);
      await store.commit(worker, { checkpoint: checkpoint(0, { delta: bytes(`${worker} below `.repeat(200)) }) });
      const delta = bytes(`${worker} state `.repeat(200));
      await store.commit(worker, {
        checkpoint: checkpoint(1, { delta, parent: 1 }),
        settled: [{ seq: 1, outcome: bytes(worker) }],
      });
    }),
  );
}

/** A closed data directory with `WORKERS` workers, each with a chain of two checkpoints, a settled and a pending input. */
async function filledFolder(): Promise<string> {
  const dataDir = await testFolder();
  const store = await openTestStore({ dataDir, thread: false });
  await fill(store);
  await store.close();
  return dataDir;
}

async function overwrite(path: string, at: number, data: Uint8Array): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(data, 0, data.length, at);
  await file.close();
}

async function offsetOf(path: string, text: string): Promise<number> {
  const at = (await readFile(path)).indexOf(text);
  expect(at).toBeGreaterThan(0);
  return at;
}

/** Whether everything of a worker can be read; a damaged one says so by code. */
async function isWhole(store: NodeStore, worker: string): Promise<boolean> {
  try {
    const inputs = await pendingOf(store, worker, 1);
    const state = await store.checkpoint(worker);
    const known = await store.outcomeOf(worker, 'k1');
    if (inputs.length === 0 || !state || !known) return false;
    expect(inputs).toEqual([`2 ${`${worker} two `.repeat(50)}`]);
    const layers = [...state.below, state].map(({ delta }) => Buffer.from(delta ?? []).toString());
    expect(layers).toEqual([`${worker} below `.repeat(200), `${worker} state `.repeat(200)]);
    expect(Buffer.from(known.outcome ?? []).toString()).toBe(worker);
    return true;
  } catch (error) {
    expect(['WORKER_DAMAGED', 'WORKER_NOT_FOUND', 'STORE_DAMAGED']).toContain((error as { code?: string }).code);
    return false;
  }
}

describe('a changed byte in what a worker has stored', () => {
  const CASES = { 'an input': 'w07 two', 'a checkpoint': 'w07 state', 'what it stands on': 'w07 below' } as const;
  test.each(Object.entries(CASES))('of %s is found at opening and hinders no other worker', async (_, text) => {
    const dataDir = await filledFolder();
    await overwrite(databasePath(dataDir), await offsetOf(databasePath(dataDir), text), bytes('X'));
    const store = await openTestStore({ dataDir });
    expect(await store.damaged()).toMatchObject([{ worker: 'w07', code: 'WORKER_DAMAGED' }]);
    const whole = await Promise.all(NAMES.map((worker) => isWhole(store, worker)));
    expect(NAMES.filter((_, at) => !whole[at])).toEqual(['w07']);
    expect(await store.appendInput('w07', call('three'))).toEqual({ seq: 3 });
    await store.clearDamage('w07');
    expect(await store.damaged()).toEqual([]);
  });

  test('of an outcome is found when it is asked for', async () => {
    const dataDir = await testFolder();
    const store = await openTestStore({ dataDir, thread: false });
    await addWorkers(store, 'a');
    await store.appendInput('a', call('x', 'k'));
    await store.commit('a', { checkpoint: checkpoint(1), settled: [{ seq: 1, outcome: bytes('the outcome') }] });
    await store.close();
    await overwrite(databasePath(dataDir), await offsetOf(databasePath(dataDir), 'the outcome'), bytes('X'));
    const again = await openTestStore({ dataDir });
    await expect(again.outcomeOf('a', 'k')).rejects.toMatchObject({ code: 'WORKER_DAMAGED' });
    await expect(again.appendInput('a', call('x', 'k'))).rejects.toMatchObject({ code: 'WORKER_DAMAGED' });
  });

  test('of a document leaves it out of lists and is listed', async () => {
    const dataDir = await filledFolder();
    const store = await openTestStore({ dataDir, thread: false });
    await store.collection('workers').put('w07', { name: 'w07', note: 'some text' });
    await store.close();
    await overwrite(databasePath(dataDir), await offsetOf(databasePath(dataDir), 'some text'), bytes('X'));
    const again = await openTestStore({ dataDir });
    const keys = (await again.collection('workers').list()).map(([key]) => key);
    expect(keys).toEqual(NAMES.filter((worker) => worker !== 'w07'));
    await expect(again.collection('workers').get('w07')).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(await again.damaged()).toMatchObject([{ worker: 'w07', code: 'STORE_DAMAGED' }]);
  });
});

describe('a changed page', () => {
  let filled: Buffer;
  beforeAll(async () => {
    filled = await readFile(databasePath(await filledFolder()));
  });

  async function withDamage(change: (path: string) => Promise<void>): Promise<string> {
    const dataDir = await testFolder();
    await (await openTestStore({ dataDir, thread: false })).close();
    await writeFile(databasePath(dataDir), filled);
    await change(databasePath(dataDir));
    return dataDir;
  }

  test('is named with the file and what to do when the store must not be changed', async () => {
    const page = 4096 * Math.floor((await indexOf('w07 two')) / 4096);
    const dataDir = await withDamage((path) => overwrite(path, page, new Uint8Array(4096).fill(0xa5)));
    const path = databasePath(dataDir);
    const before = await readFile(path);
    await expect(openTestStore({ dataDir, onDamage: 'refuse' })).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      details: { path },
      message: expect.stringContaining('restore a backup') as string,
    });
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  const indexOf = (text: string): Promise<number> => Promise.resolve(filled.indexOf(text));

  test('costs the workers on it, which are listed, and no others', async () => {
    const page = 4096 * Math.floor((await indexOf('w07 two')) / 4096);
    const dataDir = await withDamage((path) => overwrite(path, page, new Uint8Array(4096).fill(0xa5)));
    const store = await openTestStore({ dataDir });
    expect(store.report.findings.length).toBeGreaterThan(0);
    expect(store.report.keptAs).toBe(`${databasePath(dataDir)}.damaged-1`);
    expect(existsSync(store.report.keptAs ?? '')).toBe(true);
    const listed = new Set((await store.damaged()).map(({ worker }) => worker));
    expect(listed).toContain('w07');
    expect(listed.size).toBeLessThan(WORKERS / 2);
    for (const worker of NAMES) if (!listed.has(worker)) expect(await isWhole(store, worker)).toBe(true);
    await store.appendInput('w30', call('goes on'));
    await store.close();
    expect((await openTestStore({ dataDir })).report.findings).toEqual([]);
  });

  test('anywhere leaves workers whole or listed, or is refused by code', async () => {
    const next = random(7);
    const outcomes = new Set<string>();
    for (let round = 0; round < 25; round++) {
      const page = Math.floor((next() * filled.length) / 4096);
      const fill = Math.floor(next() * 256);
      const dataDir = await withDamage((path) => overwrite(path, page * 4096, new Uint8Array(4096).fill(fill)));
      const opened = await openTestStore({ dataDir, thread: false, check: 'full' }).catch((error: unknown) => error);
      if (opened instanceof Error) {
        expect(opened, `page ${page}`).toMatchObject({ code: 'STORE_DAMAGED' });
        outcomes.add('refused');
        continue;
      }
      const store = opened as Awaited<ReturnType<typeof openTestStore>>;
      const listed = new Set((await store.damaged()).map(({ worker }) => worker));
      for (const worker of NAMES) {
        if (!(await isWhole(store, worker))) expect(listed, `page ${page}: ${worker} is not whole`).toContain(worker);
      }
      outcomes.add(listed.size === 0 ? 'whole' : 'listed');
      await store.close();
    }
    expect(outcomes).toContain('listed');
  });
});

describe('a log that was cut off or changed', () => {
  /** A data directory as a killed process leaves it, with its inputs in the log alone. */
  async function withLog(): Promise<string> {
    const dataDir = await testFolder();
    const store = await openTestStore({ dataDir, thread: false });
    await addWorkers(store, 'a');
    for (let at = 1; at <= 30; at++) await store.appendInput('a', call(`input ${at}`));
    const left = await testFolder();
    await (await openTestStore({ dataDir: left, thread: false })).close();
    for (const suffix of ['', '-wal']) await copyFile(databasePath(dataDir) + suffix, databasePath(left) + suffix);
    return left;
  }

  async function inputsAfter(dataDir: string): Promise<number> {
    const store = await openTestStore({ dataDir, thread: false, onDamage: 'refuse' });
    expect(await store.damaged()).toEqual([]);
    const pending = (await store.journalState('a')) ? await pendingOf(store, 'a') : [];
    expect(pending).toEqual(pending.map((_, at) => `${at + 1} ${`input ${at + 1}`}`));
    if (pending.length > 0) expect(await store.appendInput('a', call('next'))).toEqual({ seq: pending.length + 1 });
    await store.close();
    return pending.length;
  }

  test('gives back whole transactions, as far as it goes', async () => {
    expect(await inputsAfter(await withLog())).toBe(30);
    const next = random(11);
    const counts = new Set<number>();
    for (let round = 0; round < 8; round++) {
      const dataDir = await withLog();
      const log = `${databasePath(dataDir)}-wal`;
      const { size } = await stat(log);
      if (round % 2 === 0) await truncate(log, Math.floor(next() * size));
      else await overwrite(log, Math.floor(next() * size), Uint8Array.of(0xff, 0x00, 0xff));
      counts.add(await inputsAfter(dataDir));
    }
    expect(counts.size).toBeGreaterThan(1);
  });
});

describe('a database that is none', () => {
  test.each(['not a database at all, whatever its name says', 'SQLite format 3\u0000 but no more than that'])(
    'is refused and left as it is: %s',
    async (text) => {
      const dataDir = await testFolder();
      await (await openTestStore({ dataDir, thread: false })).close();
      await writeFile(databasePath(dataDir), text.repeat(200));
      await expect(openTestStore({ dataDir })).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
      expect(await readFile(databasePath(dataDir), 'utf8')).toBe(text.repeat(200));
    },
  );

  test('is made anew when it is empty', async () => {
    const dataDir = await testFolder();
    await (await openTestStore({ dataDir, thread: false })).close();
    await truncate(databasePath(dataDir), 0);
    const store = await openTestStore({ dataDir, thread: false });
    await addWorkers(store, 'a');
    expect(new DatabaseSync(databasePath(dataDir)).prepare('SELECT count(*) AS n FROM worker').get()).toEqual({ n: 1 });
  });
});
