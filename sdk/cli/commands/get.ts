import type { CommandAction, CommandRow } from '../command.ts';
import { openClient } from '../node-client.ts';
import { formatOf } from '../option-values.ts';
import { REMOTE, WORKER } from '../options.ts';
import { printFields, printJson } from '../terminal.ts';
import { workerFields } from '../worker-text.ts';

const action: CommandAction = async ({ args: [name = ''], options }) => {
  const worker = await (await openClient(options)).workers.get(name);
  if (formatOf(options) === 'json') printJson(worker);
  else printFields(workerFields(worker));
  return 0;
};

export const GET: CommandRow = {
  name: 'get',
  summary: 'describe a worker',
  arguments: [WORKER],
  options: REMOTE,
  examples: [{ command: 'pluvio get pi', does: 'state, fuel, memory and the last snapshot of a worker' }],
  load: () => Promise.resolve(action),
};
