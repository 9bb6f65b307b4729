import type { CommandRow } from '../command.ts';
import { REMOTE } from '../options.ts';

export const TOP: CommandRow = {
  name: 'top',
  summary: 'show what the workers of a node use, again and again',
  details:
    'Processor time, calls and mailboxes come from the metrics of the node, which tell them of so many workers each (setting metrics.workerSeries); of the others - is shown. With -o json there is one JSON document per look.',
  arguments: [],
  options: [
    { flags: '--once', description: 'look once (over one interval) and end' },
    { flags: '--interval <TIME>', description: 'time between two looks (default: 2s)', completes: 'nothing' },
    { flags: '--count <NUMBER>', description: 'end after so many looks', completes: 'nothing' },
    {
      flags: '--sort <COLUMN>',
      description: 'what stands first (default: cpu)',
      choices: ['cpu', 'fuel', 'memory', 'calls', 'mailbox', 'name'],
    },
    ...REMOTE,
  ],
  examples: [
    { command: 'pluvio top', does: 'until it is interrupted' },
    { command: 'pluvio top --once -o json', does: 'for programs' },
  ],
  load: async () => (await import('../top/top-action.ts')).topAction,
};
