export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Where a node tells what it does. One call is one line; fields are facts for programs. */
export interface Logger {
  log(level: LogLevel, message: string, fields?: LogFields): void;
}

export const silentLogger: Logger = { log: () => undefined };

/** Writes one JSON object per line. */
export function jsonLogger(write: (line: string) => void, now: () => number = Date.now): Logger {
  return {
    log: (level, message, fields = {}) => {
      write(`${JSON.stringify({ time: new Date(now()).toISOString(), level, message, ...fields })}\n`);
    },
  };
}
