/** Which settings a node keeps to. */
import type { SettingName } from './settings-table.ts';

/**
 * Settings that are passed on. A node does not start with one that is given and not passed on: nobody should believe in a limit or a
 * right that does not hold.
 */
const KEPT: ReadonlySet<SettingName> = new Set<SettingName>([
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
  'access.issuers',
  'tls.cert',
  'tls.key',
  'tls.clientCa',
  'tls.peerCa',
  'tls.pins',
  'trust.signatureRequired',
  'trust.publishers',
  'trust.peers',
  'grants',
  'tenants',
  'secretsFile',
  'registries.allow',
  'registries.allowPrivate',
  'registries.credentials',
  'registries.timeoutMs',
  'registries.pulls',
  'encryption.keyFile',
  'audit.file',
  'audit.fileBytes',
  'audit.files',
  'tracing.endpoint',
  'tracing.sampleRatio',
  'metrics.workerSeries',
  'log.level',
  'checkpoint.policy',
  'hibernate.afterMs',
]);

/** Groups of limits, which are all kept. */
const KEPT_GROUPS = ['limits.', 'workerLimits.', 'workerMaximums.', 'tenantLimits.'] as const;

/** Whether a node keeps to a setting, and so starts with it. */
export const isKept = (name: SettingName): boolean =>
  KEPT.has(name) || KEPT_GROUPS.some((group) => name.startsWith(group));
