import type { CommandAction, CommandRow } from '../command.ts';
import { untypedArgument } from '../local/call-arguments.ts';
import { exitCodeOf, outcomeJson, reportOutcome, valueText } from '../local/outcome.ts';
import { openClient } from '../node-client.ts';
import { formatOf } from '../option-values.ts';
import { REMOTE, WORKER } from '../options.ts';
import { printJson, printLine } from '../terminal.ts';

const action: CommandAction = async ({ args: [name = '', exportName = '', ...texts], options }) => {
  const values = texts.map(untypedArgument);
  const outcome = await (await openClient(options)).workers.call(name, exportName, values);
  if (formatOf(options) === 'json') printJson(outcomeJson(outcome));
  else if (outcome.kind === 'returned') for (const value of outcome.values) printLine(valueText(value));
  reportOutcome(outcome, `"${exportName}" of worker "${name}"`);
  return exitCodeOf(outcome);
};

export const CALL: CommandRow = {
  name: 'call',
  summary: 'call a function that a worker exports',
  details:
    'Arguments are numbers; an i64 is written as 5n. Results are printed one per line. Options go before the arguments.',
  arguments: [
    WORKER,
    { name: '<export>', description: 'name of the function', completes: 'nothing' },
    { name: '[args...]', description: 'its arguments', completes: 'nothing' },
  ],
  options: REMOTE,
  examples: [{ command: 'pluvio call counter add 5n', does: 'call add with an i64' }],
  passThrough: true,
  load: () => Promise.resolve(action),
};
