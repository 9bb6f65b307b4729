import { loadConfig, type LoadedConfig, SETTING_ROWS } from '../../runtime/node/config/index.ts';
import { type CommandAction, EXIT } from './command.ts';
import { configFlags } from './config-options.ts';
import { formatOf, textOf } from './option-values.ts';
import { note, printJson, printTable } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** Every setting that may be shown, with its value. */
function shown({ values, origins }: LoadedConfig): { name: string; value: unknown; source: string; place: string }[] {
  return SETTING_ROWS.map(([name, { secret }]) => {
    const value: unknown = values[name];
    return { name, value: secret === true && value !== undefined ? '(set)' : (value ?? null), ...origins[name] };
  });
}

const textOfValue = (value: unknown): string =>
  value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);

export const configAction: CommandAction = async ({ args: [action, argument], options }) => {
  const file = argument ?? textOf(options, 'config');
  const isJson = formatOf(options) === 'json';
  if (action === 'validate') {
    if (file === undefined) throw new UsageError('validate needs a file');
    const { origins } = await loadConfig({ file });
    const settings = Object.values(origins).filter(({ source }) => source === 'file').length;
    if (isJson) printJson({ file, valid: true, settings });
    else note(`${file} is valid: ${settings} settings`);
    return EXIT.ok;
  }
  const config = await loadConfig({
    ...(file === undefined ? {} : { file }),
    env: process.env,
    flags: configFlags(options),
  });
  if (isJson) printJson(Object.fromEntries(shown(config).map(({ name, ...rest }) => [name, rest])));
  else {
    printTable(
      ['SETTING', 'VALUE', 'FROM'],
      shown(config).map(({ name, value, source, place }) => [
        name,
        textOfValue(value),
        place === '' ? source : `${source} ${place}`,
      ]),
    );
  }
  return EXIT.ok;
};
