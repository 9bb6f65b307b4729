/** The thread of one copy of a database: one read transaction, beside which others write. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { type EncodedError, PluvioError } from '../../errors/index.ts';
import { syncFile, syncFolderOf } from './synced-files.ts';

const { from, to } = workerData as { readonly from: string; readonly to: string }; // made by `ThreadLink.copyTo`

function copy(): EncodedError | null {
  try {
    const db = new DatabaseSync(from, { readOnly: true });
    try {
      db.prepare('VACUUM INTO ?').run(to);
    } finally {
      db.close();
    }
    syncFile(to);
    syncFolderOf(to);
    return null;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return new PluvioError('BACKUP_FAILED', `cannot copy the database ${from} to ${to}: ${reason}`, { to }).toJSON();
  }
}

parentPort?.postMessage(copy());
