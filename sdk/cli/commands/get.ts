import type { CommandAction, CommandRow } from '../command.ts';
import { openClient } from '../node-client.ts';
import { formatOf, isSet } from '../option-values.ts';
import { REMOTE, WORKER } from '../options.ts';
import { printStack } from '../stack-text.ts';
import { printFields, printJson } from '../terminal.ts';
import { workerFields } from '../worker-text.ts';

const action: CommandAction = async ({ args: [name = ''], options }) => {
  const { workers } = await openClient(options);
  if (isSet(options, 'stack')) {
    const stack = await workers.stack(name);
    if (formatOf(options) === 'json') printJson(stack);
    else printStack(stack);
    return 0;
  }
  const worker = await workers.get(name);
  if (formatOf(options) === 'json') printJson(worker);
  else printFields(workerFields(worker));
  return 0;
};

export const GET: CommandRow = {
  name: 'get',
  summary: 'describe a worker',
  arguments: [WORKER],
  options: [{ flags: '--stack', description: 'tell where it is: the functions of its call in progress' }, ...REMOTE],
  examples: [
    { command: 'pluvio get pi', does: 'state, fuel, memory and the last snapshot of a worker' },
    { command: 'pluvio get pi --stack', does: 'where it is; it goes on' },
  ],
  load: () => Promise.resolve(action),
};
