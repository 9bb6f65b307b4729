import type { PluvioError } from '../../errors/index.ts';
import type { StoreAnswer, StoreRequest } from './core.ts';

/** What was found when the store was opened. */
export interface OpenReport {
  /** What SQLite's check of structures found; what was readable was taken over into a new database. */
  readonly findings: readonly string[];
  /** Where the damaged database was kept. */
  readonly keptAs: string | null;
}

/** The way to a core, in a thread or in place. */
export interface StoreLink {
  readonly report: OpenReport;
  /** Resolves when the core can do no more; requests are then refused. */
  readonly failed: Promise<PluvioError>;
  /**
   * Executes requests in one transaction. Big buffers of `give` are transferred.
   * @throws PluvioError `STORE_CLOSED` when the core has ended
   */
  execute(
    requests: readonly StoreRequest[],
    nowMs: number,
    give: readonly ArrayBuffer[],
  ): Promise<readonly StoreAnswer[]>;
  /** Writes a consistent copy of the database to a new file. */
  copyTo(path: string): Promise<void>;
  close(): Promise<void>;
}
