/** From a config to what `startNode` takes. */
import { readFile } from 'node:fs/promises';
import { PluvioError } from '../../errors/index.ts';
import type { TokenGrant } from '../access.ts';
import { jsonLogger, type Logger } from '../logger.ts';
import type { NodeLimits } from '../node-limits.ts';
import type { NodeOptions } from '../start-node.ts';
import type { LoadedConfig } from './load-config.ts';
import type { ConfigValues } from './settings-table.ts';

/** A token out of a file. @throws PluvioError `FILE_FAILED` */
async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PluvioError('FILE_FAILED', `cannot read token ${file}: ${reason}`, { path: file }, { cause });
  });
  return text.trim();
}

/** A token file that was asked for by a flag stands alone: the variable then is the client's. */
async function tokensOf({ values, origins }: LoadedConfig): Promise<TokenGrant[]> {
  const file = values['access.tokenFile'];
  const token = values['access.token'];
  const fromFile = file === undefined ? [] : [{ token: await readToken(file) }];
  const takesBoth = origins['access.tokenFile'].source !== 'flag';
  return [...fromFile, ...(token !== undefined && (takesBoth || file === undefined) ? [{ token }] : [])];
}

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
