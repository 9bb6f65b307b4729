import type { CommandAction, CommandRow } from '../command.ts';
import { openClient } from '../node-client.ts';
import { formatOf } from '../option-values.ts';
import { REMOTE, WORKER } from '../options.ts';
import { printJson, printLine } from '../terminal.ts';

const action: CommandAction = async ({ args: [name = ''], options }) => {
  const { workers } = await openClient(options);
  const updated = await workers.rollback(name);
  if (formatOf(options) === 'json') printJson(updated);
  else printLine(`${updated.worker.name}  ${updated.worker.status}  state ${updated.state}`);
  return 0;
};

export const ROLLBACK: CommandRow = {
  name: 'rollback',
  summary: 'give a worker the version that it had before',
  details: 'Where the versions have different modules, it goes on with the last state of that version.',
  arguments: [WORKER],
  options: REMOTE,
  examples: [{ command: 'pluvio rollback shop', does: 'undo the last update' }],
  load: () => Promise.resolve(action),
};
