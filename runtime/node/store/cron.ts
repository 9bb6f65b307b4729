import { Cron } from 'croner';
import { PluvioError } from '../../errors/index.ts';

const MAX_PATTERN_CHARS = 128;
/** Parsed expressions that are kept: many timers share few. */
const KEPT_PATTERNS = 256;
const parsed = new Map<string, Cron>();

/**
 * When a cron expression (five fields, or six with seconds first; UTC) is due next after a time; undefined: never.
 * @throws PluvioError `INVALID_ARGUMENT`
 */
export function nextCronMs(pattern: string, afterMs: number): number | undefined {
  return cronOf(pattern).nextRun(new Date(afterMs))?.getTime();
}

function cronOf(pattern: string): Cron {
  const known = parsed.get(pattern);
  if (known) return known;
  if (pattern.length > MAX_PATTERN_CHARS) {
    const message = `a cron expression has ${pattern.length} characters; it may have ${MAX_PATTERN_CHARS}`;
    throw new PluvioError('INVALID_ARGUMENT', message);
  }
  try {
    const cron = new Cron(pattern, { timezone: 'UTC', paused: true, mode: '5-or-6-parts' });
    if (parsed.size >= KEPT_PATTERNS) parsed.clear();
    parsed.set(pattern, cron);
    return cron;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PluvioError('INVALID_ARGUMENT', `cron expression "${pattern}": ${reason}`, {}, { cause });
  }
}
