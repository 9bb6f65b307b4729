import { CONFIG_OPTIONS } from '../config-options.ts';
import type { CommandRow } from '../command.ts';
import { OUTPUT } from '../options.ts';

export const CONFIG: CommandRow = {
  name: 'config',
  summary: 'check the config of a node, or show what holds',
  details:
    'validate reads a file alone and tells every fault with its line. show takes what `pluvio node` takes and prints every setting, its value and where that comes from: flag, variable, file or default. docs/config.md lists the settings.',
  arguments: [
    { name: '<action>', description: 'validate or show', completes: 'nothing', choices: ['validate', 'show'] },
    { name: '[file]', description: 'the file; of show also with --config', completes: 'file' },
  ],
  options: [...CONFIG_OPTIONS, OUTPUT],
  examples: [
    { command: 'pluvio config validate node.json', does: 'whether a node would take this file' },
    { command: 'pluvio config show node.json --set engine.threads=2', does: 'what a node would go by' },
  ],
  load: async () => (await import('../config-action.ts')).configAction,
};
