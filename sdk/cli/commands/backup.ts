import type { CommandAction, CommandRow } from '../command.ts';
import { openClient } from '../node-client.ts';
import { formatOf, isSet } from '../option-values.ts';
import { REMOTE } from '../options.ts';
import { note, printJson, printLine, sizeText } from '../terminal.ts';
import { unpackBackup } from '../unpack-backup.ts';

const action: CommandAction = async ({ args: [folder = ''], options }) => {
  const client = await openClient(options);
  const tar = await client.backup({ allowMissing: isSet(options, 'allowMissing') });
  const { files, sizeBytes } = await unpackBackup(tar, folder);
  if (formatOf(options) === 'json') printJson({ folder, files, sizeBytes });
  else printLine(folder);
  note(`${files} files, ${sizeText(sizeBytes)}; keys of the node are not among them`);
  return 0;
};

export const BACKUP: CommandRow = {
  name: 'backup',
  summary: 'take a backup of a node while it runs',
  details:
    'The node lays it out in its data directory, where it needs as much room as the backup has, and sends it. `pluvio restore` makes a data directory of it.',
  arguments: [{ name: '<dir>', description: 'a folder that does not exist or is empty', completes: 'directory' }],
  options: [
    { flags: '--allow-missing', description: 'take it though the node itself lacks blobs that it needs' },
    ...REMOTE,
  ],
  examples: [{ command: 'pluvio backup /backups/monday', does: 'of the node on this machine' }],
  load: () => Promise.resolve(action),
};
