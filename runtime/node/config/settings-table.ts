/** Every setting of a node, a row each: the config file, its schema, variables, flags and docs/config.md derive from it. */
import type { LimitRow } from '../../limits/index.ts';
import { parseListen } from '../access.ts';
import { NODE_LIMITS, type NodeLimitName } from '../node-limits.ts';
import { TENANT_LIMITS, type TenantLimitName, type TenantLimits } from '../quotas/tenant-limits.ts';
import { WORKER_DEFAULTS, WORKER_MAXIMUMS, type WorkerQuotaName } from '../quotas/worker-quotas.ts';
import { AddressRule } from '../outbound-http-addresses.ts';
import { PULL_LIMITS, ruleFault } from '../registry/index.ts';
import type { Schema } from '../schema-check.ts';
import { choice, flagged, path, ratio, records, type SettingRow, text, TEXT, textOr, texts, whole } from './setting.ts';

/** Scopes that a capability is granted with; a scope may end in `*`. */
export type GrantedCapabilities = Readonly<Record<string, readonly string[]>>;

export interface TenantSettings {
  readonly limits?: Partial<TenantLimits>;
  readonly grants?: GrantedCapabilities;
}

/** A token in a file, and what it covers; without `verbs` all. */
export interface TokenSettings {
  readonly file: string;
  readonly tenant?: string;
  readonly verbs?: readonly string[];
  readonly workers?: readonly string[];
}

/** A key whose capability tokens the node takes, with what they may cover at most. */
export interface IssuerSettings {
  /** Ed25519 public key, base64url. */
  readonly key: string;
  readonly tenants?: readonly string[];
  readonly verbs?: readonly string[];
}

/** A publisher whose bundles the node takes; what is left out is not narrowed. */
export interface PublisherSettings {
  /** Ed25519 public key, base64url. */
  readonly key: string;
  readonly names?: readonly string[];
  readonly tenants?: readonly string[];
  readonly capabilities?: readonly string[];
}

const KEY: Schema = { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$', description: 'Ed25519 public key in base64url.' };
const PATTERN: Schema = { type: 'string', pattern: '^[a-z0-9.-]{0,63}\\*?$', maxLength: 64 };
const PATTERNS: Schema = { type: 'array', items: PATTERN, maxItems: 1000 };
const TENANT: Schema = { type: 'string', pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' };
const VERBS: Schema = { type: 'array', items: { type: 'string', pattern: '^[a-z]{1,32}$' }, maxItems: 64 };
const SCOPES: Schema = { type: 'array', items: { type: 'string', maxLength: 1024 }, maxItems: 1024 };

const record = (properties: Readonly<Record<string, Schema>>, required: readonly string[]): Schema => ({
  type: 'object',
  properties,
  required,
});
const list = (items: Schema): Schema => ({ type: 'array', items, maxItems: 10_000 });
const map = (value: Schema): Schema => ({ type: 'object', additionalProperties: value, maxProperties: 100_000 });

const GRANTS = map(SCOPES);
const TENANT_LIMIT_VALUES = record(
  Object.fromEntries(
    Object.entries<LimitRow>(TENANT_LIMITS).map(([name, { min = 0, max, unit }]) => [
      name,
      { type: 'integer', minimum: min, maximum: max, description: unit } as const,
    ]),
  ),
  [],
);

const TENANT_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const CAPABILITY_NAME = /^[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*$/;

const checkTenantNames = (tenants: Readonly<Record<string, TenantSettings>>): string | undefined => {
  const name = Object.keys(tenants).find((key) => !TENANT_NAME.test(key));
  if (name !== undefined)
    return `"${name.slice(0, 80)}" is no name of a tenant: lower-case letters, digits and inner hyphens`;
  return Object.values(tenants)
    .map(({ grants = {} }) => checkCapabilityNames(grants))
    .find((fault) => fault !== undefined);
};
const checkCapabilityNames = (grants: GrantedCapabilities): string | undefined => {
  const name = Object.keys(grants).find((key) => !CAPABILITY_NAME.test(key));
  return name === undefined ? undefined : `"${name.slice(0, 80)}" is no name of a capability`;
};
const checkListen = (value: string): string | undefined => {
  try {
    parseListen(value);
    return undefined;
  } catch (error) {
    return (error as Error).message; // parseListen throws PluvioError alone
  }
};
const networksFault = (networks: readonly string[]): string | undefined => {
  try {
    new AddressRule(networks);
    return undefined;
  } catch (error) {
    return (error as Error).message; // AddressRule throws PluvioError alone
  }
};
const checkHttpUrl = (value: string): string | undefined => {
  const url = URL.parse(value);
  const fits = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  return fits ? undefined : `"${value}" must be an http or https address without user and password`;
};

const screaming = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();

/** A row per limit of a table. */
function limitRows<Prefix extends string, Name extends string>(
  prefix: Prefix,
  env: string,
  limits: Readonly<Record<Name, LimitRow>>,
): Readonly<Record<`${Prefix}.${Name}`, SettingRow<number>>> {
  const rows = (Object.entries(limits) as [Name, LimitRow][]).map(([name, row]) => {
    const range = { fallback: row.default, min: row.min ?? 0, max: row.max };
    return [`${prefix}.${name}`, whole(`${env}_${screaming(name)}`, row.unit, range)] as const;
  });
  return Object.fromEntries(rows) as Record<`${Prefix}.${Name}`, SettingRow<number>>; // one entry per key of the table
}

export const SETTINGS = {
  name: text('PLUVIO_NAME', 'name of the node (default: made of the port)', {
    schema: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' },
    flag: '--name <NAME>',
    completes: 'nothing',
  }),
  listen: textOr(
    'PLUVIO_LISTEN',
    'where it listens; port 0 takes a free one (default: 127.0.0.1:7071)',
    '127.0.0.1:7071',
    {
      flag: '--listen <HOST:PORT>',
      completes: 'nothing',
      check: checkListen,
    },
  ),
  'ingress.listen': text('PLUVIO_INGRESS', 'where HTTP requests are answered by workers (default: nowhere)', {
    flag: '--ingress <HOST:PORT>',
    completes: 'nothing',
    check: checkListen,
  }),
  'ingress.url': text('PLUVIO_INGRESS_URL', 'address at which other nodes reach that (default: where it listens)', {
    schema: { type: 'string', pattern: '^https?://' },
  }),
  dataDir: path('PLUVIO_DATA', 'where state is kept; without it nothing outlives the process', {
    flag: '--data <DIR>',
    completes: 'directory',
  }),
  origins: texts('PLUVIO_ORIGINS', 'origin of web pages that may use the API', {
    flag: '--origin <URL>',
    completes: 'nothing',
  }),

  'engine.threads': whole(
    'PLUVIO_THREADS',
    'engine threads, or processes per tenant; 0: one per core',
    { fallback: 0, min: 0, max: 1024 },
    { flag: '--threads <COUNT>', completes: 'nothing' },
  ),
  'engine.isolation': choice(
    'PLUVIO_ISOLATION',
    'threads: engines share the process; processes: each engine is a process; process-per-tenant: besides, no two tenants share one',
    ['threads', 'processes', 'process-per-tenant'],
    'threads',
    { flag: '--isolation <KIND>' },
  ),
  'engine.user': text(
    'PLUVIO_ENGINE_USER',
    'user (name or number) that engine processes run as; the node must be root',
    {
      schema: { type: 'string', pattern: '^[a-z_0-9][a-z0-9_-]{0,31}$' },
    },
  ),

  'tls.cert': path('PLUVIO_TLS_CERT', 'certificate chain (PEM); with tls.key the node answers over HTTPS', {
    flag: '--tls-cert <FILE>',
  }),
  'tls.key': path('PLUVIO_TLS_KEY', 'private key of the certificate (PEM)', { flag: '--tls-key <FILE>' }),
  'tls.clientCa': path(
    'PLUVIO_TLS_CLIENT_CA',
    'authorities (PEM) of client certificates; where given, every client needs one',
  ),
  'tls.peerCa': path('PLUVIO_TLS_PEER_CA', 'authorities (PEM) of other nodes, in place of those of the system'),
  'tls.pins': texts(
    'PLUVIO_TLS_PINS',
    'keys that other nodes may show: `sha256/` and the base64 of the hash of the public key',
  ),

  'access.token': text('PLUVIO_TOKEN', 'a token that covers everything', { secret: true }),
  'access.tokenFile': path('PLUVIO_TOKEN_FILE', 'file with a token that covers everything (default: $PLUVIO_TOKEN)', {
    flag: '--token-file <FILE>',
  }),
  'access.tokens': records<readonly TokenSettings[]>(
    'PLUVIO_TOKENS',
    'further tokens, each in a file, with what they cover',
    list(record({ file: TEXT, tenant: TENANT, verbs: VERBS, workers: PATTERNS }, ['file'])),
    [],
    { paths: ['file'] },
  ),
  'access.issuers': records<readonly IssuerSettings[]>(
    'PLUVIO_ISSUERS',
    "keys whose capability tokens are taken, besides the node's own",
    list(record({ key: KEY, tenants: PATTERNS, verbs: VERBS }, ['key'])),
    [],
  ),

  'trust.signatureRequired': flagged('PLUVIO_SIGNATURE_REQUIRED', 'refuse bundles and modules without a signature'),
  'trust.publishers': records<readonly PublisherSettings[]>(
    'PLUVIO_PUBLISHERS',
    'who may deploy what where; none: a signature of any key will do',
    list(record({ key: KEY, names: PATTERNS, tenants: PATTERNS, capabilities: PATTERNS }, ['key'])),
    [],
  ),
  'trust.peers': texts(
    'PLUVIO_TRUSTED_PEERS',
    'keys of the nodes whose workers are taken; none: of every node with a token for it',
    {
      schema: list(KEY),
    },
  ),
  grants: records<GrantedCapabilities>(
    'PLUVIO_GRANTS',
    'capabilities that workers of every tenant may get, each with scopes; a scope may end in *',
    GRANTS,
    {},
    { check: checkCapabilityNames },
  ),
  tenants: records<Readonly<Record<string, TenantSettings>>>(
    'PLUVIO_TENANTS',
    'per tenant: limits, and capabilities that its workers may get besides those of `grants`',
    map(record({ limits: TENANT_LIMIT_VALUES, grants: GRANTS }, [])),
    {},
    { check: checkTenantNames },
  ),
  secretsFile: path(
    'PLUVIO_SECRETS_FILE',
    'secrets of workers: JSON, tenant, then name, then text; readable by its owner only',
    {
      flag: '--secrets-file <FILE>',
    },
  ),

  'registries.allow': texts(
    'PLUVIO_REGISTRIES',
    'registries that bundles are pulled from: host[:port], or with a repository; `http://` in front: without TLS',
    { check: (entries) => entries.map(ruleFault).find((fault) => fault !== undefined) },
  ),
  'registries.allowPrivate': texts(
    'PLUVIO_REGISTRIES_PRIVATE',
    'addresses and networks of registries that are not public, as 10.1.0.0/16',
    { check: networksFault },
  ),
  'registries.credentials': path(
    'PLUVIO_REGISTRY_CREDENTIALS',
    'file with the credentials of registries, as the config.json of Docker; without it none are shown',
  ),
  'registries.timeoutMs': whole('PLUVIO_REGISTRY_TIMEOUT_MS', 'ms that a pull may take', {
    ...PULL_LIMITS.timeoutMs,
    fallback: PULL_LIMITS.timeoutMs.default,
  }),
  'registries.pulls': whole('PLUVIO_REGISTRY_PULLS', 'pulls at the same time', {
    ...PULL_LIMITS.pulls,
    fallback: PULL_LIMITS.pulls.default,
  }),

  'audit.file': path('PLUVIO_AUDIT_LOG', 'where every use of a right is written; without it nowhere', {
    flag: '--audit-log <FILE>',
  }),
  'audit.fileBytes': whole('PLUVIO_AUDIT_FILE_BYTES', 'bytes after which a new file is begun', {
    fallback: 64 * 2 ** 20,
    min: 64 * 1024,
    max: 2 ** 40,
  }),
  'audit.files': whole('PLUVIO_AUDIT_FILES', 'full files that are kept', { fallback: 10, min: 1, max: 10_000 }),
  'encryption.keyFile': path('PLUVIO_ENCRYPTION_KEYS', 'keys of snapshots at rest; without it they are not encrypted'),

  'tracing.endpoint': text(
    'PLUVIO_OTLP_ENDPOINT',
    'OTLP receiver of traces over HTTP, for example http://127.0.0.1:4318/v1/traces',
    {
      flag: '--otlp-endpoint <URL>',
      completes: 'nothing',
      check: checkHttpUrl,
    },
  ),
  'tracing.sampleRatio': ratio('PLUVIO_TRACE_SAMPLE_RATIO', 'share of traces begun here that are kept', 1),
  'metrics.workerSeries': whole(
    'PLUVIO_WORKER_SERIES',
    'workers with metrics of their own; the rest is summed as one',
    {
      fallback: 200,
      min: 0,
      max: 100_000,
    },
  ),
  'log.level': choice(
    'PLUVIO_LOG_LEVEL',
    'what the node writes to standard error, as JSON lines',
    ['off', 'error', 'warn', 'info', 'debug'],
    'off',
    { flag: '--log-level <LEVEL>' },
  ),

  'checkpoint.policy': textOr(
    'PLUVIO_CHECKPOINT',
    'when workers are checkpointed that do not say it: never, idle, each-call or `every 10s`',
    'idle',
    { schema: { type: 'string', pattern: '^(never|idle|each-call|every [1-9][0-9]{0,5}s)$' } },
  ),
  'hibernate.afterMs': whole('PLUVIO_HIBERNATE_AFTER_MS', 'ms without work after which a worker leaves memory', {
    fallback: 60_000,
    min: 0,
    max: 30 * 86_400_000,
  }),
  ...limitRows<'limits', NodeLimitName>('limits', 'PLUVIO_LIMIT', NODE_LIMITS),
  ...limitRows<'workerLimits', Exclude<WorkerQuotaName, 'bundleBytes'>>(
    'workerLimits',
    'PLUVIO_WORKER_LIMIT',
    WORKER_DEFAULTS,
  ),
  ...limitRows<'workerMaximums', WorkerQuotaName>('workerMaximums', 'PLUVIO_WORKER_MAXIMUM', WORKER_MAXIMUMS),
  ...limitRows<'tenantLimits', TenantLimitName>('tenantLimits', 'PLUVIO_TENANT_LIMIT', TENANT_LIMITS),
} as const;

export type SettingName = keyof typeof SETTINGS;

/** A value for every setting. */
export type ConfigValues = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name] extends SettingRow<infer T> ? T : never;
};

/** The rows without their types, for whatever goes over all of them. */
export const SETTING_ROWS = Object.entries(SETTINGS) as unknown as readonly (readonly [
  SettingName,
  SettingRow<unknown>,
])[]; // keys of SETTINGS

export const isSettingName = (name: string): name is SettingName => Object.hasOwn(SETTINGS, name);
