import type { CommandAction, CommandRow } from '../command.ts';
import { openClient } from '../node-client.ts';
import { countOf, formatOf, isSet } from '../option-values.ts';
import { REMOTE, WORKER } from '../options.ts';
import { printJson, printLine } from '../terminal.ts';

const action: CommandAction = async ({ args: [name = '', twin = ''], options }) => {
  const checkpoint = countOf(options, 'checkpoint');
  const { workers } = await openClient(options);
  const worker = await workers.fork(name, {
    name: twin,
    start: !isSet(options, 'stopped'),
    ...(checkpoint === undefined ? {} : { checkpoint }),
  });
  if (formatOf(options) === 'json') printJson(worker);
  else printLine(`${worker.name}  ${worker.status}`);
  return 0;
};

export const FORK: CommandRow = {
  name: 'fork',
  summary: 'make a second worker in the same state',
  arguments: [WORKER, { name: '<name>', description: 'name of the new worker', completes: 'nothing' }],
  options: [
    { flags: '--checkpoint <ID>', description: 'in the state that history lists as this one', completes: 'nothing' },
    { flags: '--stopped', description: 'leave the new worker stopped' },
    ...REMOTE,
  ],
  examples: [{ command: 'pluvio fork pi pi-two', does: 'let two workers go on from here' }],
  load: () => Promise.resolve(action),
};
