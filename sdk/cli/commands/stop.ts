import type { CommandAction, CommandRow } from '../command.ts';
import { openClient } from '../node-client.ts';
import { formatOf } from '../option-values.ts';
import { REMOTE, WORKER } from '../options.ts';
import { printJson, printLine } from '../terminal.ts';

const action: CommandAction = async ({ args: [name = ''], options }) => {
  const worker = await (await openClient(options)).workers.stop(name);
  if (formatOf(options) === 'json') printJson(worker);
  else printLine(`${worker.name}  ${worker.status}`);
  return 0;
};

export const STOP: CommandRow = {
  name: 'stop',
  summary: 'stop what a worker does, at its next safepoint',
  arguments: [WORKER],
  options: REMOTE,
  examples: [{ command: 'pluvio stop pi', does: 'stop a worker; `pluvio resume pi` goes on' }],
  load: () => Promise.resolve(action),
};
