/** Files whose content and names have reached the device when the call returns. */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

export function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export const syncFolderOf = (path: string): void => syncFile(dirname(path));
