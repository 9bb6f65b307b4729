import type { CommandAction, CommandRow } from '../command.ts';
import { openClient } from '../node-client.ts';
import { formatOf, isSet } from '../option-values.ts';
import { REMOTE, WORKER } from '../options.ts';
import { printJson, printLine } from '../terminal.ts';

const action: CommandAction = async ({ args: [name = ''], options }) => {
  const { workers } = await openClient(options);
  const checkpoint = await workers.checkpoint(name, { pin: isSet(options, 'pin') });
  if (formatOf(options) === 'json') printJson(checkpoint);
  else printLine(String(checkpoint.id));
  return 0;
};

export const CHECKPOINT: CommandRow = {
  name: 'checkpoint',
  summary: 'keep the state of a worker in its history; a running worker goes on',
  details:
    'Prints the number of the checkpoint when it is durable. `pluvio history` lists them, `pluvio revert` goes back to one.',
  arguments: [WORKER],
  options: [
    { flags: '--pin', description: 'keep it until it is unpinned, whatever the retention of the node' },
    ...REMOTE,
  ],
  examples: [{ command: 'pluvio checkpoint pi --pin', does: 'before something that may have to be undone' }],
  load: () => Promise.resolve(action),
};
