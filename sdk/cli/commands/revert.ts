import type { CommandAction, CommandRow } from '../command.ts';
import { openClient } from '../node-client.ts';
import { formatOf, isSet } from '../option-values.ts';
import { REMOTE, WORKER } from '../options.ts';
import { note, printJson, printLine } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

const action: CommandAction = async ({ args: [name = '', id = ''], options }) => {
  if (!/^[1-9]\d{0,14}$/.test(id))
    throw new UsageError(`the checkpoint is "${id}"; it must be a number that history lists`);
  const { workers } = await openClient(options);
  const reverted = await workers.revert(name, {
    checkpoint: Number(id),
    replay: isSet(options, 'replay'),
    start: !isSet(options, 'stopped'),
  });
  if (formatOf(options) === 'json') printJson(reverted);
  else {
    const { worker, inputs } = reverted;
    printLine(`${worker.name}  ${worker.status}`);
    note(`inputs: ${inputs.stopped} stopped, ${inputs.again} given again, ${inputs.waiting} waiting`);
  }
  return 0;
};

export const REVERT: CommandRow = {
  name: 'revert',
  summary: 'set a worker back to a state of its history',
  details:
    'Calls and messages that came after that state count as done, those in progress are stopped, those that wait are given to it. Timers and topics are those of the state. What the worker has sent stays sent.',
  arguments: [WORKER, { name: '<id>', description: 'number of the checkpoint', completes: 'nothing' }],
  options: [
    { flags: '--replay', description: 'give calls and messages that came after it again' },
    { flags: '--stopped', description: 'leave its call stopped' },
    ...REMOTE,
  ],
  examples: [{ command: 'pluvio revert pi 12', does: 'back to what `pluvio history pi` lists as 12' }],
  load: () => Promise.resolve(action),
};
