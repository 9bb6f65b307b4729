import type { CommandAction, CommandRow } from '../command.ts';
import { openClient } from '../node-client.ts';
import { formatOf, isSet } from '../option-values.ts';
import { REMOTE } from '../options.ts';
import { printJson, printLine, printTable } from '../terminal.ts';
import { outcomeText, WORKER_COLUMNS } from '../worker-text.ts';

const action: CommandAction = async ({ options }) => {
  const workers = await (await openClient(options)).workers.list();
  if (formatOf(options) === 'json') printJson(workers);
  else if (isSet(options, 'quiet')) for (const { name } of workers) printLine(name);
  else {
    printTable(
      WORKER_COLUMNS.map(({ title }) => title),
      workers.map((worker) => WORKER_COLUMNS.map(({ cell }) => cell(worker, outcomeText(worker.outcome)))),
    );
  }
  return 0;
};

export const LIST: CommandRow = {
  name: 'list',
  summary: 'list the workers of a node',
  arguments: [],
  options: [{ flags: '-q, --quiet', description: 'print names only' }, ...REMOTE],
  examples: [
    { command: 'pluvio list', does: 'the workers of the node on this machine' },
    { command: 'pluvio list --node http://10.0.0.7:7071 -o json', does: 'those of another, as JSON' },
  ],
  load: () => Promise.resolve(action),
};
