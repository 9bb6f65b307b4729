/**
 * The tables of the database, as steps from each format version to the next.
 *
 * Rules: a step is never changed once released; a new one is added. Every table has an integer primary key, so that what is
 * readable of a damaged table can be walked (salvage.ts). Big columns come last, so that the others are read without them.
 */

/** `application_id` of a database of Pluvio: "Pluv". */
export const APPLICATION_ID = 0x506c7576;

export interface MigrationStep {
  /** The format version that the database has after the step. */
  readonly version: number;
  readonly statements: readonly string[];
}

export const MIGRATIONS: readonly MigrationStep[] = [
  {
    version: 1,
    statements: [
      `CREATE TABLE record (
        id INTEGER PRIMARY KEY,
        collection TEXT NOT NULL,
        key TEXT NOT NULL,
        crc INTEGER NOT NULL,
        document TEXT NOT NULL
      ) STRICT`,
      'CREATE UNIQUE INDEX record_key ON record (collection, key)',
      `CREATE TABLE worker (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        frozen INTEGER NOT NULL DEFAULT 0,
        last_seq INTEGER NOT NULL DEFAULT 0,
        covered_seq INTEGER NOT NULL DEFAULT 0,
        unsettled INTEGER NOT NULL DEFAULT 0,
        kept INTEGER NOT NULL DEFAULT 0,
        last_checkpoint INTEGER NOT NULL DEFAULT 0,
        kept_hour INTEGER NOT NULL DEFAULT 0
      ) STRICT`,
      'CREATE UNIQUE INDEX worker_name ON worker (name)',
      `CREATE TABLE input (
        id INTEGER PRIMARY KEY,
        worker INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        settled_ms INTEGER,
        kept_ms INTEGER,
        crc INTEGER NOT NULL,
        outcome_crc INTEGER,
        key TEXT,
        info TEXT NOT NULL,
        body BLOB,
        outcome BLOB
      ) STRICT`,
      'CREATE UNIQUE INDEX input_seq ON input (worker, seq)',
      'CREATE UNIQUE INDEX input_key ON input (worker, key) WHERE key IS NOT NULL',
      'CREATE INDEX input_kept ON input (kept_ms) WHERE kept_ms IS NOT NULL',
      `CREATE TABLE sent (
        id INTEGER PRIMARY KEY,
        worker INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        key TEXT NOT NULL
      ) STRICT`,
      'CREATE UNIQUE INDEX sent_key ON sent (worker, key)',
      'CREATE INDEX sent_seq ON sent (worker, seq)',
      `CREATE TABLE checkpoint (
        row INTEGER PRIMARY KEY,
        worker INTEGER NOT NULL,
        keep INTEGER NOT NULL,
        id INTEGER NOT NULL,
        base TEXT NOT NULL,
        input_seq INTEGER NOT NULL,
        fuel_used TEXT NOT NULL,
        memory_pages INTEGER NOT NULL,
        resumable INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL,
        crc INTEGER NOT NULL,
        side BLOB,
        delta BLOB
      ) STRICT`,
      'CREATE UNIQUE INDEX checkpoint_id ON checkpoint (worker, keep, id)',
      'CREATE INDEX checkpoint_base ON checkpoint (base)',
      `CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        sender TEXT NOT NULL,
        target TEXT NOT NULL,
        next_ms INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        at_ms INTEGER NOT NULL,
        crc INTEGER NOT NULL,
        key TEXT NOT NULL,
        info TEXT NOT NULL,
        body BLOB NOT NULL
      ) STRICT`,
      'CREATE INDEX outbox_pair ON outbox (sender, target, id)',
      `CREATE TABLE timer (
        id INTEGER PRIMARY KEY,
        worker INTEGER NOT NULL,
        name TEXT NOT NULL,
        due_ms INTEGER NOT NULL,
        cron TEXT,
        crc INTEGER NOT NULL,
        payload BLOB NOT NULL
      ) STRICT`,
      'CREATE UNIQUE INDEX timer_name ON timer (worker, name)',
      'CREATE INDEX timer_due ON timer (due_ms)',
      `CREATE TABLE subscription (
        id INTEGER PRIMARY KEY,
        worker INTEGER NOT NULL,
        topic TEXT NOT NULL
      ) STRICT`,
      'CREATE UNIQUE INDEX subscription_topic ON subscription (topic, worker)',
      'CREATE INDEX subscription_worker ON subscription (worker)',
      `CREATE TABLE damage (
        id INTEGER PRIMARY KEY,
        worker TEXT NOT NULL,
        code TEXT NOT NULL,
        reason TEXT NOT NULL
      ) STRICT`,
      'CREATE UNIQUE INDEX damage_worker ON damage (worker)',
      `CREATE TABLE mark (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        value TEXT NOT NULL
      ) STRICT`,
      'CREATE UNIQUE INDEX mark_name ON mark (name)',
    ],
  },
  {
    version: 2,
    statements: [
      `CREATE TABLE link (
        row INTEGER PRIMARY KEY,
        depth INTEGER NOT NULL
      ) STRICT`,
    ],
  },
];
