import { describe, expect, it } from 'vitest';
import { type StoreAnswer, StoreCore, type StoreRequest } from './core.ts';
import { MEMORY_PATH, openDatabase } from './database.ts';
import { resolveStoreLimits } from './limits.ts';
import { QueuedStore } from './node-store.ts';
import { databasePath } from './open-store.ts';
import { isFatal, storeError } from './sqlite-errors.ts';
import { addWorkers, call, openTestStore, testFolder } from './testing/test-stores.ts';
import { ThreadLink } from './thread-link.ts';

const LIMITS = resolveStoreLimits();
const sqliteError = (errcode: number): Error => Object.assign(new Error(`code ${errcode}`), { errcode });

/** A core whose commits fail with the codes of `failures`, one after the other; 0: it does not fail. */
function coreWithFailures(failures: number[]): StoreCore {
  const db = openDatabase(MEMORY_PATH, LIMITS);
  const failing = new Proxy(db, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== 'prepare') return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      return (sql: string) => {
        const statement = target.prepare(sql);
        if (sql !== 'COMMIT') return statement;
        return {
          run: () => {
            const code = failures.shift() ?? 0;
            if (code !== 0) throw sqliteError(code);
            return statement.run();
          },
        };
      };
    },
  });
  return new StoreCore(failing, MEMORY_PATH, LIMITS);
}

const put = (key: string): StoreRequest => ({ operation: 'putRecord', args: ['c', key, { text: '1', hosted: true }] });
const keys: StoreRequest = { operation: 'recordKeys', args: ['c', '', 10] };
const codes = (answers: readonly StoreAnswer[]): string[] =>
  answers.map((answer) => (answer.ok ? 'ok' : answer.error.code));
const keysOf = (core: StoreCore): unknown => {
  const [answer] = core.execute([keys], 0);
  return answer?.ok ? answer.value : answer?.error.code;
};

describe('a transaction that fails at its end', () => {
  it('is done request by request, and only those without room are refused', () => {
    const core = coreWithFailures([13, 0, 13, 0]);
    expect(codes(core.execute([put('a'), put('b'), put('c')], 0))).toEqual(['ok', 'STORE_FULL', 'ok']);
    expect(keysOf(core)).toEqual(['a', 'c']);
  });

  it('of one request is tried once', () => {
    const core = coreWithFailures([778]);
    expect(codes(core.execute([put('a')], 0))).toEqual(['STORE_FULL']);
    expect(codes(core.execute([put('b')], 0))).toEqual(['ok']);
    expect(keysOf(core)).toEqual(['b']);
  });

  it('for a fault of the device ends the core', () => {
    const core = coreWithFailures([1034]);
    expect(codes(core.execute([put('a'), put('b')], 0))).toEqual(['STORE_FAILED', 'STORE_FAILED']);
    expect(core.fatal).toMatchObject({ code: 'STORE_FAILED' });
    expect(codes(core.execute([put('c')], 0))).toEqual(['STORE_FAILED']);
    expect(keysOf(core)).toBe('STORE_FAILED');
  });
});

describe('errors of SQLite', () => {
  const CASES = [
    [1, 'INTERNAL', false],
    [5, 'STORE_FAILED', false],
    [8, 'STORE_FAILED', false],
    [11, 'STORE_DAMAGED', false],
    [13, 'STORE_FULL', false],
    [26, 'STORE_DAMAGED', false],
    [266, 'STORE_FAILED', true],
    [267, 'STORE_DAMAGED', false],
    [778, 'STORE_FULL', false],
    [1034, 'STORE_FAILED', true],
  ] as const;
  it.each(CASES)('%i is %s (fatal: %s)', (errcode, code, fatal) => {
    expect(storeError(sqliteError(errcode), '/the/path')).toMatchObject({ code, details: { path: '/the/path' } });
    expect(isFatal(sqliteError(errcode))).toBe(fatal);
  });
});

describe('a store whose thread dies', () => {
  it('refuses what waits and what comes, says so, and is opened again with all that was acknowledged', async () => {
    const dataDir = await testFolder();
    const path = databasePath(dataDir);
    const link = await ThreadLink.open({ path, limits: LIMITS });
    const store = new QueuedStore({ link, limits: LIMITS, now: () => 0, path });
    await addWorkers(store, 'a');
    await store.appendInput('a', call('kept'));
    const waiting = Array.from({ length: 2000 }, () =>
      store.appendInput('a', call('x')).catch((error: unknown) => error),
    );
    await link.kill();
    const answers = await Promise.all(waiting);
    const lost = answers.filter((answer) => answer instanceof Error);
    expect(lost.length).toBeGreaterThan(0);
    for (const error of lost) expect(error).toMatchObject({ code: 'STORE_CLOSED' });
    expect(await store.failed).toMatchObject({ code: 'STORE_CLOSED' });
    await expect(store.appendInput('a', call('y'))).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    await store.close();
    const again = await openTestStore({ dataDir });
    expect(await again.pendingInputs('a', 0, 1)).toMatchObject([{ seq: 1, body: call('kept').body }]);
    const { lastSeq = 0 } = (await again.journalState('a')) ?? {};
    expect(lastSeq).toBeGreaterThanOrEqual(1 + answers.length - lost.length);
  });
});
