/** From a config to what `startNode` takes. */
import { PluvioError } from '../../errors/index.ts';
import { jsonLogger, type Logger } from '../logger.ts';
import type { NodeLimits } from '../node-limits.ts';
import { Secrets } from '../security/secrets-file.ts';
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
 * Settings that are passed on. A node does not start with one that is given and not passed on: nobody should believe in a limit or a
 * right that does not hold.
 */
const TAKEN: ReadonlySet<SettingName> = new Set<SettingName>([
  'name',
  'listen',
  'ingress.listen',
  'ingress.url',
  'dataDir',
  'origins',
  'engine.threads',
  'engine.isolation',
  'access.token',
  'access.tokenFile',
  'access.tokens',
  'trust.signatureRequired',
  'grants',
  'tenants',
  'secretsFile',
  'log.level',
  'hibernate.afterMs',
]);

function checkTaken({ values, origins }: LoadedConfig): void {
  const given = Object.entries(origins).filter(([, { source }]) => source !== 'default');
  const names = given.map(([name]) => name as SettingName); // keys of the origins are settings
  const settings: string[] = names.filter((name) => !TAKEN.has(name) && !name.startsWith('limits.'));
  if (values['engine.isolation'] === 'process-per-tenant') settings.push('engine.isolation');
  for (const [tenant, { limits }] of Object.entries(values.tenants)) {
    if (limits !== undefined) settings.push(`tenants.${tenant}.limits`);
  }
  if (settings.length === 0) return;
  const message = `this node does not keep to ${settings.join(', ')} and does not start with them`;
  throw new PluvioError('UNSUPPORTED', message, { settings });
}

/**
 * What `startNode` takes, from a config; reads the files that it names.
 * @throws PluvioError `FILE_FAILED`, `KEY_INVALID`, `UNSUPPORTED`
 */
export async function nodeOptionsOf(
  config: LoadedConfig,
  writeLog: (line: string) => void = (line) => process.stderr.write(line),
): Promise<NodeOptions> {
  const { values } = config;
  checkTaken(config);
  const { name, dataDir, listen, origins, 'engine.threads': engines, 'engine.isolation': isolation } = values;
  const { 'ingress.listen': ingress, 'ingress.url': ingressUrl } = values;
  const logger = loggerOf(values, writeLog);
  const secrets = await Secrets.open(values.secretsFile);
  return {
    listen,
    origins,
    tokens: await tokensOf(config),
    limits: limitsOf(values),
    isolation: isolation === 'process-per-tenant' ? 'process' : ENGINE_KIND[isolation],
    trust: { signatureRequired: values['trust.signatureRequired'] },
    grants: { all: values.grants, tenants: values.tenants },
    secrets: (tenant, secret) => secrets.get(tenant, secret),
    hibernateAfterMs: values['hibernate.afterMs'],
    ...(ingress === undefined ? {} : { ingress }),
    ...(ingressUrl === undefined ? {} : { ingressUrl }),
    ...(engines === 0 ? {} : { engines }),
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(name === undefined ? {} : { name }),
    ...(logger === undefined ? {} : { logger }),
  };
}
