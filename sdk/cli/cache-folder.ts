import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where this program keeps what it can make again (XDG Base Directory Specification). */
export function cacheFolder(): string {
  const home = process.env['XDG_CACHE_HOME'];
  return join(home !== undefined && home !== '' ? home : join(homedir(), '.cache'), 'pluvio');
}
