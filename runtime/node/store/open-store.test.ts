import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openDatabase } from './database.ts';
import { resolveStoreLimits, STORE_LIMITS, type StoreLimitName } from './limits.ts';
import { databasePath } from './open-store.ts';
import { MIGRATIONS } from './schema.ts';
import { checksum } from './checksum.ts';
import { addWorkers, bytes, call, checkpoint, openTestStore, pendingOf, testFolder } from './testing/test-stores.ts';
import { ThreadLink } from './thread-link.ts';

const LIMITS = resolveStoreLimits();

describe('opening a store', () => {
  it('finds what was there when it was closed', async () => {
    const dataDir = await testFolder();
    const first = await openTestStore({ dataDir });
    await addWorkers(first, 'a');
    await first.appendInput('a', call('x'));
    await first.close();
    for (const thread of [true, false]) {
      const again = await openTestStore({ dataDir, thread });
      expect(await pendingOf(again, 'a')).toEqual(['1 x']);
      expect(again.path).toBe(databasePath(dataDir));
      await again.close();
    }
  });

  it('sets what the promise of durability needs', async () => {
    const db = openDatabase(join(await testFolder(), 'db'), LIMITS);
    const settings = ['journal_mode', 'synchronous', 'fullfsync'].map((name) => db.prepare(`PRAGMA ${name}`).get());
    db.close();
    expect(settings.map((row) => Object.values(row ?? {})[0])).toEqual(['wal', 2, 1]);
  });

  it('refuses requests when it is closed, and does those before', async () => {
    const store = await openTestStore({ dataDir: await testFolder() });
    const put = store.collection('c').put('a', 1);
    const closed = store.close();
    await expect(store.collection('c').put('b', 1)).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    await put;
    await closed;
    expect(store.close()).toBe(closed);
  });

  it('names a folder that cannot be used', async () => {
    const dataDir = await testFolder();
    await writeFile(join(dataDir, 'store'), 'a file');
    for (const thread of [true, false]) {
      await expect(openTestStore({ dataDir, thread })).rejects.toMatchObject({ code: 'STORE_FAILED' });
    }
  });
});

const NEWEST = MIGRATIONS.at(-1)?.version ?? 0;

describe('format versions', () => {
  it('steps from every version to the newest, each step once', async () => {
    const path = join(await testFolder(), 'db');
    openDatabase(path, LIMITS).close();
    const next = [
      ...MIGRATIONS,
      {
        version: NEWEST + 1,
        statements: ['ALTER TABLE record ADD COLUMN note TEXT', "INSERT INTO mark (name, value) VALUES ('2', '')"],
      },
      {
        version: NEWEST + 2,
        statements: ["UPDATE record SET note = 'three'", "INSERT INTO mark (name, value) VALUES ('3', '')"],
      },
    ];
    for (let time = 0; time < 2; time++) {
      const db = openDatabase(path, LIMITS, next);
      expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: NEWEST + 2 });
      expect(db.prepare('SELECT name FROM mark ORDER BY name').all()).toEqual([{ name: '2' }, { name: '3' }]);
      db.close();
    }
    expect(() => openDatabase(path, LIMITS)).toThrowError(expect.objectContaining({ code: 'STORE_VERSION' }));
  });

  it('does a step whole or not at all', async () => {
    const path = join(await testFolder(), 'db');
    openDatabase(path, LIMITS).close();
    const broken = [
      ...MIGRATIONS,
      { version: NEWEST + 1, statements: ['CREATE TABLE extra (id INTEGER PRIMARY KEY)', 'NONSENSE'] },
    ];
    expect(() => openDatabase(path, LIMITS, broken)).toThrowError(/NONSENSE/);
    const db = openDatabase(path, LIMITS);
    expect(db.prepare("SELECT name FROM sqlite_schema WHERE name = 'extra'").all()).toEqual([]);
    db.close();
  });

  it('brings a database of version 1 up, with its checkpoints as they were', async () => {
    const dataDir = await testFolder();
    await mkdir(join(dataDir, 'store'));
    const old = openDatabase(databasePath(dataDir), LIMITS, MIGRATIONS.slice(0, 1));
    old.exec("INSERT INTO worker (id, name, last_checkpoint) VALUES (1, 'a', 1)");
    const { base, inputSeq, fuelUsed, memoryPages, atMs } = checkpoint(0);
    const crc = checksum(base, inputSeq, fuelUsed, memoryPages, 0, atMs, null, bytes('delta 0'));
    old
      .prepare(`INSERT INTO checkpoint VALUES (1, 1, 0, 1, ?, ?, ?, ?, 0, ?, 7, ?, NULL, ?)`)
      .run(base, inputSeq, fuelUsed, memoryPages, atMs, crc, bytes('delta 0'));
    old.close();
    const store = await openTestStore({ dataDir });
    expect(await store.checkpoint('a')).toMatchObject({ id: 1, parent: null, below: [], delta: bytes('delta 0') });
    await store.commit('a', { checkpoint: checkpoint(0, { parent: 1 }) });
    expect(await store.checkpoint('a')).toMatchObject({ id: 2, parent: 1, below: [{ delta: bytes('delta 0') }] });
  });

  it('refuses a later version and leaves it as it is', async () => {
    const dataDir = await testFolder();
    await (await openTestStore({ dataDir })).close();
    const db = new DatabaseSync(databasePath(dataDir));
    db.exec('PRAGMA user_version = 99');
    db.close();
    const before = await readFile(databasePath(dataDir));
    await expect(openTestStore({ dataDir })).rejects.toMatchObject({ code: 'STORE_VERSION', details: { version: 99 } });
    expect(await readFile(databasePath(dataDir))).toEqual(before);
  });

  it('refuses a database of another program and leaves it as it is', async () => {
    const dataDir = await testFolder();
    await mkdir(join(dataDir, 'store'));
    const db = new DatabaseSync(databasePath(dataDir));
    db.exec('CREATE TABLE theirs (id INTEGER)');
    db.close();
    await expect(openTestStore({ dataDir })).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(await readdir(join(dataDir, 'store'))).toEqual(['node.sqlite']);
  });
});

describe('limits', () => {
  it.each(Object.keys(STORE_LIMITS) as StoreLimitName[])('%s holds at its edges', (name) => {
    const { min, max } = STORE_LIMITS[name];
    for (const value of [min, max]) expect(resolveStoreLimits({ [name]: value })[name]).toBe(value);
    for (const value of [min - 1, max + 1, min + 0.5, NaN]) {
      expect(() => resolveStoreLimits({ [name]: value })).toThrowError(
        expect.objectContaining({ code: 'LIMIT_OUT_OF_RANGE' }),
      );
    }
  });

  it('are those that docs/durability.md lists', async () => {
    const text = await readFile(new URL('../../../docs/durability.md', import.meta.url), 'utf8');
    const rows = text.split('\n').flatMap((line) => {
      const [, name = '', value, min, max, unit] = line.split('|').map((cell) => cell.trim());
      const limit = name.replaceAll('`', '');
      if (!Object.hasOwn(STORE_LIMITS, limit)) return [];
      return [[limit, { default: Number(value), min: Number(min), max: Number(max), unit }]];
    });
    expect(Object.fromEntries(rows)).toEqual(STORE_LIMITS);
  });

  it('knows no others', () => {
    expect(() => resolveStoreLimits({ other: 1 } as object)).toThrowError(
      expect.objectContaining({ code: 'LIMIT_OUT_OF_RANGE' }),
    );
  });

  it('refuse new work when the queue is full, and let work end', async () => {
    const store = await openTestStore({ dataDir: await testFolder(), limits: { queueRequests: 2 } });
    await addWorkers(store, 'a');
    await store.damaged(); // what is looked for at opening takes its place in the queue too
    const appends = [1, 2, 3].map((at) => store.appendInput('a', call(`${at}`)));
    const commit = store.commit('a', { coveredSeq: 0 });
    const results = await Promise.allSettled(appends);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(results[2]).toMatchObject({ reason: { code: 'STORE_BUSY', retryable: true } });
    await commit;
    expect(await store.appendInput('a', call('4'))).toEqual({ seq: 3 });
    expect(store.statistics()).toMatchObject({ queuedRequests: 0, queuedBytes: 0 });
  });

  it('count bytes of what waits', async () => {
    const store = await openTestStore({ dataDir: await testFolder(), limits: { queueBytes: 65_536 } });
    await addWorkers(store, 'a');
    const big = () => store.appendInput('a', call('x'.repeat(40_000)));
    const results = await Promise.allSettled([big(), big()]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a group', () => {
  it('is one transaction of what arrived meanwhile, in parts of the size that the limits allow', async () => {
    const store = await openTestStore({ dataDir: await testFolder(), limits: { groupRequests: 10 } });
    await addWorkers(store, 'a');
    await store.damaged(); // what is looked for at opening has been done
    const before = store.statistics().transactions;
    await Promise.all(Array.from({ length: 100 }, () => store.appendInput('a', call('x'))));
    expect(store.statistics().transactions - before).toBe(10);
    expect((await pendingOf(store, 'a')).length).toBe(100);
  });
});

describe('a thread that dies', () => {
  it('leaves no request without an answer, and can be opened again', async () => {
    const path = databasePath(await testFolder());
    const link = await ThreadLink.open({ path, limits: LIMITS });
    await link.execute([{ operation: 'putRecord', args: ['c', 'a', { text: '1', hosted: true }] }], 0, []);
    const lost = link
      .execute([{ operation: 'recordKeys', args: ['c', '', 9] }], 0, [])
      .catch((error: unknown) => error);
    await link.kill();
    expect([undefined, 'STORE_CLOSED']).toContain(((await lost) as { code?: string }).code);
    expect(await link.failed).toMatchObject({ code: 'STORE_CLOSED' });
    await expect(link.execute([], 0, [])).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    const again = await ThreadLink.open({ path, limits: LIMITS });
    const [answer] = await again.execute([{ operation: 'getRecord', args: ['c', 'a'] }], 0, []);
    expect(answer).toEqual({ ok: true, value: '1' });
    await again.close();
  });
});
