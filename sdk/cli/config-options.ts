/** Options of a node's config: a row per setting that has a flag, and how they become the flags of `loadConfig`. */
import { type SettingName, SETTING_ROWS } from '../../runtime/node/config/settings-table.ts';
import type { OptionRow, OptionValues } from './command.ts';
import { isSet, listOf, textOf } from './option-values.ts';
import { UsageError } from './usage-error.ts';

const FLAGGED = SETTING_ROWS.flatMap(([name, { flag, schema, completes, description }]) => {
  if (flag === undefined) return [];
  const choices = schema.enum?.map(String);
  const row: OptionRow = {
    flags: flag,
    description,
    ...(schema.type === 'array' ? { repeatable: true } : {}),
    ...(choices === undefined ? { completes: completes ?? 'nothing' } : { choices }),
  };
  return [{ name, row }];
});

const optionName = ({ flags }: OptionRow): string =>
  (/--([a-z-]+)/.exec(flags)?.[1] ?? '').replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Of `node` and `config show`. */
export const CONFIG_OPTIONS: readonly OptionRow[] = [
  { flags: '--config <FILE>', description: 'settings in JSON; docs/config.md lists them', completes: 'file' },
  ...FLAGGED.map(({ row }) => row),
  {
    flags: '--limit <NAME=NUMBER>',
    description: 'a limit of the node; docs/config.md lists them',
    repeatable: true,
    completes: 'nothing',
  },
  { flags: '--set <NAME=VALUE>', description: 'any setting', repeatable: true, completes: 'nothing' },
  { flags: '-v, --verbose', description: 'write what the node does to standard error, as JSON lines' },
];

/**
 * Values by setting.
 * @throws UsageError
 */
export function configFlags(options: OptionValues): Record<string, unknown> {
  const flags: Record<string, unknown> = {};
  if (isSet(options, 'verbose')) flags['log.level' satisfies SettingName] = 'debug';
  for (const { name, row } of FLAGGED) {
    const value = row.repeatable === true ? listOf(options, optionName(row)) : textOf(options, optionName(row));
    if (value !== undefined && value.length > 0) flags[name] = value;
  }
  for (const text of listOf(options, 'limit')) {
    const match = /^([A-Za-z]+)=(\d+)$/.exec(text);
    if (match === null) throw new UsageError(`--limit is "${text}"; it must be NAME=NUMBER, for example workers=100`);
    flags[`limits.${match[1]}`] = match[2];
  }
  for (const text of listOf(options, 'set')) {
    const at = text.indexOf('=');
    if (at < 1) throw new UsageError(`--set is "${text}"; it must be NAME=VALUE, for example tls.pins=sha256/…`);
    flags[text.slice(0, at)] = text.slice(at + 1);
  }
  return flags;
}
