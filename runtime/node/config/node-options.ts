/** From a config to what `startNode` takes. */
import type { CheckpointPolicy } from '../../bundle/index.ts';
import { PluvioError } from '../../errors/index.ts';
import { jsonLogger, type Logger } from '../logger.ts';
import { dockerCredentials } from '../registry/index.ts';
import type { NodeOptions } from '../start-node.ts';
import type { LoadedConfig } from './load-config.ts';
import { securitySettingsOf } from './security-settings.ts';
import { isKept } from './kept-settings.ts';
import type { ConfigValues, SettingName } from './settings-table.ts';

/** What was given of a group of limits; what was not has the default of its table. */
function limitsOf({ values, origins }: LoadedConfig, group: string): Readonly<Record<string, number>> {
  const entries = (Object.entries(values) as [SettingName, unknown][]).flatMap(([name, value]) =>
    name.startsWith(`${group}.`) && origins[name].source !== 'default'
      ? [[name.slice(group.length + 1), value as number] as const] // limits are numbers, by their schema
      : [],
  );
  return Object.fromEntries(entries);
}

function loggerOf(values: ConfigValues, write: (line: string) => void): Logger | undefined {
  const level = values['log.level'];
  return level === 'off' ? undefined : jsonLogger(write, Date.now, level);
}

const ISOLATION = {
  threads: { isolation: 'thread' },
  processes: { isolation: 'process' },
  'process-per-tenant': { isolation: 'process', isolateTenants: true },
} as const satisfies Record<ConfigValues['engine.isolation'], Partial<NodeOptions>>;

function checkTaken({ origins }: LoadedConfig): void {
  const given = Object.entries(origins).filter(([, { source }]) => source !== 'default');
  const names = given.map(([name]) => name as SettingName); // keys of the origins are settings
  const settings = names.filter((name) => !isKept(name));
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
  const { name, dataDir, listen, 'engine.threads': engines } = values;
  const { 'ingress.listen': ingress, 'ingress.url': ingressUrl } = values;
  const { 'tracing.endpoint': endpoint } = values;
  const credentials = values['registries.credentials'];
  const logger = loggerOf(values, writeLog);
  return {
    listen,
    security: await securitySettingsOf(config),
    limits: limitsOf(config, 'limits'),
    quotas: {
      workerLimits: limitsOf(config, 'workerLimits'),
      workerMaximums: limitsOf(config, 'workerMaximums'),
      tenantLimits: limitsOf(config, 'tenantLimits'),
      tenants: values.tenants,
    },
    ...ISOLATION[values['engine.isolation']],
    checkpointPolicy: values['checkpoint.policy'] as CheckpointPolicy, // the schema of its row says so
    hibernateAfterMs: values['hibernate.afterMs'],
    ...(ingress === undefined ? {} : { ingress }),
    ...(ingressUrl === undefined ? {} : { ingressUrl }),
    ...(endpoint === undefined ? {} : { tracing: { endpoint, sampleRatio: values['tracing.sampleRatio'] } }),
    registries: {
      allow: values['registries.allow'],
      allowPrivate: values['registries.allowPrivate'],
      timeoutMs: values['registries.timeoutMs'],
      pulls: values['registries.pulls'],
      ...(credentials === undefined ? {} : { credentials: dockerCredentials({ path: credentials }) }),
    },
    metricSeries: values['metrics.workerSeries'],
    ...(engines === 0 ? {} : { engines }),
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(name === undefined ? {} : { name }),
    ...(logger === undefined ? {} : { logger }),
  };
}
