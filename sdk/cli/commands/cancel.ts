import type { CommandAction, CommandRow } from '../command.ts';
import { openClient } from '../node-client.ts';
import { formatOf } from '../option-values.ts';
import { REMOTE, WORKER } from '../options.ts';
import { note, printJson, printLine } from '../terminal.ts';
import { outcomeText } from '../worker-text.ts';

const action: CommandAction = async ({ args: [name = '', input], options }) => {
  const { workers } = await openClient(options);
  const told = await workers.cancel(name, input);
  // A program that runs from its start ends at its next safepoint.
  const isEnding = told.kind === 'command' && input === undefined && (await workers.waitOutcome(name)) !== null;
  const worker = isEnding ? await workers.get(name) : told;
  if (formatOf(options) === 'json') printJson(worker);
  else {
    const outcome = outcomeText(worker.outcome);
    printLine(`${worker.name}  ${worker.status}${outcome === '' ? '' : `  ${outcome}`}`);
    if (worker.status === 'ended') note(`${worker.name} has ended for good: it ran from its start`);
  }
  return 0;
};

export const CANCEL: CommandRow = {
  name: 'cancel',
  summary: 'give up the call in progress, or one that waits',
  details:
    'The call ends as a trap, "cancelled"; what it did to memory stays. A call that waits does nothing. A program that runs from its start ends with it, for good: it is run again as a new worker.',
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
