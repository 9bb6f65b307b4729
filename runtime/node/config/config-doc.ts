/** docs/config.md, from the table of settings. */
import { isKept } from './kept-settings.ts';
import type { SettingRow } from './setting.ts';
import { type SettingName, SETTING_ROWS } from './settings-table.ts';

const code = (text: string): string => `\`${text}\``;

function typeText({ schema, paths }: SettingRow<unknown>): string {
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(', ');
  if (paths?.includes('')) return 'path';
  if (schema.type === 'integer') return `${schema.minimum} to ${schema.maximum}`;
  if (schema.type === 'number') return `number from ${schema.minimum} to ${schema.maximum}`;
  if (schema.type === 'array') return schema.items?.type === 'string' ? 'list of texts' : 'list of objects';
  return schema.type === 'string' ? 'text' : (schema.type ?? '');
}

function defaultText({ fallback }: SettingRow<unknown>): string {
  if (fallback === undefined) return '';
  return code(typeof fallback === 'string' ? fallback : JSON.stringify(fallback));
}

function rowText([name, row]: readonly [SettingName, SettingRow<unknown>]): string {
  const ways = [code(row.env), ...(row.flag === undefined ? [] : [code(row.flag)])].join(', ');
  const description = isKept(name) ? row.description : `${row.description} (not kept)`;
  return `| ${code(name)} | ${typeText(row)} | ${defaultText(row)} | ${ways} | ${description} |`;
}

const HEAD = ['| setting | type or range | default | variable, flag | means |', '| --- | --- | --- | --- | --- |'];

const INTRO = `<!-- Written by \`node scripts/write-docs.ts\` from runtime/node/config/settings-table.ts. -->

# The config of a node

\`pluvio node --config FILE\` reads settings from a JSON file. [node-config.schema.json](node-config.schema.json) describes it to editors
(\`"$schema"\` may name it); \`pluvio config validate FILE\` checks a file and tells every fault with field and line;
\`pluvio config show --config FILE\` prints what holds, and where each value comes from. examples/node/node.json is a file to begin with.

- A flag wins over a variable of the environment, that over the file, that over the default. \`--set NAME=VALUE\` is the flag of every setting.
- In the file a dot is a level: \`tls.cert\` is \`{"tls": {"cert": …}}\`. Unknown fields, wrong types and keys that stand twice are refused.
- In a variable or a flag a list is written with commas, and anything that is no text as JSON. An empty variable counts as not set.
- Paths in the file start at the folder of the file, others at the working directory.
- What is marked as not kept is known and checked, but no node keeps to it: one that is given it does not start (\`UNSUPPORTED\`).
- Public keys are Ed25519, 32 bytes as base64url. A pattern is a text that may end in \`*\`.
- Secrets are never in the file: it names files that hold them.`;

const SECTIONS = [
  {
    title: 'Settings',
    intro: '',
    fits: (name: string) => !/^(?:limits|workerLimits|workerMaximums|tenantLimits)\./.test(name),
  },
  {
    title: 'Limits of the node',
    intro: '`--limit NAME=NUMBER` sets one, without the prefix.',
    fits: (name: string) => name.startsWith('limits.'),
  },
  {
    title: 'Limits of a worker, where its manifest says nothing',
    intro: '[limits.md](limits.md) tells what happens when one is reached.',
    fits: (name: string) => name.startsWith('workerLimits.'),
  },
  {
    title: 'What the manifest of a worker may ask for at most',
    intro: 'A worker that asks for more is refused (`LIMIT_OUT_OF_RANGE`).',
    fits: (name: string) => name.startsWith('workerMaximums.'),
  },
  {
    title: 'Limits of a tenant, where `tenants` says nothing',
    intro:
      'They hold for all workers of the tenant on this node together; [limits.md](limits.md) tells what happens when one is reached.',
    fits: (name: string) => name.startsWith('tenantLimits.'),
  },
] as const;

export function configDocument(): string {
  const sections = SECTIONS.map(({ title, intro, fits }) =>
    [
      `## ${title}`,
      ...(intro === '' ? [] : [intro]),
      [...HEAD, ...SETTING_ROWS.filter(([name]) => fits(name)).map(rowText)].join('\n'),
    ].join('\n\n'),
  );
  return `${[INTRO, ...sections, SHAPES].join('\n\n')}\n`;
}

const SHAPES = `## Lists of objects

| setting | an item |
| --- | --- |
| \`access.tokens\` | \`{"file": PATH, "tenant"?: TENANT, "verbs"?: [VERB], "workers"?: [PATTERN]}\` |
| \`access.issuers\` | \`{"key": KEY, "tenants"?: [PATTERN], "verbs"?: [VERB]}\` |
| \`trust.publishers\` | \`{"key": KEY, "names"?: [PATTERN], "tenants"?: [PATTERN], "capabilities"?: [PATTERN]}\` |
| \`grants\` | \`{CAPABILITY: [SCOPE]}\` |
| \`tenants\` | \`{TENANT: {"limits"?: {LIMIT: NUMBER}, "grants"?: {CAPABILITY: [SCOPE]}}}\` |

What is left out is not narrowed. Verbs are listed in [security.md](security.md).`;
