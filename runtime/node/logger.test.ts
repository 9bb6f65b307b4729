import { expect, it } from 'vitest';
import { jsonLogger, LOG_LEVELS, LOG_TEXT_MAX_LENGTH, withFields } from './logger.ts';

function linesOf(level?: 'debug' | 'info' | 'warn' | 'error') {
  const lines: Record<string, unknown>[] = [];
  const logger = jsonLogger(
    (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
    () => 0,
    level,
  );
  return { lines, logger };
}

it('writes a line of JSON with time, level, message and fields', () => {
  const { lines, logger } = linesOf();
  withFields(logger, { traceId: 't', worker: 'a' }).log('warn', 'text\n', { worker: 'b', count: 1, absent: undefined });
  expect(lines).toEqual([
    { time: '1970-01-01T00:00:00.000Z', level: 'warn', message: 'text\n', traceId: 't', worker: 'b', count: 1 },
  ]);
});

it.each(LOG_LEVELS)('from level %s on', (least) => {
  const { lines, logger } = linesOf(least);
  for (const level of LOG_LEVELS) logger.log(level, 'x');
  expect(lines.map(({ level }) => level)).toEqual(LOG_LEVELS.slice(LOG_LEVELS.indexOf(least)));
});

it('cuts what is longer than a field may be', () => {
  const { lines, logger } = linesOf();
  logger.log('info', 'x', { whole: 'a'.repeat(LOG_TEXT_MAX_LENGTH), long: 'a'.repeat(LOG_TEXT_MAX_LENGTH + 1) });
  expect(lines[0]).toMatchObject({
    whole: 'a'.repeat(LOG_TEXT_MAX_LENGTH),
    long: `${'a'.repeat(LOG_TEXT_MAX_LENGTH)}…`,
  });
});
