import type { CommandAction, CommandRow } from '../command.ts';
import { openClient } from '../node-client.ts';
import { formatOf } from '../option-values.ts';
import { REMOTE, WORKER } from '../options.ts';
import { printJson, printLine } from '../terminal.ts';

const action: CommandAction = async ({ args: [name = '', input], options }) => {
  const worker = await (await openClient(options)).workers.cancel(name, input);
  if (formatOf(options) === 'json') printJson(worker);
  else printLine(`${worker.name}  ${worker.status}`);
  return 0;
};

export const CANCEL: CommandRow = {
  name: 'cancel',
  summary: 'give up the call in progress, or one that waits',
  details:
    'The call ends as a trap, "cancelled"; what it did to memory stays. A call that waits does nothing. A program that runs from its start has ended then.',
  arguments: [
    WORKER,
    {
      name: '[input]',
      description: 'what the node named the call by; without it the call in progress',
      completes: 'nothing',
    },
  ],
  options: REMOTE,
  examples: [{ command: 'pluvio cancel counter', does: 'give up what counter does; it takes the next call' }],
  load: () => Promise.resolve(action),
};
