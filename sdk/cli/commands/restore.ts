import { restoreNode } from '../../../runtime/node/store/index.ts';
import type { CommandAction, CommandRow } from '../command.ts';
import { formatOf, textOf } from '../option-values.ts';
import { OUTPUT } from '../options.ts';
import { printJson, printLine } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

const action: CommandAction = async ({ args: [folder = ''], options }) => {
  const dataDir = textOf(options, 'dataDir');
  if (dataDir === undefined) throw new UsageError('--data-dir is missing; it names the data directory to be made');
  await restoreNode(folder, dataDir);
  if (formatOf(options) === 'json') printJson({ folder, dataDir });
  else printLine(dataDir);
  return 0;
};

export const RESTORE: CommandRow = {
  name: 'restore',
  summary: 'make the data directory of a node from a backup',
  details:
    'Everything is checked before anything is written. Do not run the restored node beside the one that the backup is of: workers would run twice.',
  arguments: [{ name: '<dir>', description: 'folder of the backup', completes: 'directory' }],
  options: [
    {
      flags: '--data-dir <DIR>',
      description: 'data directory to make; it must not exist or be empty',
      completes: 'directory',
    },
    OUTPUT,
  ],
  examples: [
    {
      command: 'pluvio restore /backups/monday --data-dir /var/lib/pluvio',
      does: 'then `pluvio node --data /var/lib/pluvio`',
    },
  ],
  load: () => Promise.resolve(action),
};
