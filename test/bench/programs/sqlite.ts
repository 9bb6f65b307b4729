import { callNumber, type Guest, inPackages, placeText, type Program, wordsAt } from './program.ts';
import { resizeHeap } from './zstd.ts';

const OK = 0;
const ROW = 100;
const READ_WRITE_CREATE = 6;

/** Inserts in one transaction, indices, updates, joins, groups, sorting, text functions. */
const script = (rows: number): string => `
  CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL, balance REAL NOT NULL);
  CREATE TABLE payment (id INTEGER PRIMARY KEY, payer INTEGER, payee INTEGER, cents INTEGER, note TEXT);
  BEGIN;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO account SELECT i, printf('name-%06d', i * 7919 % ${rows}), 'city-' || (i * 31 % 97), (i * 37 % 1000) / 8.0 FROM n;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows * 3})
    INSERT INTO payment SELECT i, 1 + i * 13 % ${rows}, 1 + i * 29 % ${rows}, i * 7 % 5000, hex(i * 2654435761 % 4294967296) FROM n;
  COMMIT;
  CREATE INDEX account_name ON account (name);
  CREATE INDEX payment_payer ON payment (payer, cents);
  UPDATE account SET balance = balance - coalesce((SELECT sum(cents) FROM payment WHERE payer = account.id), 0) / 100.0;
  CREATE TABLE answer AS
    SELECT a.city AS city, count(*) AS payments, sum(p.cents) AS cents, max(length(p.note) + instr(p.note, 'A')) AS noted
    FROM payment p JOIN account a ON a.id = p.payee WHERE p.note NOT LIKE '%F0%' GROUP BY a.city ORDER BY cents DESC;
  DELETE FROM payment WHERE id IN (SELECT id FROM payment ORDER BY note LIMIT ${rows});`;

const ANSWER = `SELECT (SELECT sum(payments * 3 + cents + noted) FROM answer)
  + (SELECT sum(rowid * length(name)) FROM account WHERE balance < 0 AND name > 'name-0001') + (SELECT count(*) FROM payment)`;

/** System calls of Emscripten's; a database in memory needs none of them. */
const SYSTEM_CALLS = [
  ...['faccessat', 'fchmod', 'chmod', 'fchown32', 'fcntl64', 'openat', 'ioctl', 'fstat64', 'stat64', 'newfstatat'],
  ...['lstat64', 'ftruncate64', 'getcwd', 'mkdirat', 'readlinkat', 'rmdir', 'unlinkat', 'utimensat'],
];
const NOT_THERE = -44;

async function succeed(guest: Guest, name: string, args: readonly number[]): Promise<void> {
  const status = await callNumber(guest, name, args);
  if (status !== OK) throw new Error(`${name} gave ${status}`);
}

/** The one number that a query gives. */
async function query(guest: Guest, database: number, text: number, slot: number): Promise<number> {
  await succeed(guest, 'sqlite3_prepare_v2', [database, text, -1, slot, 0]);
  const [statement = 0] = wordsAt(guest, slot, 1);
  const status = await callNumber(guest, 'sqlite3_step', [statement]);
  if (status !== ROW) throw new Error(`sqlite3_step gave ${status}; it must give a row`);
  const value = Number(await guest.call('sqlite3_column_int64', [statement, 0]));
  await succeed(guest, 'sqlite3_finalize', [statement]);
  return value;
}

export const sqlite: Program = {
  name: 'sqlite',
  what: 'database in memory: inserts, indices, updates, joins, groups, sorting',
  module: inPackages('@sqlite.org/sqlite-wasm/dist/sqlite3.wasm'),
  memory: { initial: 1024, maximum: 32_768 },
  wasi: {},
  connect: (memory) => ({
    imports: {
      env: {
        ...Object.fromEntries(SYSTEM_CALLS.map((name) => [`__syscall_${name}`, () => NOT_THERE])),
        emscripten_date_now: () => 1.7e12,
        emscripten_get_now: () => 0,
        emscripten_get_heap_max: () => 2 ** 31,
        emscripten_resize_heap: (sizeBytes: number) => resizeHeap(memory(), sizeBytes),
        _tzset_js: () => undefined,
        _localtime_js: () => undefined,
        _munmap_js: () => NOT_THERE,
        _mmap_js: () => NOT_THERE,
      },
    },
    begin: async (guest, quick) => {
      await guest.call('__wasm_call_ctors');
      const slot = await callNumber(guest, 'sqlite3_malloc', [8]);
      const path = await placeText(guest, ':memory:', 'sqlite3_malloc');
      await succeed(guest, 'sqlite3_open_v2', [path, slot, READ_WRITE_CREATE, 0]);
      const [database = 0] = wordsAt(guest, slot, 1);
      const work = await placeText(guest, script(quick ? 50 : 20_000), 'sqlite3_malloc');
      const answer = await placeText(guest, ANSWER, 'sqlite3_malloc');
      let found = Number.NaN;
      return {
        run: async () => {
          await succeed(guest, 'sqlite3_exec', [database, work, 0, 0, 0]);
          found = await query(guest, database, answer, slot);
        },
        result: () => found,
      };
    },
  }),
};
