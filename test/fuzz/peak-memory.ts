/**
 * The most memory that this process held at a time.
 *
 * Where the system can forget the peak (Linux), each measurement begins at what is held now, so an earlier peak hides nothing and
 * explains nothing. Elsewhere only what rises above the earlier peak is seen.
 */
import { openSync, writeSync } from 'node:fs';

/** What a child process must be allowed to write for this. */
export const PEAK_RESET_FILE = '/proc/self/clear_refs';
const RESET_PEAK = '5';

function openReset(): number | undefined {
  try {
    const file = openSync(PEAK_RESET_FILE, 'w');
    writeSync(file, RESET_PEAK);
    return file;
  } catch {
    return undefined; // another system, or one that does not let us
  }
}

const reset = openReset();

const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;

/** Begins a measurement; what it gives tells by how much more memory was held at the peak since. */
export function watchPeak(): () => number {
  if (reset !== undefined) writeSync(reset, RESET_PEAK);
  const before = peakBytes();
  return () => peakBytes() - before;
}
