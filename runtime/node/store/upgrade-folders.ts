/**
 * Takes over a data directory of JSON files, a folder per collection, into the database.
 *
 * Invariants:
 * 1. All documents come in one transaction together with a mark: after a crash either nothing was taken over, or everything.
 * 2. Folders are renamed after that and never removed. One that is still there though the mark is set is only renamed.
 * 3. A file that cannot be read hinders no other: its key is listed as damaged, the file stays in the renamed folder.
 */
import { existsSync, readdirSync } from 'node:fs';
import { readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PluvioError } from '../../errors/index.ts';
import { syncFile } from './synced-files.ts';
import { type Checkpoint, type DamagedWorker, WORKERS } from './types.ts';
import { isRecordKey, type WireDocument, type WireWriter } from './wire.ts';

/** Folders of the earlier layout; each becomes the collection of its name. */
const FOLDERS = [WORKERS, 'bundles', 'moves-in', 'moves-out'] as const;
const SUFFIX = '.json';
const KEPT_SUFFIX = '.before-store';
const READS_AT_ONCE = 64;

export interface FoundRecord {
  readonly collection: string;
  readonly key: string;
  readonly document: WireDocument;
  /** The state that a worker's document names. */
  readonly checkpoint: Checkpoint | null;
}

export interface FoundRecords {
  readonly records: readonly FoundRecord[];
  readonly damaged: readonly DamagedWorker[];
}

/**
 * Looks for folders of the earlier layout, hands what is in them to `take` and moves them aside.
 * @throws PluvioError `STORE_FAILED`
 */
export async function upgradeFolders(
  dataDir: string,
  writer: () => WireWriter,
  take: (found: FoundRecords) => Promise<void>,
): Promise<void> {
  const folders = FOLDERS.filter((folder) => existsSync(join(dataDir, folder)));
  if (folders.length === 0) return;
  try {
    const records: FoundRecord[] = [];
    const damaged: DamagedWorker[] = [];
    for (const folder of folders) await readFolder(dataDir, folder, writer, records, damaged);
    await take({ records, damaged });
    for (const folder of folders) await rename(join(dataDir, folder), await freeName(join(dataDir, folder)));
    syncFile(dataDir);
  } catch (cause) {
    if (cause instanceof PluvioError) throw cause;
    const message = `cannot take over the data directory ${dataDir}: ${String(cause)}`;
    throw new PluvioError('STORE_FAILED', message, { path: dataDir }, { cause });
  }
}

async function readFolder(
  dataDir: string,
  folder: string,
  writer: () => WireWriter,
  records: FoundRecord[],
  damaged: DamagedWorker[],
): Promise<void> {
  const keys = readdirSync(join(dataDir, folder))
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => name.slice(0, -SUFFIX.length))
    .filter(isRecordKey)
    .sort();
  for (let at = 0; at < keys.length; at += READS_AT_ONCE) {
    const some = keys.slice(at, at + READS_AT_ONCE).map(async (key) => {
      const path = join(dataDir, folder, key + SUFFIX);
      try {
        const document = JSON.parse(await readFile(path, 'utf8')) as unknown;
        const checkpoint = folder === WORKERS ? checkpointIn(document, writer()) : null;
        records.push({ collection: folder, key, document: writer().document(document), checkpoint });
      } catch (error) {
        const reason = `cannot read record ${path}: ${String(error)}`;
        damaged.push({ worker: folder === WORKERS ? key : `${folder}/${key}`, code: 'STORE_DAMAGED', reason });
      }
    });
    await Promise.all(some);
  }
}

/** The checkpoint of a worker's document; it has taken no inputs, as there was no journal. */
function checkpointIn(document: unknown, writer: WireWriter): Checkpoint | null {
  if (typeof document !== 'object' || document === null || !('checkpoint' in document)) return null;
  const { checkpoint } = document;
  if (typeof checkpoint !== 'object' || checkpoint === null) return null;
  const { bundle, ...facts } = checkpoint as Checkpoint & { readonly bundle: string }; // its fields are checked by `checkpoint`
  return writer.checkpoint({ ...facts, base: String(bundle), delta: null, side: null, inputSeq: 0 });
}

async function freeName(path: string): Promise<string> {
  for (let number = 0; ; number++) {
    const name = path + KEPT_SUFFIX + (number === 0 ? '' : `-${number}`);
    const found = await stat(name).catch(() => undefined);
    if (!found) return name;
  }
}
