export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Where a node tells what it does. One call is one line; fields are facts for programs. */
export interface Logger {
  /** Takes an entry. What it is given may be written as JSON. */
  log(level: LogLevel, message: string, fields?: LogFields): void;
}

/** Drops every entry. */
export const silentLogger: Logger = { log: () => undefined };

/** From least to most urgent. */
export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** A field is cut at this length: a line must not be as long as what a stranger sent. */
export const LOG_TEXT_MAX_LENGTH = 8192;

const cut = (_: string, value: unknown): unknown =>
  typeof value === 'string' && value.length > LOG_TEXT_MAX_LENGTH ? `${value.slice(0, LOG_TEXT_MAX_LENGTH)}…` : value;

/** Writes one JSON object per line, of this level and above. */
export function jsonLogger(
  write: (line: string) => void,
  now: () => number = Date.now,
  least: LogLevel = 'debug',
): Logger {
  const wanted = new Set(LOG_LEVELS.slice(LOG_LEVELS.indexOf(least)));
  return {
    log: (level, message, fields = {}) => {
      if (!wanted.has(level)) return;
      write(`${JSON.stringify({ time: new Date(now()).toISOString(), level, message, ...fields }, cut)}\n`);
    },
  };
}

/** A logger that adds these fields to every line, such as those of `traceFields`. */
export const withFields = (logger: Logger, fields: LogFields): Logger => ({
  log: (level, message, own = {}) => logger.log(level, message, { ...fields, ...own }),
});
