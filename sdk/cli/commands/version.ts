import type { CommandAction, CommandRow } from '../command.ts';
import { NODE_VERSION } from '../../../runtime/node/version.ts';
import { formatOf } from '../option-values.ts';
import { OUTPUT } from '../options.ts';
import { printFields, printJson } from '../terminal.ts';

const action: CommandAction = ({ options }) => {
  const { node, v8 } = process.versions;
  const facts = { pluvio: NODE_VERSION, node, v8, platform: `${process.platform} ${process.arch}` };
  if (formatOf(options) === 'json') printJson(facts);
  else printFields(Object.entries(facts));
  return Promise.resolve(0);
};

export const VERSION: CommandRow = {
  name: 'version',
  summary: 'print the versions of pluvio and of its engine',
  arguments: [],
  options: [OUTPUT],
  examples: [{ command: 'pluvio version -o json', does: 'for programs' }],
  load: () => Promise.resolve(action),
};
