/** From a config to what `startNode` takes. */
import { jsonLogger, type Logger } from '../logger.ts';
import type { NodeLimits } from '../node-limits.ts';
import type { NodeOptions } from '../start-node.ts';
import type { LoadedConfig } from './load-config.ts';
import { tokensOf } from './security-settings.ts';
import type { ConfigValues } from './settings-table.ts';

function limitsOf(values: ConfigValues): Partial<NodeLimits> {
  const entries = Object.entries(values).flatMap(([name, value]) =>
    name.startsWith('limits.') ? [[name.slice('limits.'.length), value]] : [],
  );
  return Object.fromEntries(entries) as Partial<NodeLimits>; // the rows of NODE_LIMITS, checked
}

function loggerOf(values: ConfigValues, write: (line: string) => void): Logger | undefined {
  const level = values['log.level'];
  return level === 'off' ? undefined : jsonLogger(write, Date.now, level);
}

/**
 * What `startNode` takes, from a config; reads the files that it names.
 * @throws PluvioError `FILE_FAILED`, `KEY_INVALID`
 */
export async function nodeOptionsOf(
  config: LoadedConfig,
  writeLog: (line: string) => void = (line) => process.stderr.write(line),
): Promise<NodeOptions> {
  const { values } = config;
  const { name, dataDir, listen, origins } = values;
  const logger = loggerOf(values, writeLog);
  return {
    listen,
    origins,
    tokens: await tokensOf(config),
    limits: limitsOf(values),
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(name === undefined ? {} : { name }),
    ...(logger === undefined ? {} : { logger }),
  };
}
