/** From a config to what `startNode` takes. */
import { PluvioError } from '../../errors/index.ts';
import { jsonLogger, type Logger } from '../logger.ts';
import type { NodeLimits } from '../node-limits.ts';
import type { NodeOptions } from '../start-node.ts';
import type { LoadedConfig } from './load-config.ts';
import { tokensOf } from './security-settings.ts';
import type { ConfigValues, SettingName } from './settings-table.ts';

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

const ENGINE_KIND = { threads: 'thread', processes: 'process' } as const;

/**
 * Settings that decide on rights and that `startNode` does not take: a node that would pass over them must not start.
 * Each goes from this list when it is passed on below.
 */
const NOT_TAKEN: readonly SettingName[] = [
  'engine.user',
  'tls.cert',
  'tls.key',
  'tls.clientCa',
  'tls.peerCa',
  'tls.pins',
  'access.issuers',
  'trust.publishers',
  'grants',
  'tenants',
  'secretsFile',
  'audit.file',
  'encryption.keyFile',
];

function checkTaken({ values, origins }: LoadedConfig): void {
  const given = NOT_TAKEN.filter((name) => origins[name].source !== 'default');
  const settings = [...given, ...(values['engine.isolation'] === 'process-per-tenant' ? ['engine.isolation'] : [])];
  if (settings.length === 0) return;
  const message = `this node does not keep to ${settings.join(', ')} yet and does not start with them`;
  throw new PluvioError('UNSUPPORTED', message, { settings });
}

/**
 * What `startNode` takes, from a config; reads the files that it names.
 * @throws PluvioError `FILE_FAILED`, `UNSUPPORTED`
 */
export async function nodeOptionsOf(
  config: LoadedConfig,
  writeLog: (line: string) => void = (line) => process.stderr.write(line),
): Promise<NodeOptions> {
  const { values } = config;
  checkTaken(config);
  const { name, dataDir, listen, origins, 'engine.threads': engines, 'engine.isolation': isolation } = values;
  const logger = loggerOf(values, writeLog);
  return {
    listen,
    origins,
    tokens: await tokensOf(config),
    limits: limitsOf(values),
    isolation: isolation === 'process-per-tenant' ? 'process' : ENGINE_KIND[isolation],
    trust: { signatureRequired: values['trust.signatureRequired'] },
    ...(engines === 0 ? {} : { engines }),
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(name === undefined ? {} : { name }),
    ...(logger === undefined ? {} : { logger }),
  };
}
