/**
 * Whether the keys that a node is given are those that its data directory was written with.
 *
 * A text that is known lies there under the key that encrypts. A node that cannot read it does not start: it would take states for damaged,
 * and blobs that it cannot read for blobs that nothing needs.
 */
import { PluvioError } from '../../errors/index.ts';
import type { RecordStore } from '../record-store.ts';
import type { AtRestKeys } from './at-rest.ts';

const KEY = 'check';
const TEXT = Buffer.from('pluvio at rest');

/** @throws PluvioError `KEY_UNKNOWN`, `SEAL_BROKEN`, `STORE_FAILED` */
export async function checkAtRestKeys(records: RecordStore, keys: AtRestKeys | undefined): Promise<void> {
  const document = new Map(await records.list()).get(KEY);
  if (document !== undefined) {
    const { sealed } = document as { readonly sealed: string }; // written below
    if (keys === undefined) {
      throw new PluvioError('KEY_UNKNOWN', 'the state in the data directory is encrypted, and no key file is given');
    }
    keys.decrypt(Buffer.from(sealed, 'base64'), KEY);
  }
  // Under the key that encrypts from now on.
  if (keys !== undefined) await records.put(KEY, { sealed: keys.encrypt(TEXT, KEY).toString('base64') });
}
