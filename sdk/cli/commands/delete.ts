import type { CommandAction, CommandRow } from '../command.ts';
import { openClient } from '../node-client.ts';
import { formatOf } from '../option-values.ts';
import { REMOTE } from '../options.ts';
import { printJson, printLine } from '../terminal.ts';

const action: CommandAction = async ({ args, options }) => {
  const { workers } = await openClient(options);
  for (const name of args) {
    await workers.delete(name);
    if (formatOf(options) === 'text') printLine(name);
  }
  if (formatOf(options) === 'json') printJson({ deleted: args });
  return 0;
};

export const DELETE: CommandRow = {
  name: 'delete',
  summary: 'end and forget workers',
  arguments: [{ name: '<workers...>', description: 'names of the workers', completes: 'worker' }],
  options: REMOTE,
  examples: [{ command: 'pluvio delete pi', does: 'end a worker and forget its state and output' }],
  load: () => Promise.resolve(action),
};
